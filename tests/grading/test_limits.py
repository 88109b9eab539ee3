"""Limits of a tree of processes and of a folder, and their removal."""
import os
import subprocess
import sys
import tempfile
import time

import pytest

pytest.importorskip("resource")  # of POSIX
from tinygan.grading import limits

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is of Linux")
CHILD = "import subprocess, sys; kept = bytearray(50 << 20); print('ready', flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {CHILD!r}]); child.wait()"


@pytest.fixture
def tree():
    """A process with a child of 50 MB."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               start_new_session=True)
    process.stdout.readline()
    yield process
    limits.kill(process.pid)
    process.wait()
    process.stdin.close()
    process.stdout.close()


@LINUX
def test_a_tree_is_counted_and_killed(tree):
    first, child = limits.processes(tree.pid)
    assert first == tree.pid
    assert 50 << 20 < limits.memory(tree.pid) < 500 << 20
    assert limits.processor_time(tree.pid) > 0
    limits.kill(tree.pid)
    assert tree.wait() == -9
    assert not alive(child)
    assert limits.memory(tree.pid) == limits.processor_time(tree.pid) == 0


def alive(pid):
    """Whether a process still runs, after a moment to end."""
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return False
        except OSError:
            return False
        time.sleep(0.01)
    return True


def test_a_folder_with_too_much(tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "file").write_bytes(bytes(3 << 20))
    assert limits.too_much_on_disk(str(tmp_path)) == ""
    monkeypatch.setattr(limits, "DISK", 2 << 20)
    assert limits.too_much_on_disk(str(tmp_path)).startswith("too much on disk: more than 2 MB")
    monkeypatch.setattr(limits, "DISK", 64 << 20)
    monkeypatch.setattr(limits, "FILES", 1)
    assert limits.too_much_on_disk(str(tmp_path)).endswith("or 1 files")


def test_an_error_of_the_machine_is_no_fault_of_a_folder(tmp_path, monkeypatch):
    def scandir(_):
        raise OSError(24, "Too many open files")
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(OSError, match="Too many open files"):
        limits.too_much_on_disk(str(tmp_path))


@LINUX
def test_closed_folders_are_removed_without_the_rights_of_root():
    """A folder that is closed to its owner cannot be moved."""
    child = os.fork()
    if not child:
        try:
            if not os.getuid():
                os.setuid(65534)
            room = tempfile.mkdtemp(dir="/tmp")
            os.makedirs(f"{room}/a/b/c")
            for closed in ("a/b/c", "a/b", "a"):
                os.chmod(f"{room}/{closed}", 0)
            limits.remove(room)
            os._exit(os.path.exists(room))
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_folder_with_everything_is_removed(tmp_path):
    """Deeper than the stack of Python and than a path may be long; closed rooms; links that are not followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("text")
    room = tmp_path / "room"
    room.mkdir()
    (room / "closed").mkdir()
    (room / "closed" / "file").write_text("text")
    (room / "closed").chmod(0)
    (room / "link").symlink_to(outside)
    os.mkfifo(room / "pipe")
    for name in ("deep", "deeper"):
        (room / name).mkdir()
        here = os.open(room / name, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("x" * 9, dir_fd=here)
            there = os.open("x" * 9, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = there
        os.close(here)
    assert limits.too_much_on_disk(str(room)).startswith("too much on disk")
    limits.remove(str(room))
    assert os.listdir(tmp_path) == ["outside"]
    assert (outside / "file").read_text() == "text"
