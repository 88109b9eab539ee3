"""The processes of `gpu.py`: crashes, limits, signals, the tests marked gpu."""
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import gpu
import gpu_runner
import pytest
from gpu_rows import rows, script, wait_for


def test_rows_of_a_process_that_crashes_stay(runner, tmp_path):
    """It has begun no part, so it is not started again. A record of which half was written is no row."""
    runner.section("speed", script(tmp_path, """
        send("before", True, ms=1)
        print("in the log", flush=True)
        os.write(int(os.environ["GPU_RECORDS"]), b'{"section": "speed", "what": "ha')
        os.abort()
        """), 30)
    assert rows(runner, "what", "ok") == [("before", True), ("ended with status -6", False)]
    assert (runner.out / "logs" / "speed.txt").read_text().startswith("in the log")


PARTS = """
    import sys, types
    def fails():
        raise RuntimeError("not possible")
    def loses():
        sys.modules["cupy"].cuda.Device = None  # each later call fails
        raise RuntimeError("an illegal memory access")
    def answers():
        send("an answer", True)
    class Device:
        def synchronize(self): pass
    sys.modules["cupy"] = types.SimpleNamespace(cuda=types.SimpleNamespace(Device=Device))
    for what, part in send.left({"fails": fails, "crashes": os.abort, "loses": loses, "answers": answers}).items():
        with send.guard(what):
            part()
    """


def test_a_section_continues_in_a_new_process(runner, tmp_path):
    assert runner.section("speed", script(tmp_path, PARTS), 30) == 0
    assert rows(runner, "what", "ok", "note") == [
        ("fails", False, "RuntimeError: not possible"),
        ("ended with status -6 in crashes", False, "the rest follows in a new process"),
        ("loses", False, "RuntimeError: an illegal memory access"),
        ("the device is lost in loses", False, "the rest follows in a new process"),
        ("an answer", True, None)]


@pytest.mark.slow
def test_rows_of_a_process_that_hangs_stay(runner, tmp_path, mark):
    """It is stopped at its limit, and its children with it: they hold the pipe."""
    start = time.monotonic()
    runner.section("speed", script(tmp_path, """
        import subprocess, sys
        send("before", None)
        def waits():
            subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
        waits()
        """), 2)
    assert 2 <= time.monotonic() - start < 20
    assert "in waits" in (runner.out / "logs" / "speed.txt").read_text()
    assert [(re.sub("[0-9]", "#", what), ok) for what, ok in rows(runner, "what", "ok")] == [
        ("before", None), ("stopped after # s", False)]
    assert wait_for(lambda: not mark(), 10)


@pytest.mark.slow
def test_a_part_that_hangs_is_named_and_the_rest_runs(runner, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_runner, "PART", 1)
    hangs = PARTS.replace('"crashes": os.abort', '"hangs": lambda: __import__("time").sleep(60)')
    assert runner.section("speed", script(tmp_path, hangs), 30) == 0
    assert rows(runner, "what", "ok")[1] == ("stopped, as nothing happened in hangs", False)
    assert rows(runner, "what", "ok")[-1] == ("an answer", True)
    assert "in <lambda>" in (runner.out / "logs" / "speed.txt").read_text()


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=pytest.mark.slow)],
                         ids=["in its group", "in a session of its own"])
def test_a_section_ends_with_its_process(apart, runner, tmp_path, mark):
    """Not with a child that it has left behind, which holds the pipe."""
    start = time.monotonic()
    assert runner.section("speed", script(tmp_path, """
        import subprocess, sys
        send("first")
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False,
                         start_new_session={apart})
        os._exit(0)
        """.replace("{apart}", str(apart))), 50) == 0
    assert time.monotonic() - start < 20
    assert rows(runner, "what") == [("first",)]
    left = mark()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == apart


@pytest.mark.slow
def test_after_the_time_nothing_starts_for_long(runner, tmp_path):
    start = time.monotonic()
    runner.deadline = start + 1.5
    assert runner.section("speed", script(tmp_path, "import time; time.sleep(60)"), 30) == "late"
    runner.section("speed", script(tmp_path, "import time; time.sleep(60)"), 30)
    assert time.monotonic() - start < 20
    assert [(re.sub("[0-9]", "#", what), ok) for what, ok in rows(runner, "what", "ok")] == [
        ("stopped after # s", False), ("not started: no time left", False)]


def test_processes_end_with_the_script(tmp_path, mark):
    """Also where it is killed, and has no time to stop them."""
    section = script(tmp_path, """
        import time, gpu_device
        gpu_device.prepare("foreign")
        send("prepared")
        time.sleep(60)
        """)
    (tmp_path / "logs").mkdir()
    started = subprocess.Popen([sys.executable, "-c", textwrap.dedent(f"""
        from pathlib import Path
        from gpu_runner import Runner
        with Runner("foreign", Path({str(tmp_path)!r}), Path({str(tmp_path)!r}), 5) as runner:
            runner.section("speed", {section}, 60)
        """)], cwd=Path(gpu.__file__).parent, stderr=subprocess.DEVNULL)
    try:
        assert wait_for((tmp_path / "report.json").exists, 30)
        assert len(mark()) == 2
        started.kill()
        assert wait_for(lambda: not mark() - {started.pid}, 10)
    finally:
        started.wait()
        for pid in mark():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_slow_start_is_not_stuck(runner, tmp_path, monkeypatch):
    """Also where an earlier process has begun parts."""
    monkeypatch.setattr(gpu_runner, "PART", 1)
    slow = PARTS.replace("import sys, types", "import sys, time, types; time.sleep(2)")
    assert runner.section("speed", script(tmp_path, slow), 30) == 0
    assert rows(runner, "what", "ok")[-1] == ("an answer", True)


def test_a_hang_up_that_is_ignored_stays_so(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        (tmp_path / "logs").mkdir()
        with gpu_runner.Runner("foreign", tmp_path, tmp_path, 5) as runner:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not runner.stopped
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_stop_leaves_no_process(how, tmp_path, mark):
    """It stops the processes of the sections too, and keeps what was measured."""
    started = subprocess.Popen([sys.executable, gpu.__file__, "--device", "foreign", "--out", str(tmp_path)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for line in started.stderr:
            if b"== graph" in line:
                break
        time.sleep(3)  # the processes of the sections load
        assert len(mark()) > 3
        started.send_signal(how)
        started.communicate(timeout=30)
        assert wait_for(lambda: not mark(), 10)
    finally:
        for pid in mark():
            os.kill(pid, signal.SIGKILL)
    report = json.loads((tmp_path / "report.json").read_text())
    assert ("versions", "Python") in {(row["section"], row["what"]) for row in report["records"]}
    assert started.returncode == 1
    assert report["stopped"] == how.name
    assert f"It was stopped by {how.name}." in (tmp_path / "report.md").read_text()


# --- the tests marked gpu ---

PLANTED = """
    import os
    import pytest
    pytestmark = pytest.mark.gpu

    def test_that_passes(): pass
    @pytest.mark.parametrize("i", range(9))
    def test_that_fails(i): assert i == 10
    def test_that_fails_too(): assert 0 == 10
    @pytest.mark.parametrize("i", range(5))
    def test_that_loses_the_device(i):
        import cupy
        cupy.cuda.__dict__["_offered"]["Device"] = None  # each later call fails
        raise RuntimeError("cudaErrorIllegalAddress: an illegal memory access")
    def test_that_dies(): os.abort()
    def test_that_is_skipped(): pytest.importorskip("nothing_of_that_name")
    def test_the_last(): raise ValueError("seen")
    def test_that_is_faster(): raise ValueError("not chosen")
    def test_chosen_later_and_faster(): pass
    """


@pytest.mark.slow
def test_failures_are_rows_and_the_rest_runs(runner, tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_planted.py").write_text(textwrap.dedent(PLANTED))
    (tmp_path / "tests" / "test_other.py").write_text("import nothing_of_that_name")  # not marked, so not collected
    (tmp_path / "tests" / "test_broken.py").write_text(
        "import nothing_of_that_name\n@pytest.mark.gpu\ndef test(): pass")
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers = gpu: of a GPU\n")
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    gpu.tests(runner, "not faster", 60)
    gpu.tests(runner, "chosen_later", 60)
    lost = "RuntimeError: cudaErrorIllegalAddress: an illegal memory access"
    assert rows(runner, "what", "ok", "message") == [
        ("tests/test_broken.py", False, "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        *[(f"test_planted.py::test_that_fails[{i}]", False, f"assert {i} == 10") for i in range(3)],
        ("more tests that fail like test_planted.py::test_that_fails[0]", False,
         "6; the last is test_planted.py::test_that_fails[8]: assert 8 == 10"),
        ("test_planted.py::test_that_fails_too", False, "assert 0 == 10"),
        ("test_planted.py::test_that_loses_the_device[0]", False, lost),
        ("outcomes so far", None, "2 passed, 12 failed, 1 skipped, 2 failed and broke the device, 1 ended their "
                                  "process (skipped 1 times: could not import 'nothing_of_that_name': No module named "
                                  "'nothing_of_that_name')"),
        ("the device is lost in tests/test_planted.py::test_that_loses_the_device[0]", False, None),
        ("test_planted.py::test_that_loses_the_device[1]", False, lost),
        ("the device is lost in tests/test_planted.py::test_that_loses_the_device[1]", False, None),
        ("3 cases of test_planted.py::test_that_loses_the_device", False,
         "are left out, as 2 others have broken the device or the process"),
        ("ended with status -6 in tests/test_planted.py::test_that_dies", False, None),
        ("test_planted.py::test_the_last", False, "ValueError: seen"),
    ]
    log = (runner.out / "logs" / "tests.txt").read_text()
    assert log.count("in test_that_fails\n") == 9
    assert log.index("in test_that_fails") < log.index("in test_that_loses_the_device") < log.index("Fatal Python")


@pytest.mark.slow
def test_outcomes_are_sent_while_the_tests_run(runner, tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_planted.py").write_text(textwrap.dedent("""
        import time
        import pytest
        @pytest.mark.gpu
        @pytest.mark.parametrize("i", range(120))
        def test_one(i): time.sleep(60 if i == 119 else 0)
        """))
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers = gpu: of a GPU\n")
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    gpu.tests(runner, "test", 8)
    sent, stopped = rows(runner, "what", "message")
    assert sent == ("outcomes so far", "100 passed")
    assert re.fullmatch(r"stopped after \d+ s in tests/test_planted.py::test_one\[119\]", stopped[0])
