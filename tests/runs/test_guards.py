"""Checks that stop a run in time: a full disk, a config that is nonsense."""
import errno
import os
import shutil
import time
import warnings

import pytest
from helpers import fails

from tinygan import doctor, plots
from tinygan.cli import main
from tinygan.runs import Config, Run, files


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path, monkeypatch, undrawn):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def begun(tmp_path):
    """The folder of a run at step 0."""
    Run.create(tmp_path / "run", Config("ring", 6, 0, 8, "float32", "cpu", "ring"))
    return tmp_path / "run"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only(code, begun, capsys):
    def refuse(*_):
        raise OSError(code, os.strerror(code), "checkpoint.npz.part")
    before = (begun / "checkpoint.npz").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "save_frame", lambda *_: None)
        patch.setattr(doctor, "write", lambda *_: None)
        patch.setattr(files.os, "fsync", refuse)
        line = fails(capsys, "train", "--resume", "--out", "run")
        assert f"run cannot be written after step 6: {os.strerror(code)} (checkpoint.npz); the last " in line
        assert (begun / "checkpoint.npz").read_bytes() == before
        assert not list(begun.glob("*.part"))
        assert f"new: the run folder cannot be written: {os.strerror(code)} (checkpoint.npz)" in fails(
            capsys, "train", "ring", "--out", "new")
    assert main(["train", "--resume", "--out", "run"]) == 0


def test_a_folder_that_goes_in_mid_run(begun, monkeypatch, capsys):
    monkeypatch.setattr(Run, "save_frame", lambda run, game: game.step == 3 and shutil.rmtree(run.folder))
    monkeypatch.setattr(plots, "save_png", lambda *_: None)
    assert "run cannot be written after step 6: No such file or directory" in fails(
        capsys, "train", "--resume", "--out", "run")


def test_training_goes_on_while_other_programs_hold_its_files_open(begun, monkeypatch, capsys):
    replace = os.replace
    names = [file.name for file in begun.iterdir()]

    def held(old, new):
        if os.path.basename(new) in names:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        replace(old, new)
    monkeypatch.setattr(files, "PAUSES", ())
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("default")
        patch.setattr(os, "replace", held)
        assert main(["train", "--resume", "--out", "run", "--steps", "7"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert [line.partition(": run/")[2].partition(" ")[0] for line in told] == [
        "config.json", "checkpoint.npz", "history.csv"]
    assert (Run.open(begun).game.step, Run.open(begun).config.steps) == (7, 7)
    assert main(["train", "--resume", "--out", "run", "--steps", "8"]) == 0
    assert not list(begun.glob("*.new.*"))
    assert (Run.open(begun).game.step, Run.open(begun).config.steps) == (8, 8)


def test_more_steps_are_kept_for_the_next_time(begun):
    time.sleep(0.01)
    assert main(["train", "--resume", "--out", "run", "--steps", "7"]) == 0
    assert Run.open(begun).config.steps == 7


@pytest.mark.parametrize(("name", "value"), [
    ("batch", "8"), ("batch", True), ("steps", -1), ("steps", 2**70), ("seed", -1), ("seed", 1.5), ("recipe", []),
    ("recipe", 3), ("data", None), ("dtype", 32), ("device", {}), ("settings", {"latent": 10**9})])
def test_a_config_that_is_nonsense_is_refused(begun, name, value, capsys):
    import json
    path = begun / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    message = "latent is '1000000000', expected a whole number of at least 1 and below 10000"
    assert (message if name == "settings" else f"config.json cannot be read: {name}: got ") in fails(
        capsys, "sample", "run")


def test_a_config_that_was_edited_is_named(begun, capsys):
    path = begun / "config.json"
    path.write_text(path.read_text().replace('"batch": 8', '"batch": 16'))
    assert "it was made with batch 8, not 16" in fails(capsys, "train", "--resume", "--out", "run")
