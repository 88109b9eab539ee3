"""The command line of a first user: each mistake is one line, and exit status 2; streams that are closed or odd."""
import io
import os
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from helpers import fails
from PIL import Image

from tinygan.cli import main
from tinygan.cli.train import _Progress
from tinygan.runs import Run


@pytest.mark.parametrize(("arguments", "message"), [
    (["play", "--first", "y"], "invalid choice: 'y'"),
    (["train", "digit"], "no recipe 'digit'; did you mean digits?"),
    (["train", "--steps", "-1"], "'-1' is not a whole number of at least 1"),
    (["train", "--batch", "0"], "'0' is not a whole number of at least 1"),
    (["train", "--seed", "x"], "'x' is not a whole number of at least 0"),
    (["train", "--rate", "nan"], "'nan' is not a positive number"),
    (["train", "ring", "--set", "rat=1"], "ring has no switch 'rat'; did you mean rate?"),
    (["train", "digits", "--set", "r1=x"], "r1 is 'x', expected a number of at least 0"),
    (["train", "ring", "--set", "packing=3"], "packing: a batch of 256 does not hold whole packs of 3"),
    (["train", "wgan", "--set", "simultaneous=true"], "simultaneous: both move once from the same point, but k is 5"),
    (["train", "ring", "--set"], "expected at least one argument"),
    (["train", "wgan-gp", "--data", "digits"], "this recipe is for points"),
    (["train", "--dtype", "int8"], "invalid choice: 'int8'"),
    (["train", "--resume"], "there is no run of 'digits'"),
    (["train", "ring", "--data", "digits"], "this recipe is for points"),
    (["train", "digits", "--data", "ring"], "this recipe is for images"),
    (["train", "progressive", "--data", "digits"], "a side of 8, 16, 32, ...; the data are of shape (n, 28, 28, 1)"),
    (["train", "style", "--data", "ring"], "a side of 8, 16, 32, ...; the data are of shape (n, 2)"),
    (["train", "digits", "--data", "no-such-folder"], "no-such-folder"),
    (["train", "digits", "--data", "sines"], "this recipe is for images"),
    (["train", "ring", "--data", "sines"], "this recipe is for points"),
    (["train", "sequence", "--data", "ring"], "this recipe is for sequences (n, time, features) of two steps or more"),
    (["train", "sequence", "--data", "digits"], "the data are of shape (n, 28, 28, 1)"),
    (["train", "sequence", "--data", "no-such.npy"], "no-such.npy' cannot be read: No such file or directory"),
    (["train", "ring", "--out", "/dev/null/run"], "/dev/null/run"),
    (["train", "--rate", "0,0005"], "'0,0005' is not a positive number; decimals have a point"),
    (["train", "--steps", "1,5"], "'1,5' is not a whole number of at least 1"),
    (["train", "ring", "--steps", "1", "--data", ""], "argument --data: expected a name or a path, found ''"),
    (["train", "ring", "--steps", "1", "--out", ""], "argument --out: expected a name or a path, found ''"),
    (["train", "--set", ""], "'' is no setting, expected NAME=VALUE"),
    (["sweep", "gaussian", "--steps", "1", "--out", " "], "argument --out: expected a name or a path, found ' '"),
    (["import", "x", "--data", ""], "argument --data: expected a name or a path, found ''"),
    (["import", ""], "argument FILE: expected a name or a path, found ''"),
    (["evaluate", ""], "argument RUN: expected a name or a path, found ''"),
    (["doctor", ""], "argument RUN: expected a name or a path, found ''"),
    (["train", "ring", "--steps", "1", "--out", "~no-such-user-here/x"], "argument --out: '~no-such-user-here/x'"),
    (["sample", "nowhere"], "there is no run here"),
    (["evaluate", "nowhere"], "there is no run here"),
    (["nonsense"], "invalid choice: 'nonsense'"),
    ([], "the following arguments are required: COMMAND"),
])
def test_mistakes_are_one_line(arguments, message, capsys):
    assert message in fails(capsys, *arguments)


# Streams

TRAIN = ["train", "digits14", "--steps", "2", "--batch", "4", "--set", "width=4"]


@pytest.fixture
def broken():
    """A stream to a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", encoding="utf-8") as stream:
        yield stream  # an error when it is closed would be one at the end of a process


@pytest.mark.parametrize("command", ["recipes", "data", "--help"])
def test_a_closed_pipe_ends_a_command_in_silence(command, broken, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout", broken)
    assert main([command]) == 141
    assert capsys.readouterr().err == ""


def test_the_end_of_the_process_is_silent_too():
    read, write = os.pipe()
    os.close(read)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-m", "tinygan.cli", "data"], stdout=write, stderr=subprocess.PIPE,
                          env=environment, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_message_that_nobody_reads(broken, monkeypatch):
    monkeypatch.setattr("sys.stderr", broken)
    assert main(["sample", "nowhere"]) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_on_a_full_disk_is_one_line(monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert "the output cannot be written: No space left on device" in fails(capsys, "recipes")


def test_a_run_is_kept_when_nobody_reads_its_progress(tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        def closed(self, state):
            if state.step == 1:
                raise BrokenPipeError
        patch.setattr(_Progress, "__call__", closed)
        assert main([*TRAIN, "--out", "run"]) == 141
    assert Run.open("run").game.step == 1
    assert main(["train", "--resume", "--out", "run"]) == 0


def closed():
    """A stream that is closed."""
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("make", [lambda: None, closed])
def test_a_process_without_streams_trains(make, monkeypatch):
    streams = {name: make() for name in ("stdin", "stdout", "stderr")}
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        assert main([*TRAIN, "--out", "run"]) == 0
        assert main(["sample", "run"]) == 0
        assert main(["sample", "nowhere"]) == 2
        assert main(["play"]) == 0
        with suppress(SystemExit):
            main(["train", "nonsense"])
        assert {name: getattr(sys, name) for name in streams} == streams
    assert Path("sample.png").exists()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_names_that_the_output_cannot_spell(encoding, run, monkeypatch):
    name = "\u017c\udcff"  # a letter, and a byte that is no text
    run.rename(name)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["sample", name, "-o", "s.npy"]) == 0
    said = stream.buffer.getvalue().decode(encoding)
    assert said.startswith("s.npy: 64 samples of " + ("\u017c" if encoding == "utf-8" else "\\u017c") + "\\udcff at")
    assert stream.errors == "strict"  # as before


@pytest.mark.parametrize(("name", "value"), [("COLUMNS", "0"), ("COLUMNS", "1"), ("COLUMNS", "x"), ("NO_COLOR", "1"),
                                             ("TERM", "dumb")])
def test_a_terminal_of_any_kind(name, value, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    assert "\033" not in capsys.readouterr().out


# The process of the caller

def test_warnings_are_shown_in_the_callers_way_again(run, monkeypatch, capsys):
    before = warnings.showwarning, warnings.filters[:]
    Path("mine").mkdir()
    Path("mine/a.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("mine/b.png")
    command = ["train", "digits14", "--data", "mine@8", "--steps", "1", "--batch", "4", "--out", "own"]
    assert "skipped 1 of 2 files" in fails(capsys, *command)  # here, as with PYTHONWARNINGS=error, a warning is raised
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(command) == 0
    assert "tinygan train: warning: folder " in capsys.readouterr().err
    assert (warnings.showwarning, warnings.filters) == before


def test_a_command_in_a_thread(tmp_path):
    done = []
    before = warnings.showwarning
    thread = threading.Thread(target=lambda: done.append(main([*TRAIN, "--out", "run"])))
    thread.start()
    thread.join(60)
    assert done == [0]
    assert Run.open("run").game.step == 2
    assert warnings.showwarning is before
