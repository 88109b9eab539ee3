"""Runs pytest on the changed library for `mutants.py`, in processes that are forked off."""
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout, suppress

import pytest

PYTEST = ("-p", "no:cacheprovider", "-n", "0", "-q", "--no-header", "--tb=line")
MEMORY = 6 * 2**30  # bytes of address space


class Seen:
    """A plugin of pytest: notes the seconds of each test (None, if it did not pass) and the lines that it runs."""

    def __init__(self, out):
        self.out, self.seconds = out, {}

    def pytest_sessionstart(self):
        import coverage
        self.coverage = coverage.Coverage(str(self.out / "coverage"), source=["tinygan"], config_file=False)
        self.coverage.start()
        self.trace = sys.gettrace()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        sys.settrace(self.trace)  # a test of debugging may have taken it away
        self.coverage.switch_context(item.nodeid)
        result = yield
        self.coverage.switch_context("")
        return result

    def pytest_runtest_logreport(self, report):
        before = self.seconds.get(report.nodeid, 0)
        self.seconds[report.nodeid] = before + report.duration if report.passed and before is not None else None

    def pytest_sessionfinish(self):
        self.coverage.stop()
        self.coverage.save()
        (self.out / "times.json").write_text(json.dumps(self.seconds))


class Chosen:
    """A plugin of pytest: keeps the chosen tests, in their order, after those that the run under coverage lacks."""

    def __init__(self, known, tests):
        self.order = {**dict.fromkeys(known), **{test: i for i, test in enumerate(tests)}}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        kept = [item for item in items if self.order.get(item.nodeid, -1) is not None]
        items[:] = sorted(kept, key=lambda item: self.order.get(item.nodeid, -1))


def warm():
    """Imports what most tests import, and the plugins of pytest: the forked processes have it at once."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for library in ("numpy", "matplotlib.figure", "PIL.Image", "torch"):
        with suppress(ImportError):
            importlib.import_module(library)
    with tempfile.TemporaryDirectory() as empty, redirect_stdout(io.StringIO()):
        pytest.main(["--collect-only", "--rootdir", empty, empty])


def run(copy, log, plugin, options, limit, **variables):
    """The exit status of pytest in the copy, in a process that is forked off.

    It is None after `limit` seconds of the processor, or ten times as many of the clock.
    """
    child = os.fork()
    if not child:
        try:
            os.setsid()
            os.chdir(copy)
            import resource  # not on Windows
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            os.environ.update(variables, PYTHONPATH=str(copy))
            sys.path.insert(0, str(copy))
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(file, stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            status = pytest.main([*PYTEST, *options], [plugin])
            sys.stdout.flush()
            os._exit(status)
        finally:
            os._exit(70)
    end = time.monotonic() + 10 * limit
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                status = os.waitstatus_to_exitcode(status)
                return None if status == -signal.SIGXCPU else status
            time.sleep(0.02)
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # it, or what it started and left
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
