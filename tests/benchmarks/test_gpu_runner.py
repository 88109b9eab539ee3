"""The report of `gpu.py`, and its processes: crashes, limits, signals, the tests marked gpu."""
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
import zipfile
from pathlib import Path

import gpu
import pytest
from gpu_runner import Runner


@pytest.fixture
def runner(tmp_path):
    """A runner on the played device, with folders of its own."""
    (tmp_path / "out" / "logs").mkdir(parents=True)
    (tmp_path / "room").mkdir()
    with Runner("foreign", tmp_path / "out", tmp_path / "room", 5) as made:
        yield made


def rows(runner, *names):
    """The rows of the report so far, as it stands in the file."""
    found = json.loads((runner.out / "report.json").read_text())["records"]
    return [tuple(row.get(name) for name in names) for row in found]


def script(tmp_path, text):
    path = tmp_path / "section.py"
    path.write_text("import os\nfrom gpu_device import Records\nsend = Records('speed')\n" + textwrap.dedent(text))
    return [str(path)]


@pytest.fixture
def mark(monkeypatch):
    """A word in the environment of all processes that a test starts; the function returns their numbers."""
    word = uuid.uuid4().hex
    monkeypatch.setenv("GPU_TEST_MARK", word)
    if not Path("/proc/self/environ").exists():
        pytest.skip("no /proc")

    def found():
        pids = set()
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if word.encode() in path.read_bytes():
                    pids.add(int(path.parent.name))
            except OSError:  # it has ended, or is another user's
                continue
        return pids - {os.getpid()}
    return found


def wait_for(condition, seconds):
    """Whether the condition holds within so many seconds."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return held


# --- the report ---

def test_the_report_is_written_row_by_row(runner):
    for k, ok in enumerate((True, False, None)):
        runner.report.add("speed", f"row {k}", ok, ms=k + 10.12345, note="a|b\nc")
        assert len(rows(runner, "what")) == k + 1
        page = (runner.out / "report.md").read_text()
        shown = "**no**" if ok is False else "yes" if ok else ""
        assert f"| row {k} | 1{k}.1 | a\\|b c | {shown} |" in page
    assert "1 of 2 checks passed. It was played" in page
    assert "- failed: speed: row 1" in page
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {5}


def test_a_row_takes_the_place_of_the_one_of_its_name(runner):
    runner.report.add("tests", "so far", update=True, message="one")
    runner.report.add("run", "so far", message="of another section")
    runner.report.add("tests", "so far", update=True, message="two")
    assert rows(runner, "section", "message") == [("tests", "two"), ("run", "of another section")]


def test_numbers_of_the_report(runner):
    runner.report.add("speed", "x", a=1234.5, b=0.00012345, c=float("nan"), d=float("-inf"), e=12345678)
    assert "| x | 1234 | 0.000123 | nan | -inf | 12345678 |" in (runner.out / "report.md").read_text()
    assert rows(runner, "c", "d") == [("nan", "-inf")]


# --- the processes ---

def test_rows_of_a_process_that_crashes_stay(runner, tmp_path):
    """It has begun no part, so it is not started again. A record of which half was written is no row."""
    runner.section("speed", script(tmp_path, """
        send("before", True, ms=1)
        print("in the log", flush=True)
        os.write(int(os.environ["GPU_RECORDS"]), b'{"section": "speed", "what": "ha')
        os.abort()
        """), 30)
    assert rows(runner, "what", "ok") == [("before", True), ("ended with status -6: see logs/speed.txt", False)]
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


def test_a_section_goes_on_in_a_new_process(runner, tmp_path):
    assert runner.section("speed", script(tmp_path, PARTS), 30) == 0
    assert rows(runner, "what", "ok", "note") == [
        ("fails", False, "RuntimeError: not possible"),
        ("ended with status -6; the rest follows in a new process", False, None),
        ("loses", False, "RuntimeError: an illegal memory access"),
        ("the device is lost; the rest follows in a new process", False, None),
        ("an answer", True, None)]


def test_rows_of_a_process_that_hangs_stay(runner, tmp_path, mark):
    """It is stopped at its limit, and its children with it: they hold the pipe."""
    start = time.monotonic()
    runner.section("speed", script(tmp_path, """
        import subprocess, sys
        send("before", None)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
        """), 2)
    assert 2 <= time.monotonic() - start < 20
    assert rows(runner, "what", "ok") == [("before", None), ("stopped after 2 s or at the end of the time", False)]
    assert wait_for(lambda: not mark(), 10)


def test_after_the_time_nothing_starts_for_long(runner, tmp_path):
    runner.deadline = start = time.monotonic()
    runner.section("speed", script(tmp_path, "import time; time.sleep(60)"), 30)
    assert time.monotonic() - start < 20
    assert rows(runner, "what", "ok") == [("stopped after 30 s or at the end of the time", False)]


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


# --- the folder, and what is missing ---

def test_files_of_an_earlier_run_are_deleted(tmp_path):
    (tmp_path / "logs").mkdir()
    for name in ("report.md", "report.json", "samples.png", "logs/speed.txt", "own.txt"):
        (tmp_path / name).write_text("old")
    gpu.prepared(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["logs", "own.txt"]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "file")])
    with pytest.raises(SystemExit):
        gpu.main()
    assert capsys.readouterr().err.endswith(f"--out {tmp_path / 'file'}: File exists\n")


def test_wheels_of_missing_packages_are_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])

    def wheel(name, tag="py3-none-any"):
        with zipfile.ZipFile(tmp_path / f"{name}-9.9-{tag}.whl", "w") as file:
            file.writestr(f"{name}.py", "there = True\n")
            file.writestr(f"{name}-9.9.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
            file.writestr(f"{name}-9.9.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            file.writestr(f"{name}-9.9.dist-info/RECORD", "")
    wheel("numpy"), wheel("of_another_python", "cp27-cp27m-win32"), wheel("only_here")
    gpu.install(tmp_path, tmp_path / "site", tmp_path / "log.txt")
    assert sorted(path.stem for path in (tmp_path / "site").glob("*.py")) == ["only_here"]
    assert "of_another_python-9.9" in (tmp_path / "log.txt").read_text()
    assert sys.path[0] == str(tmp_path / "site")


def test_without_a_gpu_it_ends_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GPU_MISSING", "cupy")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 2
    assert "CuPy is not installed, or finds no GPU; --device foreign plays" in capsys.readouterr().err


# --- the tests marked gpu ---

PLANTED = """
    import os
    import pytest
    pytestmark = pytest.mark.gpu

    def test_that_passes(): pass
    @pytest.mark.parametrize("i", range(9))
    def test_that_fails(i): assert i == 10
    def test_that_loses_the_device():
        import cupy
        cupy.cuda.__dict__["_offered"]["Device"] = None  # each later call fails
        raise RuntimeError("cudaErrorIllegalAddress: an illegal memory access")
    def test_that_dies(): os.abort()
    def test_that_is_skipped(): pytest.importorskip("nothing_of_that_name")
    def test_the_last(): raise ValueError("seen")
    def test_that_is_faster(): raise ValueError("not chosen")
    """


@pytest.mark.slow
def test_failures_are_rows_and_the_rest_runs(runner, tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_planted.py").write_text(textwrap.dedent(PLANTED))
    (tmp_path / "tests" / "test_other.py").write_text("import nothing_of_that_name")  # not marked, so not collected
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers = gpu: of a GPU\n")
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    gpu.tests(runner, "not faster", 60)
    assert rows(runner, "what", "ok", "message") == [
        *[(f"test_planted.py::test_that_fails[{i}]", False, f"assert {i} == 10") for i in range(3)],
        ("more tests that fail like test_planted.py::test_that_fails[0]", False,
         "6; the last is test_planted.py::test_that_fails[8]: assert 8 == 10"),
        ("test_planted.py::test_that_loses_the_device", False,
         "RuntimeError: cudaErrorIllegalAddress: an illegal memory access"),
        ("outcomes so far", None, "1 passed, 11 failed, 1 skipped, 1 ended their process (could not import "
                                  "'nothing_of_that_name': No module named 'nothing_of_that_name')"),
        ("the device is lost; the rest follows in a new process", False, None),
        ("ended with status -6; the rest follows in a new process", False, None),
        ("test_planted.py::test_the_last", False, "ValueError: seen"),
    ]
    log = (runner.out / "logs" / "tests.txt").read_text()
    assert log.count("in test_that_fails") == 9
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
    assert rows(runner, "what", "message") == [
        ("outcomes so far", "100 passed"), ("stopped after 8 s or at the end of the time", None)]
