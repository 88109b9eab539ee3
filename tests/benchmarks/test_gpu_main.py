"""The report of `gpu.py`, its folder, the packages that it installs, and the numbers of the default run."""
import fcntl
import os
import sys
import zipfile
from pathlib import Path

import gpu
import pytest
from gpu_report import SECTIONS
from gpu_rows import rows, script

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


def test_the_page_tells_what_has_not_ended(runner):
    runner.report.end("versions")
    runner.report.add("speed", "a peer", note="needs torch")
    runner.report.add("speed", "late", False)
    runner.report.add("tests", "early", False)
    page = (runner.out / "report.md").read_text()
    assert "These sections have not ended: tests, agreement, recipes, graph, speed, run, profile, signatures." in page
    assert "- failed: tests: early\n- failed: speed: late\n- left out: speed: a peer: needs torch\n" in page
    for name in SECTIONS:
        runner.report.end(name)
    assert "not ended" not in (runner.out / "report.md").read_text()


def test_a_full_disk(runner, monkeypatch, capsys):
    """The page is printed at the end."""
    def write(self, text):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(Path, "write_text", write)
    runner.report.add("speed", "dense", ms=1.5)
    assert "| dense | 1.5 |" in runner.report.page
    assert "the report cannot be written: [Errno 28] No space left on device" in capsys.readouterr().err


def test_numbers_of_the_report(runner):
    runner.report.add("speed", "x", a=1234.5, b=0.00012345, c=float("nan"), d=float("-inf"), e=12345678)
    assert "| x | 1234 | 0.000123 | nan | -inf | 12345678 |" in (runner.out / "report.md").read_text()
    assert rows(runner, "c", "d") == [("nan", "-inf")]


# --- the default run ---

def test_a_warning_beside_the_metrics(runner, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "COMMAND", *script(tmp_path, """
        import sys
        print("a warning", file=sys.stderr)
        print('{"fcd": 2.5, "name": "x"}')
        """))
    assert gpu.metrics(runner, "gpu", 30) == {"fcd": 2.5}
    assert (runner.out / "logs" / "run.txt").read_text() == "a warning\n"
    monkeypatch.setattr(gpu, "COMMAND", *script(tmp_path, "print('no numbers'); os._exit(2)"))
    assert gpu.metrics(runner, "gpu", 30) == {"note": "tinygan evaluate ended with status 2: see logs/run.txt"}


def test_a_fault_of_the_script_is_a_row(runner, monkeypatch):
    """And the other sections follow."""
    def fault(*args):
        raise OSError("disk full")
    ran = []
    monkeypatch.setattr(runner, "section", lambda name, *args: ran.append(name))
    monkeypatch.setattr(gpu, "trained", fault)
    monkeypatch.setattr(gpu, "run", lambda runner, seconds, limit: ran.append(("run", seconds)))
    monkeypatch.setattr(gpu, "tests", fault)
    gpu.everything(runner)
    assert sorted(ran[:3]) == ["agreement", "graph", "recipes"]
    assert ran[3:] == ["speed", ("run", None), "profile"]
    assert sorted(rows(runner, "section", "what", "ok")) == [
        ("run", "OSError: disk full", False), ("tests", "OSError: disk full", False)]


# --- the folder, and what is missing ---

def test_files_of_an_earlier_run_are_deleted(tmp_path):
    (tmp_path / "logs").mkdir()
    for name in ("report.md", "report.json", "samples.png", "logs/speed.txt", "own.txt"):
        (tmp_path / name).write_text("old")
    gpu.clear(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["logs", "own.txt"]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "file")])
    with pytest.raises(SystemExit):
        gpu.main()
    assert capsys.readouterr().err.endswith(f"--out {tmp_path / 'file'}: File exists\n")


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A function that makes a wheel of one file."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def made(name, file="", text="there = True", tag="py3-none-any"):
        with zipfile.ZipFile(tmp_path / f"{name}-9.9-{tag}.whl", "w") as archive:
            archive.writestr(file or f"{name}.py", f"{text}\n")
            archive.writestr(f"{name}-9.9.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
            archive.writestr(f"{name}-9.9.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            archive.writestr(f"{name}-9.9.dist-info/RECORD", "")
    return made


def installed(folder):
    bad = gpu.install(folder, folder / "site", folder / "log.txt")
    return sorted(str(path.relative_to(folder / "site")) for path in (folder / "site").rglob("*.py")), bad


def test_two_runs_in_one_folder(tmp_path, monkeypatch, capsys):
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        gpu.main()
    os.close(folder)
    assert capsys.readouterr().err.endswith(f"--out {tmp_path}: another run writes there\n")


@pytest.mark.slow
def test_wheels_of_missing_packages_are_installed(wheel, tmp_path):
    """Also two that share a namespace package, and none for another Python."""
    wheel("numpy"), wheel("of_another_python", tag="cp27-cp27m-win32"), wheel("only_here")
    wheel("shared_a", "shared/a/__init__.py"), wheel("shared_b", "shared/b/__init__.py")
    found, bad = installed(tmp_path)
    assert found == ["only_here.py", "shared/a/__init__.py", "shared/b/__init__.py"]
    assert bad == ["of_another_python-9.9-cp27-cp27m-win32.whl"]
    assert bad[0] in (tmp_path / "log.txt").read_text()
    assert sys.path[0] == str(tmp_path / "site")


@pytest.mark.parametrize(("text", "others"), [
    ("", []), pytest.param("import numpy; numpy.there", ["numpy.py"], marks=pytest.mark.slow)],
    ids=["loads", "needs another version"])
def test_what_nvmath_needs_is_installed(text, others, wheel, tmp_path, monkeypatch):
    """The other wheels are installed too if nvmath-python does not load with the versions that are there."""
    wheel("numpy"), wheel("nvmath_python", "nvmath/bindings/cublas.py", text)
    monkeypatch.setattr(gpu, "_there", lambda package: package == "numpy")
    assert installed(tmp_path) == (sorted(["nvmath/bindings/cublas.py", *others]), [])


@pytest.mark.slow
def test_without_a_gpu_it_ends_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GPU_MISSING", "cupy")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 2
    assert "CuPy is not installed; --device foreign plays this script without a GPU" in capsys.readouterr().err
