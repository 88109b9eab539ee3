"""The lock of a run folder: one process trains in it at a time, and the lock's file blocks nothing else."""
import errno
import os
import shutil
import subprocess
import sys

import pytest
from helpers import fails, forked

from tinygan.cli import main
from tinygan.data.files import lock_file
from tinygan.runs import Config, Run, RunError

HOLD = ("import sys, time; from tinygan.runs import Run; run = Run.open(sys.argv[1], lock=True); "
        "print('held', flush=True)")
REFUSED = "another process trains here"


@pytest.fixture
def begun(tmp_path, monkeypatch, undrawn):
    """The folder of a run at step 0."""
    monkeypatch.chdir(tmp_path)
    Run.create(tmp_path / "run", Config("ring", 6, 0, 8, "float32", "cpu", "ring")).unlock()
    return tmp_path / "run"


def holder(folder, then):
    """A process that holds the run, and then executes the code."""
    command = [sys.executable, "-c", f"{HOLD}; {then}", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_process_that_is_killed_holds_nothing(begun, capsys):
    with holder(begun, "time.sleep(60)") as process:
        assert fails(capsys, "train", "--resume", "--out", "run") == f"tinygan train: run: {REFUSED}"
        with pytest.raises(RunError, match=REFUSED):
            Run.open(begun, lock=True)
        assert Run.open(begun).game.step == 0  # reading is allowed
        process.kill()
    assert main(["train", "--resume", "--out", "run"]) == 0


def test_a_process_that_ends_holds_nothing(begun):
    with holder(begun, "sys.exit()") as process:
        assert process.wait(30) == 0
    Run.open(begun, lock=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_holds_nothing_and_releases_nothing(begun):
    run = Run.open(begun, lock=True)
    assert forked(run.unlock)
    with pytest.raises(RunError, match=REFUSED):
        Run.open(begun, lock=True)


def test_a_run_is_held_until_it_is_unlocked_or_gone(begun):
    first = Run.open(begun, lock=True)
    with pytest.raises(RunError, match=f"run: {REFUSED}"):
        Run.open(begun, lock=True)
    first.unlock()
    first.unlock()  # a second time does nothing
    second = Run.open(begun, lock=True)
    with pytest.raises(RunError, match=REFUSED):
        first.lock()
    del second
    first.lock()
    first.unlock()


def test_a_new_run_is_held_from_its_start(tmp_path):
    run = Run.create(tmp_path / "run", Config("ring", 6, 0, 8, "float32", "cpu", "ring"))
    with pytest.raises(RunError, match=REFUSED):
        Run.open(tmp_path / "run", lock=True)
    run.unlock()


def test_a_copy_of_a_held_run_is_free(begun):
    held = Run.open(begun, lock=True)
    shutil.copytree(begun, begun.with_name("copy"))
    assert (begun.with_name("copy") / ".lock").exists()
    Run.open(begun.with_name("copy"), lock=True).unlock()
    held.unlock()


def test_what_lies_in_the_lock_file_does_not_matter(begun):
    (begun / ".lock").write_text("something else")
    run = Run.open(begun, lock=True)
    with pytest.raises(RunError, match=REFUSED):
        Run.open(begun, lock=True)
    run.unlock()


def test_a_held_run_can_be_looked_at(begun, capsys):
    with holder(begun, "time.sleep(60)") as process:
        assert main(["sample", "run", "-n", "4"]) == 0
        assert main(["evaluate", "run", "-n", "50"]) == 0
        process.kill()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks_does_not_stop_training(begun, monkeypatch, code):
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_):
        raise OSError(code, "no locks here")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    runs = [Run.open(begun, lock=True), Run.open(begun, lock=True)]
    for run in runs:
        run.unlock()
    assert main(["train", "--resume", "--out", "run"]) == 0


def test_a_folder_in_which_no_lock_file_can_be_made(begun):
    (begun / ".lock").unlink()
    (begun / ".lock").mkdir()
    run = Run.open(begun, lock=True)
    assert run.game.step == 0
    run.unlock()


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path):
    unlock = lock_file(tmp_path / "a.lock")
    with pytest.raises(TimeoutError):
        lock_file(tmp_path / "a.lock", timeout=0.2)
    lock_file(tmp_path / "b.lock", timeout=0)()  # another file is free
    unlock()
    lock_file(tmp_path / "a.lock", timeout=0)()
