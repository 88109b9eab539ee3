"""Every command with random arguments: exit status 0, or 2 with one line; never a traceback."""
import argparse
import contextlib
import io
import json
import math
import os
import re
import shutil
import string
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from fuzzing import MORE
from helpers import Here
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tinygan import cli
from tinygan.cli.main import _parser
from tinygan.runs import Config, Run

COMMANDS = next(a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
BUDGET = {"steps": "2", "batch": "4", "n": "8", "rows": "2", "seeds": "3", "jobs": "1"}  # before the drawn ones

PATHS = st.sampled_from(["run", "run", "run", "other", "cut", "images", "mine.npy", "notes.txt", "old", "new/run", ".",
                         "/dev/null", "a.png", "a.gif", "a.npy", "a.txt", "none/a.png", "\udcff", "a.onnx",
                         "m.safetensors", "m.safetensors"])
GOOD = st.sampled_from(["1", "2", "3", "4", "5"])
NUMBERS = GOOD | st.sampled_from(["0", "-1", "1.5", "1e-3", "nan", "inf", "0x2", "٣", "1_0", str(2**31), str(2**63),
                                  "9" * 30, "9" * 500])
WORDS = {  # by their purpose
    "recipe": ["ring", "ring", "ring", "gaussian", "wgan-gp", "digits14", "rings", "mnst"],
    "data": ["ring", "gaussian", "grid", "sines", "images", "mixed", "mine.npy", "notes.txt", "run", "none"],
    "set": ["rate=1e-3", "r1=0,1", "r1=x", "objective=hinge", "objective=", "=", "k=2", "k=99999", "width=3",
            "betas=1:2", "betas=0:.9", "latent=1", "packing=2", "average=1.0", "gp=nan", "unroll=1", "r1",
            "simultaneous=true"],
    "seeds": ["3", "0-1", "2-1", "0,1", "0-999999999999", "1-"],
}
BESIDE = re.compile(r"^$|: warning: |^--mpi without mpiexec|step/s|s/step|it/s|s/it")  # a progress bar, warnings
JUNK = st.text(string.printable + "éß\u2028\U0001f600\udc80", max_size=8) | st.sampled_from(["", "-", "--", "-n"])


ANY = NUMBERS | PATHS | JUNK | st.sampled_from([word for words in WORDS.values() for word in words])


@st.composite
def values(draw, action):
    """The values of an option or of a positional argument; most are of the expected kind."""
    kind = st.sampled_from(WORDS[action.dest]) if action.dest in WORDS else PATHS if action.type is Path else \
        st.sampled_from(sorted(action.choices)) if action.choices else NUMBERS if action.type else ANY
    count = draw(st.integers(1, 3)) if action.nargs in ("+", "*") else 1
    return [draw(ANY if draw(st.integers(0, 19)) == 19 else kind) for _ in range(count)]


@st.composite
def commands(draw, name):
    """A command line: some options of a command, its required arguments, in any order, rarely with junk."""
    actions = [a for a in COMMANDS[name]._actions if a.dest != "help" or draw(st.integers(0, 30)) == 30]
    placed = [draw(values(a)) for a in actions if not a.option_strings and (a.required or draw(st.booleans()))]
    chosen = draw(st.lists(st.sampled_from(options), max_size=3)) if (
        options := [a for a in actions if a.option_strings]) else []
    optional = [[draw(st.sampled_from(a.option_strings)), *(draw(values(a)) if a.nargs != 0 else [])] for a in chosen]
    budget = [[a.option_strings[-1], BUDGET[a.dest]] for a in options if a.dest in BUDGET]
    rubbish = [[draw(JUNK)]] if draw(st.integers(0, 19)) == 19 else []
    parts = draw(st.permutations([*placed, *optional, *rubbish]))
    return [name, *(word for part in [*budget, *parts] for word in part)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two short runs, a run whose checkpoint is cut, images, sequences, and files that are neither."""
    root = tmp_path_factory.mktemp("place")
    for recipe, out in (("ring", "run"), ("gaussian", "other")):
        Run.create(root / out, Config(recipe, 2, 0, 4, "float32", "cpu", recipe))
    shutil.copytree(root / "run", root / "cut")
    (root / "cut/checkpoint.npz").write_bytes((root / "run/checkpoint.npz").read_bytes()[:500])
    for folder, names in (("images", ("a.png", "b.png")), ("mixed", ("a.png",))):
        (root / folder).mkdir()
        for name in names:
            Image.fromarray(np.zeros((9, 5, 3), np.uint8)).save(root / folder / name)
    (root / "mixed/b.png").write_bytes(b"no image")
    np.save(root / "mine.npy", np.zeros((9, 4, 1)))
    (root / "notes.txt").write_text("some words\n")
    cli.main(["export", str(root / "run"), "--to", "safetensors", "-o", str(root / "m.safetensors")])  # with the extra
    return root


def status_and_lines(arguments, stdin=""):
    """The exit status of a command, and the lines it wrote to stderr; its output must be fit for a terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    with warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        warnings.simplefilter("default")
        kept, sys.stdin = sys.stdin, io.StringIO(stdin)
        try:
            status = cli.main(arguments)
        except SystemExit as stop:
            status = stop.code
        finally:
            sys.stdin = kept
        out.flush(), err.flush()
    return status, err.buffer.getvalue().decode().replace("\r", "\n").splitlines()


def check(place, arguments, stdin=""):
    """A command in a folder of its own: status 0, or 2 with one line that begins with its name."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as room:
        os.chdir(shutil.copytree(place, Path(room) / "place"))
        try:
            status, lines = status_and_lines(arguments, stdin)
        finally:
            os.chdir(before)
    said = [line for line in lines if line.startswith("tinygan") and not BESIDE.search(line)]
    assert "Traceback" not in "".join(lines)
    assert status in ((0, 1, 2) if arguments[0] == "sweep" else (0, 2)), (status, lines)
    assert len(said) == (status == 2) == len([line for line in lines if not BESIDE.search(line)]), (status, lines)


@pytest.fixture(scope="module")
def quick():
    """Sweeps run in this process; the laboratory is not served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinygan.runs.sweep.processes", lambda jobs: contextlib.nullcontext(Here()))
        patch.setattr("tinygan.cli.lab.serve", lambda port, browser, idle: None)
        yield


every_command = pytest.mark.parametrize("name", COMMANDS)


def fuzz(place, name, examples):
    """Runs `examples` random lines of a command, with random input typed at it."""
    @settings(max_examples=examples)
    @given(commands(name), st.text("123456789x\n", max_size=30))
    def play(line, stdin):
        check(place, line, stdin)
    play()


@every_command
def test_random_arguments(place, quick, name):
    fuzz(place, name, {"train": 6, "sweep": 2}.get(name, 15))


@pytest.mark.slow
@every_command
def test_many_random_arguments(place, quick, name):
    fuzz(place, name, {"train": 20, "sweep": 5}.get(name, 30) * MORE)


@pytest.mark.parametrize("line", [
    ["train", "ring", "--steps", "1", "--batch", "4", "--out", "\udcff"],  # a name of bytes that are no text
    ["train", "ring", "--seed", str(2**63)], ["train", "ring", "--batch", str(2**31)],
    ["sample", "run", "-n", "9" * 30], ["sweep", "ring", "--seeds", "0-999999999999"],
    ["sweep", "ring", "--seeds", f"0-{2**63}"], ["play", "a\nb"],
], ids=lambda line: " ".join(line)[:40].encode("ascii", "replace").decode())
def test_what_was_found(place, quick, line):
    check(place, line)


# --- the files of a run ---

def damaged(run, name, content):
    """Gives a file of a run this content, and runs `sample` on it."""
    (run / name).write_bytes(content)
    before = os.getcwd()
    os.chdir(run.parent)
    try:
        status, lines = status_and_lines(["sample", run.name, "-n", "2", "-o", "s.npy"])
    finally:
        os.chdir(before)
    assert status in (0, 2), (status, lines)
    assert len(lines) == (status == 2), lines
    return lines[0] if lines else ""


@pytest.fixture
def run(place, tmp_path):
    return shutil.copytree(place / "run", tmp_path / "run")


@pytest.mark.parametrize(("text", "message"), [
    ("", "Expecting value"), ("[]", "expected an object, found a list"), ("\0", "Expecting value"),
    ("null", "expected an object, found a NoneType"), ("[" * 10**5, "nested too deeply"),
    ("{}", "missing 7 required positional arguments"),
    ('{"a": 1}', "unexpected keyword argument 'a'"),
])
def test_a_config_that_is_none(run, text, message):
    line = damaged(run, "config.json", text.encode())
    assert line.startswith("tinygan sample: run/config.json cannot be read: ")
    assert message in line


def test_a_config_that_is_too_long(run):
    assert "run/config.json has 1,000,012 bytes, expected at most 1,000,000 bytes" in damaged(
        run, "config.json", b'{"recipe": "' + b"a" * 10**6)


@pytest.mark.parametrize("name", ["recipe", "steps", "seed", "batch", "dtype", "data", "settings"])
@pytest.mark.parametrize("value", [None, -1, 1.5, "", "a", [], {}, {"rate": math.nan}, math.nan, math.inf, 2**63,
                                   "9" * 999])
def test_a_config_with_a_wrong_value(run, name, value):
    config = json.loads((run / "config.json").read_text())
    line = damaged(run, "config.json", json.dumps({**config, name: value}).encode())
    assert len(line) < 400
    assert line or (name, value) in [("steps", None)] or name == "settings"


@settings(max_examples=25)
@given(data=st.data())
def test_any_bytes_in_a_run(place, tmp_path_factory, data):
    run = shutil.copytree(place / "run", tmp_path_factory.mktemp("damaged") / "run")
    name = data.draw(st.sampled_from(["config.json", "checkpoint.npz"]))
    content = bytearray((run / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged(run, name, bytes(content[:data.draw(st.integers(len(content) - 5, len(content)) | st.integers(0, 900))]))


def test_a_damaged_frame(run, quick):
    (run / "frames/0000000.png").write_bytes(b"no picture")
    before = os.getcwd()
    os.chdir(run.parent)
    try:
        status, lines = status_and_lines(["train", "ring", "--resume", "--out", "run"])
    finally:
        os.chdir(before)
    assert status == 2
    assert lines[-1].startswith("tinygan train: run: training.gif cannot be made of frames/: cannot identify")


def test_a_list_in_the_place_of_a_config_in_a_sweep(place, quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(place / "run", "sweeps/ring/seed-3")
    Path("sweeps/ring/seed-3/config.json").write_text("[1]")
    status, lines = status_and_lines(["sweep", "ring", "--seeds", "3", "--steps", "2"])
    assert status == 1
    assert lines == []
