"""Run folders of others: no file in one costs more memory or time than its size, waits, or raises a traceback."""
import ast
import importlib.util
import io
import json
import os
import shutil
import socket
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import one_line, swept_run

import tinygan
from tinygan.cli import main
from tinygan.doctor import read as read_visits
from tinygan.errors import TinyganError
from tinygan.runs import Config, Run, RunError, checkpoint, sweep
from tinygan.runs.checkpoint import CheckpointError

PACKAGE = Path(tinygan.__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no pipes and devices in folders")

# Every other file is opened by `open_regular`; those that it opened are given on to these.
OPENERS = {
    ("files.py", "os.open"): "open_regular itself",
    ("runs/files.py", "os.open"): "a folder, to sync it", ("runs/files.py", "open"): "a new file, to write",
    ("runs/checkpoint.py", "zipfile.ZipFile"): "opened", ("runs/checkpoint.py", "archive.open"): "a member",
    ("runs/sweep.py", "np.loadtxt"): "the lines of one that is opened",
    ("data/folder.py", "Image.open"): "opened", ("plots.py", "Image.open"): "opened",
    ("data/files.py", "tarfile.open"): "opened", ("data/files.py", "gzip.GzipFile"): "opened",
    ("data/sets.py", "np.load"): "opened", ("metrics/classifier.py", "np.load"): "opened",
    ("data/build_digits.py", "zipfile.ZipFile"): "a new file, to write",
    ("exchange/torch_text.py", "Path(__file__).with_name('torch_layers.py.txt').read_text"): "a part of the package",
    ("cli/main.py", "os.open"): "os.devnull", ("cli/main.py", "open"): "os.devnull",
    ("distributed/group.py", "os.open"): "os.devnull",
}
READS = {"open", "read_text", "read_bytes", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "ZipFile",
         "GzipFile", "BZ2File", "LZMAFile", "safe_open", "load_file", "fdopen", "FileIO"}
OURS = {"data.load", "Run.open", "checkpoint.load", "read_text", "load"}
ELSEWHERE = ("grading", "lab")  # their answers come from processes of their own; they have tests of their own


def test_files_are_opened_in_one_place():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name.partition("/")[0] not in ELSEWHERE:
            calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text()))
                     if isinstance(node, ast.Call)}
            found |= {(name, call) for call in calls - OURS if call.rpartition(".")[2] in READS}
    assert found == OPENERS.keys()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a short run with every file that a run or a sweep can have."""
    folder = swept_run(tmp_path_factory.mktemp("runs") / "run")
    (folder / "seconds").write_text("1.5")
    (folder / "frames" / "0000001.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def run(finished, tmp_path, monkeypatch, undrawn):
    """A copy of it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(finished, Path("run"))


READERS = {
    "config.json": Run.open, "checkpoint.npz": Run.open, "doctor.csv": lambda run: read_visits(run / "doctor.csv"),
    "history.csv": sweep._history, "figures.json": lambda run: sweep._figures(run / "figures.json"),
    "seconds": lambda run: sweep._seconds(run / "seconds"), "frames/0000001.png": lambda run: Run.open(run).finish(),
}


def refused(name, run):
    """The line of the error with which the file of this name is refused."""
    with pytest.raises(TinyganError) as caught:
        READERS[name](run)
    line = one_line(caught)
    assert name.partition("/")[0] in line
    return line


@posix
@pytest.mark.parametrize("name", READERS)
def test_pipes_devices_and_sockets_are_refused(name, run):
    (run / name).unlink()
    os.mkfifo(run / name)
    assert "pipe" in refused(name, run) or name == "seconds"
    (run / name).unlink()
    os.symlink("/dev/zero", run / name)
    assert "device" in refused(name, run) or name == "seconds"
    (run / name).unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(run / name))
        assert "socket" in refused(name, run) or name == "seconds"


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_a_terabyte_is_refused(name, run):
    os.truncate(run / name, 2**40)
    tracemalloc.start()
    refused(name, run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6


@posix
def test_links_lead_no_write_out_of_the_folder(run, capsys):
    """The names under which a run writes may be links in a folder of others."""
    treasure = Path("treasure")
    treasure.write_text("kept")
    for name in ("config.json", "checkpoint.npz", "history.csv", "doctor.csv", "samples.png"):
        (run / f"{name}.part").symlink_to(treasure.resolve())
    (run / "samples.png").symlink_to(treasure.resolve())
    (run / "frames" / "0000001.png").unlink()
    assert main(["train", "--resume", "--out", "run"]) == 0
    assert treasure.read_text() == "kept"
    (run / ".lock").unlink(missing_ok=True)
    (run / ".lock").symlink_to(treasure.resolve())
    capsys.readouterr()
    assert main(["train", "--resume", "--out", "run", "--steps", "5"]) == 2
    assert "run/.lock is a link, expected a file; remove it" in capsys.readouterr().err
    (run / ".lock").unlink()
    (run / "frames").rename("pictures")
    (run / "frames").symlink_to("../pictures")
    assert main(["train", "--resume", "--out", "run", "--steps", "5"]) == 2
    assert "run/frames is a link, expected a folder" in capsys.readouterr().err
    assert treasure.read_text() == "kept"


# Players that the checkpoint does not fill

def test_a_config_that_asks_for_more_than_the_checkpoint_holds_costs_nothing(tmp_path):
    made = Run.create(tmp_path, Config("digits", 5, 0, 8, "float32", "cpu", "digits", {"width": 2, "latent": 2}))
    made.unlock()
    config = json.loads((tmp_path / "config.json").read_text())
    for settings in ({"width": 1400, "latent": 9000}, {"width": 9999}, {"latent": 9999, "width": 2}):
        (tmp_path / "config.json").write_text(json.dumps({**config, "settings": settings}))
        tracemalloc.start()
        with pytest.raises(RunError, match=r"config.json: the players need more weights than the 952 there are$"):
            Run.open(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2e6
    (tmp_path / "checkpoint.npz").unlink()
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        Run.open(tmp_path)


@pytest.mark.parametrize(("change", "message"), [
    ({"batch": 2**20}, "expected int of at least 1 and below 1048576"), ({"steps": 0}, "expected int of at least 1"),
    ({"steps": 2**60}, "and below 9007199254740992"), ({"settings": {"rate": 10**40}}, r"at least 0 and below 1e\+30"),
    ({"settings": {"halvings": 9999}}, "no switch 'halvings'"),
    ({"data": "imgs", "examples": {"shape": [2**12, 2**11, 1], "classes": 0, "names": [], "count": 1, "range": []}},
     "expected at most 4,194,304 numbers in an example"),
    ({"data": "imgs", "batch": 2**19, "examples": {"shape": [32, 32, 1], "classes": 0, "names": [], "count": 1,
                                                   "range": []}}, "and 268,435,456 in a batch")])
def test_settings_that_no_run_needs_are_refused(change, message, run):
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(RunError, match=f"^run/config.json[^\n]*{message}"):
        Run.open(run)


def test_the_facts_of_a_set_do_not_hide_its_shape(tmp_path, monkeypatch):
    facts = {"shape": [64, 64, 1], "classes": 10, "names": [], "count": 10000, "range": [-1.0, 1.0]}
    made = Run.create(tmp_path, Config("digits", 5, 0, 8, "float32", "cpu", "digits", {"width": 2, "latent": 2},
                                       examples=facts))
    monkeypatch.setattr(made, "samples", lambda *_: pytest.fail("2,000 images of any size would be generated"))
    with pytest.raises(RunError, match="do not fit the run"):
        made.evaluate(None, np.random.default_rng(0))


# Forged checkpoints, whose checksum is right

def forge(path, **arrays):
    """Changes arrays of a checkpoint (`a__b` names a/b), or removes those that are None; its checksum is right."""
    with np.load(path) as file:
        kept = {**file, **{name.replace("__", "/"): a for name, a in arrays.items()}}
    kept = {name: np.asarray(a) for name, a in kept.items() if a is not None and name != "sha256"}
    np.savez(path, sha256=checkpoint._digest(kept), **kept)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("optimiser0__t", np.array(-1), "t is -1, expected a whole number of updates"),
    ("optimiser0__t", np.array(-10**6), "t is -1000000, expected"),
    ("optimiser1__t", np.array(1.5), "t is 1.5, expected"), ("optimiser1__t", np.array(2**63, np.uint64),
                                                                             r"t is 9.22337204e\+18"),
    ("optimiser1__t", np.array(1e300), r"t is 1e\+300, expected"),
    ("optimiser0__v", lambda a: -a - 1, "v, a mean of squares, holds -"),
    ("history__step", lambda a: a + 10**6, "its history has steps from 1000000 to 1000002, expected whole"),
    ("history__step", lambda a: -a, "its history has steps from -2 to -0, expected whole numbers from 0 to 3"),
    ("history__step", lambda a: a / 2, "its history has steps from 0 to 1, expected whole"),
    ("history__step", lambda a: a * 1e300, r"its history has steps from 0 to 2e\+300"),
])
def test_numbers_out_of_their_range_are_refused(name, value, message, run):
    path = run / "checkpoint.npz"
    with np.load(path) as file:
        value = value(file[name.replace("__", "/")]) if callable(value) else value
    forge(path, **{name: value})
    with pytest.raises(CheckpointError, match=f"^run/checkpoint.npz: not a checkpoint of this game: {message}"):
        Run.open(run)


def test_a_generator_of_numbers_that_overflow_is_named(run):
    with np.load(run / "checkpoint.npz") as file:
        arrays = {f"generator__{i}.weight": np.full_like(file[f"generator/{i}.weight"], 1e38) for i in (0, 2)}
    forge(run / "checkpoint.npz", average__theta=None, **arrays)
    with pytest.raises(RunError, match=r"^run: its generator makes numbers that are not finite$"):
        Run.open(run).samples(3, np.random.default_rng(0))


def zipped(kind=zipfile.ZIP_STORED, entries=1, content=b"x"):
    """A zip file of some entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for i in range(entries):
            archive.writestr(f"{i:060}.npy", content)
    return file.getvalue()


def two_directories():
    """A zip file that announces another directory, of a size of its own, before its end."""
    content = zipped()
    return content[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + content[-22:]


@pytest.mark.parametrize("content", [
    zipped(zipfile.ZIP_BZIP2, content=bytes(10**7)), zipped(zipfile.ZIP_LZMA, content=bytes(10**6)),
    zipped(zipfile.ZIP_DEFLATED, 50, bytes(10)), zipped(entries=10_000), two_directories(), zipped() + b"comment",
    bytes(42),
], ids=range(7))
def test_archives_that_savez_does_not_write_are_refused_before_they_are_read(content, run):
    (run / "checkpoint.npz").write_bytes(content)
    for read in (checkpoint.read, checkpoint.count):
        tracemalloc.start()
        with pytest.raises(CheckpointError, match=r"^run/checkpoint.npz: the checkpoint is damaged \([^\n]*\)"):
            read(run / "checkpoint.npz")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2e6


# Full disks

@pytest.fixture
def small_disk():
    """A limit on the size of files, which fails as a full disk does: at a write, with a part of it done."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    yield limit
    limit(before[0])


@pytest.mark.parametrize(("command", "file"), [
    ("sample run -o {}", "s.png"), ("sample run -o {}", "s.npy"), ("interpolate run -o {}", "i.png"),
    ("interpolate run --rows 1 --steps 3 -o {}", "i.gif"),
    pytest.param("export run --to safetensors -o {}", "g.safetensors", marks=pytest.mark.skipif(
        not importlib.util.find_spec("safetensors"), reason="safetensors is not installed")),
    ("train --resume --out run", "0000004.png"), ("train ring --out new", "new/checkpoint.npz")])
def test_a_full_disk_names_the_file_and_leaves_no_part_of_it(command, file, run, small_disk, capsys):
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.name != ".lock"}
    small_disk(50)
    status = main(command.format(file).split())
    small_disk(-1)
    line = capsys.readouterr().err.replace("\r", "\n").splitlines()[-1]
    assert (status, line.startswith("tinygan ")) == (2, True)
    assert f"File too large ({Path(file).name})" in line or f"{file}: File too large" in line
    now = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.name != ".lock"}
    assert now == before
    assert not Path("new").exists()
