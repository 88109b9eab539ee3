"""A plugin of pytest for `gpu.py`: sends what fails as soon as it fails, and survives a lost device.

After a fault of a kernel, every later call of the process fails. So the session ends, and `gpu.py` starts another one
without the tests that have begun. The file of the variable GPU_DONE has a line for each test that begins, and one with
its outcome.
"""
import os
import re
from collections import Counter

import gpu_device
import pytest

ALIKE = 3  # failures of one function with one message that get rows of their own
BREAKS = 2  # cases of a function that may break the device or end the process; the other cases are left out
OFTEN = 50  # tests from one row of the outcomes to the next
alike = {}


def pytest_configure(config):
    """Prepares the device, and reads what has run."""
    global records, begun, outcomes, reasons
    records = gpu_device.Records("tests")
    begun = {line for line in records.before if "\t" not in line}
    later = [line.split("\t") for line in records.before if "\t" in line]
    outcomes = {nodeid: outcome for nodeid, outcome, _ in later}  # "lost" comes after "failed"
    reasons = {nodeid: reason for nodeid, outcome, reason in later if outcome == "skipped"}
    gpu_device.prepare(os.environ["GPU_DEVICE"])


def pytest_sessionstart(session):
    """Finds the writer of the log, which is there only now."""
    global terminal
    terminal = session.config.get_terminal_writer()


def pytest_collection_modifyitems(items):
    """Leaves out what has begun, with the test that ran when the last session died, and what would break again."""
    broken = Counter(_function(nodeid) for nodeid in begun if outcomes.get(nodeid, "lost") == "lost")
    left = [item for item in items if item.nodeid not in begun]
    items[:] = [item for item in left if broken[_function(item.nodeid)] < BREAKS]
    for function, number in Counter(_function(item.nodeid) for item in left if item not in items).items():
        records(f"{number} cases of {function.rpartition('/')[2]}", False, update=True,
                message=f"are left out, as {BREAKS} others have broken the device or the process")


def pytest_runtest_logstart(nodeid):
    """Notes the test before it runs."""
    begun.add(nodeid)
    records.note(nodeid)


def pytest_collectreport(report):
    """Sends a file that cannot be imported."""
    if report.failed and report.nodeid not in begun:
        records.note(report.nodeid)
        _note(report.nodeid, "failed")
        _failed(report.nodeid, report, 0.0)


def pytest_runtest_logreport(report):
    """Notes the outcome and sends a failure; ends the session if the device is lost."""
    if report.when == "call" or not report.passed:
        skipped = report.skipped and isinstance(report.longrepr, tuple)  # no expected failure
        _note(report.nodeid, report.outcome, report.longrepr[2].removeprefix("Skipped: ") if skipped else "")
    if report.failed:
        _failed(report.nodeid.rpartition("/")[2], report, report.duration)
        if gpu_device.lost():
            _note(report.nodeid, "lost")
            pytest.exit("the device is lost", returncode=gpu_device.LOST)
    if report.when == "teardown" and len(outcomes) % OFTEN == 0:
        _send_outcomes()


def pytest_sessionfinish(session):
    """Sends the numbers of tests, by outcome. The tracebacks are in the log already."""
    session.config.option.tbstyle = "no"
    _send_outcomes()


def _note(nodeid, outcome, reason=""):
    reason = " ".join(reason.split())
    outcomes[nodeid] = outcome
    if outcome == "skipped":
        reasons[nodeid] = reason
    records.note(f"{nodeid}\t{outcome}\t{reason}")


def _send_outcomes():
    numbers = Counter(outcomes.values())
    shown = {"passed": numbers["passed"], "failed": numbers["failed"], "skipped": numbers["skipped"],
             "failed and broke the device": numbers["lost"], "ended their process": len(begun - outcomes.keys())}
    skipped = " / ".join(f"{n} times: {reason}" for reason, n in Counter(reasons.values()).most_common() if reason)
    records("outcomes so far", None, update=True, message=", ".join(f"{n} {name}" for name, n in shown.items() if n)
            + (f" (skipped {skipped})" if skipped else ""))


def _failed(what, report, seconds):
    """Writes the traceback to the log, and sends a row, or the number of the failures that are alike."""
    terminal.line(f"\n{what}\n{report.longreprtext}")
    terminal.flush()
    message = _message(report)
    same = alike.setdefault((_function(what), re.sub(r"\d+", "", message)[:60]), [])
    same.append(what)
    if len(same) <= ALIKE:
        records(what, False, seconds=seconds, message=message)
    else:
        records(f"more tests that fail like {same[0]}", False, update=True,
                message=f"{len(same) - ALIKE}; the last is {what}: {message}")


def _function(nodeid):
    """The name of a test without its case."""
    return nodeid.partition("[")[0]


def _message(report):
    """The message of the last error."""
    last = re.split("During handling of the above|direct cause of the following", report.longreprtext)[-1]
    lines = [line[2:].strip() for line in last.splitlines() if line.startswith("E ")]
    return " ".join(lines or last.split() or ["?"])[:400]
