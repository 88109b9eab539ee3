"""Tries tinygan on one GPU, in at most nine minutes and without any preparation. A script, not a test.

    python tests/benchmarks/gpu.py --out DIR
    python tests/benchmarks/gpu.py --out DIR --device foreign   # plays it without a GPU, in tiny sizes
    bash tests/benchmarks/gpu.sh --out DIR                      # fetches first what the machine may lack

DIR gets report.md, report.json, tests.txt and log.txt while the script runs, so a stop at any moment leaves what was
measured; at the end samples.png too. The most important sections come first. Each runs in a process of its own with a
time limit, so that a crash or a lost device ends one section only. The checks run side by side; nothing else runs
during a measurement. Packages that are missing are named in the report, and what needs them is left out. Wheels in the
folder .wheels are installed for these processes alone.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from gpu_device import NO_DEVICE, missing

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECTIONS = {  # title, and what its table holds
    "versions": "Versions, and one operation each way",
    "tests": "The tests marked gpu, in one process",
    "agreement": "The same steps on the CPU and on the GPU: the largest difference of the weights, relative",
    "recipes": "Three steps of every recipe on both",
    "graph": "A step as a CUDA graph",
    "speed": "A step against PyTorch eager on this GPU, in turns: float32, TF32 off in both",
    "run": "The default run: tinygan train digits",
    "profile": "Launches of a step without a graph, and its longest kernels",
    "signatures": "Calls of CuPy in these steps, bound to its signatures",
}
FILES = "report.md", "report.json", "tests.txt", "log.txt", "samples.png"
# each process has a group of its own, to be stopped with its children; a session of its own would outlive this script
GROUP = {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
RUN_NEEDS = "threadpoolctl", "filelock", "tqdm", "matplotlib", "PIL"
CHECK, SPEED, COMMAND = ([str(HERE / name)] for name in ("gpu_checks.py", "gpu_speed.py", "gpu_device.py"))


class Report:
    """The records so far; `add` writes report.json and report.md anew."""

    def __init__(self, folder, device):
        self.folder, self.device, self.lock = folder, device, threading.Lock()
        self.start, self.date, self.records = time.monotonic(), datetime.now(timezone.utc), []

    def add(self, section, what, ok=None, **columns):
        """Adds a row to the table of a section. ok: True or False for a check, None for a figure."""
        with self.lock:
            self.records.append({"section": section, "what": what, **columns, "ok": ok})
            head = {"device": self.device, "date": self.date.isoformat(timespec="seconds"),
                    "seconds": round(time.monotonic() - self.start)}
            self._write("report.json", json.dumps({**head, "records": self.records}, indent=1))
            self._write("report.md", self.markdown(head))

    def _write(self, name, text):
        (self.folder / f"{name}.new").write_text(text + "\n")
        (self.folder / f"{name}.new").replace(self.folder / name)

    def markdown(self, head):
        """The report as one page: what failed, then a table for each section."""
        checks = [r for r in self.records if r["ok"] is not None]
        failed = [r for r in checks if not r["ok"]]
        played = " It was played on the array that stands for CuPy in the tests: no figure is of a GPU." \
            if self.device == "foreign" else ""
        passed = f"{len(checks) - len(failed)} of {len(checks)} checks passed."
        lines = ["# tinygan on a GPU", "", f"{head['date']}, {head['seconds']} s. {passed}{played}", ""]
        lines += [f"- failed: {r['section']}: {r['what']}" for r in failed]
        for section, title in SECTIONS.items():
            rows = [r for r in self.records if r["section"] == section]
            if rows:
                columns = list(dict.fromkeys(name for r in rows for name in r if name not in ("section", "ok")))
                columns += ["ok"] * any(r["ok"] is not None for r in rows)
                lines += ["", f"## {title}", "", _line(columns), "|" + "---|" * len(columns)]
                lines += [_line([_cell(r.get(name)) for name in columns]) for r in rows]
        return "\n".join(lines)


def _line(cells):
    return f"| {' | '.join(cells)} |"


def _cell(value):
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    text = "" if value is None else f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value}"
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _kill(pid):
    """Stops a process and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Runner:
    """Starts the processes of the sections, and passes their records to the report."""

    def __init__(self, options, room):
        self.device, self.out, self.room = options.device, options.out, room
        self.report = Report(options.out, options.device)
        self.deadline = time.monotonic() + 60 * options.minutes
        folders = [str(folder) for folder in (room / "site", ROOT, HERE, ROOT / "tests" / "support")]
        folders += filter(None, [os.environ.get("PYTHONPATH")])
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "CUPY_TF32": "0",
                            "NVIDIA_TF32_OVERRIDE": "0", "OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4",
                            "GPU_DEVICE": self.device, "GPU_DONE": str(room / "done"), "PYTHONUNBUFFERED": "1"}
        self.log = (options.out / "log.txt").open("wb")
        self.lock, self.pids, self.stopped = threading.RLock(), set(), False

    def __enter__(self):
        """Until the end of the block, Ctrl-C and SIGTERM stop the processes."""
        self.handlers = {number: signal.signal(number, self.stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.log.close()

    def stop(self, *signal_and_frame):
        """Stops all processes, and lets none start: what is left to do ends at once."""
        with self.lock:
            self.stopped = True
            for pid in self.pids:
                _kill(pid)

    def process(self, section, arguments, limit, output=None):
        """Runs Python with these arguments; returns its exit status, "late" where it was stopped at its limit."""
        end = min(time.monotonic() + limit, self.deadline)
        with self.lock:
            if self.stopped:
                return "late"
            print(f"== {section}: {' '.join(arguments)}", file=sys.stderr, flush=True)
            reader, writer = os.pipe()
            running = subprocess.Popen(
                [sys.executable, *arguments], env={**self.environment, "GPU_RECORDS": str(writer)}, cwd=self.room,
                pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=output or self.log, stderr=subprocess.STDOUT,
                **GROUP)
            os.close(writer)
            self.pids.add(running.pid)
        late = threading.Timer(max(0.1, end - time.monotonic()), _kill, (running.pid,))
        late.start()
        with os.fdopen(reader) as records:
            for line in records:
                if line.endswith("\n"):  # not the rest of a process that was stopped while it wrote
                    self.report.add(**json.loads(line))
        status = running.wait()
        late.cancel()
        with self.lock:
            self.pids.discard(running.pid)
        return "late" if status == -signal.SIGKILL and time.monotonic() >= end else status

    def section(self, name, arguments, limit):
        """Runs the process of a section; its end is a row only if it is not as it should be. Returns the status."""
        status = self.process(name, [*arguments, name, self.device], limit)
        self._ended(name, status, limit)
        return status

    def _ended(self, name, status, limit):
        if self.stopped:
            self.report.add(name, "stopped by a signal", False)
        elif status == "late":
            self.report.add(name, f"stopped after {limit} s or at the end of the time", False)
        elif status:
            self.report.add(name, f"ended with status {status}: see log.txt", False)

    def tests(self, limit):
        """Runs pytest; after a lost device or a crash once more, without the tests that have run."""
        if lacking := missing("pytest", "hypothesis"):
            self.report.add("tests", "all", message=f"needs {lacking}")
            return
        marked = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").rglob("test_*.py"))
                  if re.search(r"^(pytestmark = |@)pytest\.mark\.gpu", path.read_text(), re.MULTILINE)]
        end = time.monotonic() + limit
        chosen = ["-k", "not faster"] if self.device == "foreign" else []
        with (self.out / "tests.txt").open("wb") as output:
            for _ in range(5):
                status = self.process("tests", [
                    "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "gpu_plugin", "-q", "-m", "gpu",
                    "--import-mode=importlib", "--continue-on-collection-errors", "--tb=short",
                    "--durations=20", f"--rootdir={ROOT}",
                    "-c", str(ROOT / "setup.cfg"), *chosen, *[str(ROOT / path) for path in marked]],
                    end - time.monotonic(), output)
                if self.stopped or status in (0, 1, 5, "late"):
                    break
                self.report.add("tests", f"the process ended with status {status}; the other tests follow", False)
        self._ended("tests", "late" if status == "late" else 0, limit)

    def trained(self, device, limit):
        """`tinygan train digits` in a folder of that name; returns the seconds, or None if it failed."""
        if missing(*RUN_NEEDS):
            return None
        small = ["--steps", "3", "--batch", "4"] if self.device == "foreign" else []
        start = time.monotonic()
        status = self.process("run", [*COMMAND, self.device, "train", "digits", *small, "--device", device,
                                      "--out", str(self.room / device)], limit)
        self._ended("run", status, limit)
        return None if status else time.monotonic() - start

    def run(self, seconds_on_the_cpu, limit):
        """The default recipe on the GPU, and its metrics beside those of the run on the CPU."""
        if lacking := missing(*RUN_NEEDS):
            self.report.add("run", "all", note=f"needs {lacking}")
            return
        seconds = {"cpu": seconds_on_the_cpu, "gpu": self.trained("gpu", limit)}
        for device in ("gpu", "cpu"):
            metrics = self._metrics(device, limit) if seconds[device] else {"note": "no run"}
            judged = device == self.device == "gpu"
            goal = seconds[device] is not None and seconds[device] <= 30 if judged else None
            self.report.add("run", device, goal, seconds=seconds[device], **metrics)
        if (self.room / "gpu" / "samples.png").exists():
            shutil.copy(self.room / "gpu" / "samples.png", self.out)

    def _metrics(self, device, limit):
        few = ["-n", "20"] if self.device == "foreign" else []
        with (self.room / f"{device}.json").open("wb") as output:
            status = self.process("run", [*COMMAND, self.device, "evaluate", str(self.room / device), "--json", *few],
                                  limit, output)
        text = (self.room / f"{device}.json").read_text()
        if status:
            return {"note": text[-300:]}
        return {name: value for name, value in json.loads(text).items() if isinstance(value, (int, float))}


def install(wheels, site):
    """Installs the wheels of a folder into another one, for this process and those that it starts."""
    sys.path.insert(0, str(site))
    for wheel in sorted(wheels.glob("*.whl")):  # one by one: another Python cannot take all of them
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile",
                        "--no-cache-dir", "--upgrade", "--target", site, wheel], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder of the report")
    parser.add_argument("--device", choices=("gpu", "foreign"), default="gpu", help="foreign plays a GPU")
    parser.add_argument("--minutes", type=float, default=9, help="the time for everything (default: 9)")
    parser.add_argument("--wheels", type=Path, default=ROOT / ".wheels", help="the folder of wheels (default: .wheels)")
    options = parser.parse_args()
    options.out = options.out.resolve()
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (options.out / name).unlink(missing_ok=True)
    except OSError as error:
        parser.error(f"--out {options.out}: {error.strerror}")
    with tempfile.TemporaryDirectory() as room, Runner(options, Path(room)) as runner:
        seconds = []
        install(options.wheels, Path(room) / "site")
        if runner.section("versions", CHECK, 60) == NO_DEVICE:
            parser.error("CuPy is not installed, or finds no GPU; --device foreign plays this script without one")
        checks = [threading.Thread(target=runner.tests, args=(220,)),
                  threading.Thread(target=runner.section, args=("agreement", CHECK, 180)),
                  threading.Thread(target=runner.section, args=("recipes", CHECK, 180)),
                  threading.Thread(target=runner.section, args=("graph", CHECK, 180)),
                  threading.Thread(target=lambda: seconds.append(runner.trained("cpu", 200)))]
        for thread in checks:
            thread.start()
        while any(thread.is_alive() for thread in checks):
            time.sleep(0.1)  # `join` may not notice a signal
        runner.section("speed", SPEED, 150)
        runner.run(seconds[0] if seconds else None, 90)
        runner.section("profile", SPEED, 60)
        if options.device == "foreign":
            runner.section("signatures", CHECK, 120)
    print((options.out / "report.md").read_text())
    return 0 if all(r["ok"] is not False for r in runner.report.records) else 1


if __name__ == "__main__":
    sys.exit(main())
