"""Runs the sections of `gpu.py`, each in processes of its own, and passes their records to the report."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from gpu_device import LOST
from gpu_report import Report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# each process has a group of its own, to be stopped with its children; a session of its own would outlive this script
GROUP = {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
PART = 75  # seconds that one part of a section may take
WORDS = {LOST: "the device is lost", "stuck": "stopped, as nothing happened", "unstarted": "not started: no time left"}
STOPPED_BY = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


class Runner:
    """Starts processes with a time limit; after a crash or a lost device, a section continues in another process.

    Until the end of the `with` block, Ctrl-C, SIGTERM and SIGHUP stop all processes, and what is left to do ends at
    once. If this process is killed, its processes end too (see `gpu_device`).
    """

    def __init__(self, device, out, room, minutes):
        self.device, self.out, self.room = device, out, room
        self.report, self.deadline = Report(out, device), time.monotonic() + 60 * minutes
        folders = [str(folder) for folder in (room / "site", ROOT, HERE, ROOT / "tests" / "support")]
        folders += filter(None, [os.environ.get("PYTHONPATH")])
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "CUPY_TF32": "0",
                            "NVIDIA_TF32_OVERRIDE": "0", "OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4",
                            "GPU_DEVICE": device, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
        self.lock, self.pids, self.stopped = threading.RLock(), set(), ""

    def __enter__(self):
        self.alive = os.pipe()  # nobody writes to it: it ends with this process
        self.handlers = {number: signal.signal(number, self.stop) for number in STOPPED_BY
                         if signal.getsignal(number) != signal.SIG_IGN}  # as by `nohup`
        return self

    def __exit__(self, *error):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        for end in self.alive:
            os.close(end)
        self.report.end(stopped=self.stopped)

    def stop(self, number, frame=None):
        """Stops all processes, and lets none start."""
        with self.lock:
            self.stopped = signal.Signals(number).name
            for pid in self.pids:
                _kill(pid)

    def process(self, section, arguments, limit, output=None):
        """Runs Python with these arguments; returns its exit status, or why it has none.

        It is "stopped" by a signal, "late" at its limit, "stuck" if no new part of it begins for long, or "unstarted",
        as no time is left.
        """
        end = min(time.monotonic() + limit, self.deadline)
        if end < time.monotonic() + 1:
            return "unstarted"
        with self.lock, contextlib.ExitStack() as opened:
            if self.stopped:
                return "stopped"
            log = opened.enter_context((self.out / "logs" / f"{section}.txt").open("ab"))
            print(f"== {section}: {' '.join(arguments)}", file=sys.stderr, flush=True)
            reader, writer = os.pipe()
            running = subprocess.Popen(
                [sys.executable, *arguments], cwd=self.room, pass_fds=[writer, self.alive[0]], stdin=subprocess.DEVNULL,
                env={**self.environment, "GPU_RECORDS": str(writer), "GPU_ALIVE": str(self.alive[0]),
                     "GPU_DONE": str(self.room / f"{section}.done")},
                stdout=output or log, stderr=log, **GROUP)
            os.close(writer)
            self.pids.add(running.pid)
            if self.stopped:  # by a signal that came in between
                _kill(running.pid)
        reading = threading.Thread(target=self._read, args=(reader,), daemon=True)
        reading.start()
        how = self._watch(running, self.room / f"{section}.done", end)
        reading.join(5)  # a process that has left the group may hold the pipe
        return "stopped" if self.stopped else how

    def _read(self, reader):
        with os.fdopen(reader) as records:
            for line in records:
                if line.endswith("\n"):  # not the rest of a process that was stopped while it wrote
                    self.report.add(**json.loads(line))

    def _watch(self, running, done, end):
        """Waits for the end of a process, and stops it if it is late or stuck; returns its status or that word.

        The processes that it has started end with it.
        """
        how, first, since = None, _size(done), time.monotonic()
        size = first
        while how is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                how = running.wait(0.2)
                break
            now = time.monotonic()
            if size != _size(done):
                size, since = _size(done), now
            if now >= end or (size != first and now >= since + PART):
                how = "late" if now >= end else "stuck"
                running.send_signal(signal.SIGABRT)  # writes to the log where it stands
                time.sleep(1)
        _kill(running.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(10)
        with self.lock:
            self.pids.discard(running.pid)
        return how

    def section(self, name, arguments, limit, fine=(0,)):
        """Runs a section, in a new process after a crash; a bad end is a row. Returns the last status.

        The processes note the parts that they begin in a file, and the next one leaves these out. fine: the good
        statuses.
        """
        start, done = time.monotonic(), self.room / f"{name}.done"
        while True:
            before = _size(done)
            status = self.process(name, arguments, start + limit - time.monotonic())
            if status in (*fine, "stopped"):
                return status
            how = f"stopped after {time.monotonic() - start:.0f} s" if status == "late" else WORDS.get(
                status, f"ended with status {status}")
            new = _size(done) != before
            part = next((f" in {line}" for line in reversed(_lines(done)) if new and "\t" not in line), "")
            last = next((line for line in reversed(_lines(self.out / "logs" / f"{name}.txt"))
                         if line.strip() and not line.startswith("Extension modules: ")), "")
            again = new and status not in ("late", "unstarted")
            note = "the rest follows in a new process" if again else f"{last[:200]} (logs/{name}.txt)"
            self.report.add(name, how + part, False, note=note)
            if not again:
                return status


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _lines(path):
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _kill(pid):
    """Stops a process and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
