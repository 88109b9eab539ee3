"""A plugin of pytest for `gpu.py`: sends each test that fails as soon as it fails, and survives a lost device.

A fault of a kernel makes every later call of the process fail. So after such a fault the session ends, and `gpu.py`
starts another one. Tests whose names are in the file of the variable GPU_DONE have run and are left out.
"""
import os
import re
from collections import Counter
from pathlib import Path

import gpu_device
import pytest

LOST = ("IllegalAddress", "illegal memory access", "LaunchFailure", "unspecified launch failure", "MisalignedAddress",
        "misaligned address", "HardwareStackError", "device-side assert", "LaunchTimeout")
outcomes, reasons = Counter(), set()


def pytest_configure(config):
    """Prepares the device."""
    global records, done_file
    records, done_file = gpu_device.Records("tests"), Path(os.environ["GPU_DONE"])
    gpu_device.prepare(os.environ["GPU_DEVICE"])


def pytest_collection_modifyitems(items):
    """Leaves out what has run; the test that ran when the last session died is one of these."""
    done = set(done_file.read_text().splitlines()) if done_file.exists() else set()
    items[:] = [item for item in items if item.nodeid not in done]


def pytest_runtest_logstart(nodeid):
    """Notes the test before it runs."""
    with done_file.open("a") as file:
        print(nodeid, file=file)


def pytest_collectreport(report):
    """Sends a file that cannot be imported."""
    if report.failed:
        records(report.nodeid, False, seconds=0.0, message=_message(report))


def pytest_runtest_logreport(report):
    """Sends a failure with its message; ends the session if the device is lost."""
    if report.when == "call" or not report.passed:
        outcomes[report.outcome] += 1
    if report.skipped and isinstance(report.longrepr, tuple):  # no expected failure
        reasons.add(report.longrepr[2].removeprefix("Skipped: "))
    if report.failed:
        records(report.nodeid.rpartition("/")[2], False, seconds=report.duration, message=_message(report))
        if any(word in report.longreprtext for word in LOST):
            pytest.exit("the device is lost", returncode=99)


def pytest_sessionfinish():
    """Sends the numbers of tests, by outcome."""
    records("in one process", None, message=", ".join(f"{n} {name}" for name, n in outcomes.items())
            + (f" ({'; '.join(sorted(reasons))})" if reasons else ""))


def _message(report):
    """The message of the last error."""
    last = re.split("During handling of the above|direct cause of the following", report.longreprtext)[-1]
    lines = [line[2:].strip() for line in last.splitlines() if line.startswith("E ")]
    return " ".join(lines or last.split() or ["?"])[:400]
