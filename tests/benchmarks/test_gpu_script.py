"""The script `gpu.py`: its report, its processes, and the whole of it on the played device."""
import argparse
import contextlib
import json
import signal
import subprocess
import sys
import textwrap

import foreign
import gpu
import gpu_checks
import gpu_device
import gpu_speed
import pytest
from bench_workloads import Workload, torch_run


@pytest.fixture
def runner(tmp_path):
    """A runner on the played device, with folders of its own."""
    for name in ("out", "room"):
        (tmp_path / name).mkdir()
    with gpu.Runner(argparse.Namespace(device="foreign", out=tmp_path / "out", minutes=5), tmp_path / "room") as made:
        yield made


def rows(runner, *names):
    """The rows of the report so far, as it stands in the file."""
    found = json.loads((runner.out / "report.json").read_text())["records"]
    return [tuple(row.get(name) for name in names) for row in found]


def script(tmp_path, text):
    path = tmp_path / "section.py"
    path.write_text("from gpu_device import Records\nsend = Records('speed')\n" + textwrap.dedent(text))
    return str(path)


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


# --- the processes ---

def test_rows_of_a_process_that_crashes_stay(runner, tmp_path):
    runner.section("speed", [script(tmp_path, """
        import os
        send("before", True, ms=1)
        print("in the log", flush=True)
        os.abort()
        """)], 30)
    assert rows(runner, "what", "ok") == [("before", True), ("ended with status -6: see log.txt", False)]
    assert "in the log" in (runner.out / "log.txt").read_text()


@pytest.mark.slow
def test_rows_of_a_process_that_hangs_stay(runner, tmp_path):
    """Its children are stopped too: they hold the pipe."""
    runner.section("speed", [script(tmp_path, """
        import os, subprocess, sys, time
        send("before", None)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
        """)], 3)
    assert rows(runner, "what", "ok") == [("before", None), ("stopped after 3 s or at the end of the time", False)]


def test_a_failure_in_a_section_is_a_row(runner, tmp_path):
    runner.section("speed", [script(tmp_path, """
        with send.guard("first"):
            raise ValueError("no such thing")
        send("second", True)
        """)], 30)
    assert rows(runner, "what", "ok", "note") == [("first", False, "ValueError: no such thing"), ("second", True, None)]


def test_after_the_time_nothing_starts_for_long(runner, tmp_path):
    runner.deadline = 0
    runner.section("speed", [script(tmp_path, "import time; time.sleep(60)")], 30)
    assert rows(runner, "ok") == [(False,)]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_a_stop_leaves_no_process(how, tmp_path):
    """It stops the processes of the sections too, and keeps what was measured."""
    script = subprocess.Popen([sys.executable, gpu.__file__, "--device", "foreign", "--out", str(tmp_path)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for line in script.stderr:
            if b"== graph" in line:
                break
        script.send_signal(how)
        script.communicate(timeout=30)  # the pipe ends with the last process
    finally:
        script.kill()
    assert script.returncode == 1
    found = json.loads((tmp_path / "report.json").read_text())["records"]
    assert ("versions", "Python") in {(row["section"], row["what"]) for row in found}
    assert found[-1]["what"] == "stopped by a signal"


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "file")])
    with pytest.raises(SystemExit):
        gpu.main()
    assert capsys.readouterr().err.endswith(f"--out {tmp_path / 'file'}: File exists\n")


# --- the tests marked gpu ---

PLANTED = """
    import os
    import pytest
    pytestmark = pytest.mark.gpu

    def test_that_passes(): pass
    def test_that_fails(): assert 1 == 2
    def test_that_loses_the_device(): raise RuntimeError("cudaErrorIllegalAddress: an illegal memory access")
    def test_that_dies(): os.abort()
    def test_that_is_skipped(): pytest.importorskip("nothing_of_that_name")
    def test_the_last(): raise ValueError("seen")
    """


@pytest.mark.slow
def test_failures_are_rows_and_the_rest_runs(runner, tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_planted.py").write_text(textwrap.dedent(PLANTED))
    (tmp_path / "tests" / "test_other.py").write_text("import nothing_of_that_name")  # not marked, so not collected
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers = gpu: of a GPU\n")
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    runner.tests(60)
    assert rows(runner, "what", "ok", "message") == [
        ("test_planted.py::test_that_fails", False, "assert 1 == 2"),
        ("test_planted.py::test_that_loses_the_device", False,
         "RuntimeError: cudaErrorIllegalAddress: an illegal memory access"),
        ("in one process", None, "1 passed, 2 failed"),
        ("the process ended with status 99; the other tests follow", False, None),
        ("the process ended with status -6; the other tests follow", False, None),
        ("test_planted.py::test_the_last", False, "ValueError: seen"),
        ("in one process", None, "1 skipped, 1 failed (could not import 'nothing_of_that_name': "
                                 "No module named 'nothing_of_that_name')"),
    ]


# --- what only a device runs ---

def test_without_a_gpu_it_ends_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GPU_MISSING", "cupy")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 2
    assert "CuPy is not installed, or finds no GPU; --device foreign plays" in capsys.readouterr().err


def test_the_longest_kernels_of_a_trace():
    def event(name, us, cat="kernel"):
        return {"ph": "X", "cat": cat, "name": name, "dur": us}
    events = [event("short", 3), event("long", 50), event("aten::mul", 1000, "cpu_op"), event("short", 5), {"ph": "M"},
              event("copy", 9, "gpu_memcpy")]
    assert gpu_speed.longest(events, 2, 2) == [("long", (0.5, 25)), ("copy", (0.5, 4.5))]
    assert gpu_speed.longest(events, 1, 9)[2] == ("short", (2, 8))


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["chain", "dense", "gp", "dcgan28"])
def test_pytorchs_steps_stay_on_their_device(name, torch):
    """On the device `meta`, which computes nothing, an array of another device would be refused."""
    torch_run(Workload(name, 4, 1 / 16), False, 1, "meta")(2)


@pytest.mark.fast_forms
def test_a_wrong_kernel_is_seen_by_each_check(gpu_played, monkeypatch):
    play = gpu_played.kernels["tinygan_adam"]

    def wrong(*args):
        play(*args)
        args[-1][...] *= 1.5
    monkeypatch.setitem(gpu_played.kernels, "tinygan_adam", wrong)
    for check in (gpu_checks.agreement, gpu_checks.recipes):
        found = Sent()
        check(gpu_played, "foreign", found)
        assert len(found.rows) > 9
        assert [what for what, ok, _ in found.rows if ok] in ([], ["wgan"])  # which has another optimiser


def test_ratios_floors_and_goals(gpu_played, monkeypatch):
    """With given times: PyTorch 4 ms, tinygan 3 ms, its graph 1 ms; a copy and a product take as long as they must."""
    given = [4.0, 4.4], [3.0, 3.3], [1.0, 1.1]
    monkeypatch.setattr(gpu_speed, "_turns", lambda cupy, device, runs: dict(zip(runs, given)))
    for reached, ms in ((True, 1.0), (False, 3.0)):
        names = ["PyTorch", "tinygan", "tinygan, graph"][:3 if reached else 2]
        monkeypatch.setattr(gpu_speed, "_peers", lambda *_, names=names: dict.fromkeys(names, lambda: lambda n: None))
        found, work = Sent(), Workload("dense", 4, 1 / 16)
        peaks = 1e3 * gpu_speed._bytes(work) / 0.5, 2e3 * gpu_speed.multiply_adds(work) / 0.25  # .5 ms, .25 ms
        gpu_speed._compare(gpu_played, "gpu", found, lambda work=work: work, peaks)
        what, ok, row = found.rows[-1]
        assert (what, ok) == (f"dense, batch 4: {names[-1]}", reached)
        assert row["ms"] == pytest.approx(1.05 * ms)
        assert row["times PyTorch"] == pytest.approx(ms / 4)
        assert row["times the floor"] == pytest.approx(2.1 * ms)


class Sent:
    """Keeps the rows that a section sends."""

    def __init__(self):
        self.rows = []

    def __call__(self, what, ok=None, **columns):
        self.rows.append((what, ok, columns))

    @contextlib.contextmanager
    def guard(self, what):
        yield


@pytest.fixture
def gpu_played(gpu, monkeypatch):
    """The played device, with the parts that `gpu.py` gives it."""
    monkeypatch.setitem(gpu_device.sys.modules, "cupy", foreign)
    return gpu_device.prepare("foreign")


# --- the whole of it ---

@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["", "pooch filelock jupytext nvmath torch"])
def test_the_whole_is_played(lacking, tmp_path, monkeypatch, capsys):
    """In CI, so that a mistake in the script is found before a device is there; also with little installed."""
    monkeypatch.setenv("GPU_MISSING", lacking)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "foreign", "--out", str(tmp_path / "out")])
    assert gpu.main() == 0, (tmp_path / "out" / "report.md").read_text()
    found = json.loads((tmp_path / "out" / "report.json").read_text())["records"]
    assert {row["section"] for row in found} == set(gpu.SECTIONS)
    assert capsys.readouterr().out.startswith("# tinygan on a GPU")
    notes = {row.get("note") for row in found}
    assert (tmp_path / "out" / "samples.png").exists() is not lacking
    assert {"needs filelock", "needs torch", "needs nvmath"} <= notes if lacking else notes
