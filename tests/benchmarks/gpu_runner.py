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
                            "GPU_DEVICE": device, "PYTHONUNBUFFERED": "1"}
        self.lock, self.pids, self.stopped = threading.RLock(), set(), ""

    def __enter__(self):
        self.alive = os.pipe()  # nobody writes to it: it ends with this process
        self.handlers = {number: signal.signal(number, self.stop) for number in STOPPED_BY}
        return self

    def __exit__(self, *error):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        for end in self.alive:
            os.close(end)
        self.report.end(self.stopped)

    def stop(self, number, frame=None):
        """Stops all processes, and lets none start."""
        with self.lock:
            self.stopped = signal.Signals(number).name
            for pid in self.pids:
                _kill(pid)

    def process(self, section, arguments, limit, output=None):
        """Runs Python with these arguments; returns its exit status, "late" where it was stopped at its limit."""
        end = min(time.monotonic() + limit, self.deadline)
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
        ending = threading.Thread(target=self._end, args=(running, end), daemon=True)
        ending.start()
        with os.fdopen(reader) as records:
            for line in records:
                if line.endswith("\n"):  # not the rest of a process that was stopped while it wrote
                    self.report.add(**json.loads(line))
        ending.join()
        status = running.returncode
        killed = status == -signal.SIGKILL
        return "stopped" if self.stopped else "late" if killed and time.monotonic() >= end else status

    def _end(self, running, end):
        """Waits for the end of a process, at most until `end`; the processes that it has started end with it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(max(0.1, end - time.monotonic()))
        _kill(running.pid)
        running.wait()
        with self.lock:
            self.pids.discard(running.pid)

    def section(self, name, arguments, limit, fine=(0,)):
        """Runs a section, in a new process after a crash; a bad end is a row. Returns the last status.

        The processes note what they begin in a file, and the next one leaves that out. fine: the good statuses.
        """
        end, done = time.monotonic() + limit, self.room / f"{name}.done"
        while True:
            before = _size(done)
            status = self.process(name, arguments, end - time.monotonic())
            if status in (*fine, "late", "stopped") or _size(done) == before:
                break
            self.report.add(name, f"{ended(status)}; the rest follows in a new process", False)
        if status not in (*fine, "stopped"):
            self.report.add(name, ended(status, name, limit), False)
        return status


def ended(status, name="", limit=0):
    """How a process has ended, in words."""
    if status == "late":
        return f"stopped after {limit} s or at the end of the time"
    how = "the device is lost" if status == LOST else f"ended with status {status}"
    return f"{how}: see logs/{name}.txt" if name else how


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _kill(pid):
    """Stops a process and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
