"""Tries tinygan on one GPU, in at most nine minutes and without any preparation. A script, not a test.

    python tests/benchmarks/gpu.py --out DIR
    python tests/benchmarks/gpu.py --out DIR --device foreign   # plays it without a GPU, in tiny sizes
    bash tests/benchmarks/gpu.sh --out DIR                      # fetches first what the machine may lack

DIR gets report.md, report.json and a log of each section while the script runs, so a stop at any moment leaves what was
measured; at the end samples.png too. The most important sections come first. Each runs in processes of its own with a
time limit, so that a crash or a lost device does not end the others. The checks run side by side; nothing else runs
during a measurement. Packages that are missing are named in the report, and what needs them is left out. Wheels in the
folder .wheels are installed for these processes alone, unless the package is there.
"""
import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from importlib import metadata
from pathlib import Path

from gpu_device import NO_DEVICE, missing
from gpu_runner import HERE, ROOT, Runner

RUN_NEEDS = "threadpoolctl", "filelock", "tqdm", "matplotlib", "PIL"
CHECK, SPEED, COMMAND = (str(HERE / name) for name in ("gpu_checks.py", "gpu_speed.py", "gpu_device.py"))


def tests(runner, chosen, limit):
    """`pytest -m gpu` with those tests that pytest's option -k chooses."""
    if lacking := missing("pytest", "hypothesis"):
        runner.report.add("tests", "all", update=True, note=f"needs {lacking}")
        return
    marked = [str(path) for path in sorted((ROOT / "tests").rglob("test_*.py"))
              if re.search(r"^(pytestmark = |@)pytest\.mark\.gpu", path.read_text(), re.MULTILINE)]
    runner.section("tests", [
        "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "gpu_plugin", "-q", "-m", "gpu",
        "--import-mode=importlib", "--continue-on-collection-errors", "--tb=short", "--durations=20",
        f"--rootdir={ROOT}", "-c", str(ROOT / "setup.cfg"), "-k", chosen, *marked],
        limit, fine=(0, 1, 5))  # 1: a test has failed, 5: there is none


def trained(runner, device, limit):
    """`tinygan train digits` in a folder of that name; returns the seconds, or None if it failed."""
    if missing(*RUN_NEEDS):
        return None
    small = ["--steps", "3", "--batch", "4"] if runner.device == "foreign" else []
    start = time.monotonic()
    status = runner.section("run", [COMMAND, runner.device, "train", "digits", *small, "--device", device,
                                    "--out", str(runner.room / device)], limit)
    return None if status else time.monotonic() - start


def run(runner, seconds_on_the_cpu, limit):
    """The default recipe on the GPU, and its metrics beside those of the run on the CPU."""
    if lacking := missing(*RUN_NEEDS):
        runner.report.add("run", "all", note=f"needs {lacking}")
        return
    seconds = {"cpu": seconds_on_the_cpu, "gpu": trained(runner, "gpu", limit)}
    if runner.stopped:
        return
    for device in ("gpu", "cpu"):
        found = metrics(runner, device, limit) if seconds[device] else {"note": "no run"}
        judged = device == runner.device == "gpu"
        goal = seconds[device] is not None and seconds[device] <= 30 if judged else None
        runner.report.add("run", device, goal, seconds=seconds[device], **found)
    if (runner.room / "gpu" / "samples.png").exists():
        shutil.copy(runner.room / "gpu" / "samples.png", runner.out)


def metrics(runner, device, limit):
    """The numbers of `tinygan evaluate`, or a note that there are none."""
    few, path = ["-n", "20"] if runner.device == "foreign" else [], runner.room / f"{device}.json"
    with path.open("wb") as output:
        status = runner.process("run", [COMMAND, runner.device, "evaluate", str(runner.room / device), "--json", *few],
                                limit, output)
    try:
        found = json.loads(path.read_text())
    except ValueError:
        return {"note": f"tinygan evaluate ended with status {status}: see logs/run.txt"}
    return {name: x for name, x in found.items() if isinstance(x, (int, float))}


def at_once(*functions):
    """Calls the functions in threads of their own, and returns when all have returned."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.1)  # `join` may not notice a signal


def signatures(runner):
    """The forms in which CuPy and nvmath-python were called, as the processes of the played device have kept them."""
    found = {}
    for path in runner.room.glob("*.calls"):
        for name, (signature, forms) in json.loads(path.read_text()).items():
            found.setdefault(name, (signature, set()))[1].update(map(tuple, forms))
    for name, (signature, forms) in sorted(found.items()):
        calls = sorted(", ".join(["_"] * count + [f"{keyword}=" for keyword in keywords]) for count, *keywords in forms)
        shown = "unknown" if signature is None else f"({signature})"
        runner.report.add("signatures", name, signature=shown, calls="; ".join(calls))


def install(wheels, site, log):
    """Installs the wheels of missing packages into a folder, for this process and those that it starts.

    If nvmath-python does not load with the versions that are there, the other wheels are installed too. Returns the
    names of the wheels that cannot be installed.
    """
    sys.path.insert(0, str(site))
    left, bad = sorted(wheels.glob("*.whl")), []
    for wheel in [wheel for wheel in left if not _there(wheel.name.partition("-")[0])]:
        left.remove(wheel)
        bad += _pip(wheel, site, log)
    loads = [sys.executable, "-c", "import nvmath.bindings.cublas"]
    if (site / "nvmath").exists() and subprocess.run(loads, env={**os.environ, "PYTHONPATH": str(site)},
                                                     stderr=subprocess.DEVNULL, check=False).returncode:
        for wheel in left:
            bad += _pip(wheel, site, log)
    return bad


def _there(package):
    try:
        return metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None


def _pip(wheel, site, log):
    """Unpacks a wheel into a folder of its own, then adds that to the others: pip joins no two packages `cuda.*`.

    Returns its name in a list if it cannot be installed.
    """
    with log.open("ab") as output, tempfile.TemporaryDirectory() as own:
        try:
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile",
                            "--no-cache-dir", "--target", own, wheel], stdout=output, stderr=output, timeout=60,
                           check=True)
            shutil.copytree(own, site, dirs_exist_ok=True)
        except (OSError, subprocess.SubprocessError) as error:
            output.write(f"{error}\n".encode())
            return [wheel.name]
        return []


def clear(folder):
    """Deletes the files of an earlier run."""
    for name in ("report.md", "report.json", "samples.png"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "logs", ignore_errors=True)
    (folder / "logs").mkdir()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder of the report")
    parser.add_argument("--device", choices=("gpu", "foreign"), default="gpu", help="foreign plays a GPU")
    parser.add_argument("--minutes", type=float, default=9, help="the time for everything (default: 9)")
    parser.add_argument("--wheels", type=Path, default=ROOT / ".wheels", help="the folder of wheels (default: .wheels)")
    options = parser.parse_args()
    device = options.device
    out = options.out.resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
        writes = os.open(out, os.O_RDONLY)
        try:
            fcntl.flock(writes, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            parser.error(f"--out {options.out}: another run writes there")
        except OSError:
            pass  # no locks on this file system
        clear(out)
    except OSError as error:
        parser.error(f"--out {options.out}: {error.strerror}")
    with (tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room,
          Runner(device, out, Path(room), options.minutes) as runner):
        for name in install(options.wheels, Path(room) / "site", out / "logs" / "pip.txt"):
            runner.report.add("versions", name, note="cannot be installed: see logs/pip.txt")
        if runner.section("versions", [CHECK, "versions", device], 60, fine=(0, NO_DEVICE)) == NO_DEVICE:
            parser.error(f"{(out / 'logs' / 'versions.txt').read_text().strip()}; "
                         "--device foreign plays this script without a GPU")
        everything(runner)
    for log in (out / "logs").iterdir():
        if not log.stat().st_size:
            log.unlink()
    os.close(writes)
    print(runner.report.page)
    return 0 if runner.report.passed and not runner.stopped else 1


def everything(runner):
    """All sections after the first. A fault of this script in one of them is a row, and the others follow."""
    def attempt(name, function, *arguments, ends=True):
        try:
            return function(*arguments)
        except Exception as error:
            traceback.print_exc()
            runner.report.add(name, f"{type(error).__name__}: {error}", False)
            return None
        finally:
            if ends and not runner.stopped:
                runner.report.end(name)

    def section(file, name, limit):
        attempt(name, runner.section, name, [file, name, runner.device], limit)
    on_gpu, seconds = runner.device == "gpu", {}
    runner.report.end("versions")
    at_once(lambda: attempt("tests", tests, runner, "not faster", 220, ends=not on_gpu),
            lambda: section(CHECK, "agreement", 180), lambda: section(CHECK, "recipes", 180),
            lambda: section(CHECK, "graph", 180),
            lambda: seconds.update(cpu=attempt("run", trained, runner, "cpu", 200, ends=False)))
    section(SPEED, "speed", 150)
    attempt("run", run, runner, seconds["cpu"], 90)
    section(SPEED, "profile", 60)
    if on_gpu:
        attempt("tests", tests, runner, "faster", 60)
    else:
        attempt("signatures", signatures, runner)


if __name__ == "__main__":
    sys.exit(main())
