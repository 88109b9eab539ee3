"""The process of a student's code, seen from outside: it starts isolated or not at all, and leaves nothing."""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

import pytest

pytest.importorskip("resource")  # of POSIX
from test_limits import alive

from tinygan.grading import MachineError, grader, isolation, limits
from tinygan.grading.checks import CheckError
from tinygan.grading.process import Process
from tinygan.grading.remote import Worker


def slow(value):
    return pytest.param(value, marks=pytest.mark.slow)


LITTER = {
    "nothing": "",
    "folders in folders": "for i in range(1200):\n    os.mkdir('room' * 9)\n    os.chdir('room' * 9)",
    "closed folders": "os.mkdir('room', 0)\nos.mkdir('rooms')\nopen('rooms/file', 'w').close()\nos.mkdir('rooms/x', 0)",
    "a thread without end": "import threading\nthreading.Thread(target=threading.Event().wait).start()",
    "an exit that waits": "import atexit, time\natexit.register(time.sleep, 99)",
}


@pytest.mark.parametrize("litter", [name if name == "nothing" else slow(name) for name in LITTER])
@pytest.mark.parametrize("level", [isolation.BUBBLEWRAP, isolation.LANDLOCK, slow(isolation.NONE)])
def test_nothing_is_left(level, litter):
    if level != isolation.NONE and isolation.fault(level):
        pytest.skip(isolation.fault(level))
    worker = Worker([("answer", "import os\n" + LITTER[litter])], level=level)
    process = worker.process
    numbers = []
    with contextlib.suppress(CheckError), worker:  # too many folders may end it
        numbers = limits.processes(process.child.pid)
        assert os.path.isdir(process.folder)
        assert process.child.poll() is None
    assert not os.path.exists(process.room)
    assert process.child.poll() is not None
    assert not any(alive(number) for number in numbers)


@pytest.mark.parametrize("failure", [
    ("tempfile.mkdtemp", OSError(28, "No space left on device")),
    ("subprocess.Popen", OSError(24, "Too many open files"))])
def test_an_error_of_the_machine_is_none_of_the_answer(monkeypatch, failure):
    def fail(*_, **__):
        raise failure[1]
    monkeypatch.setattr(failure[0], fail)
    with pytest.raises(MachineError, match=failure[1].strerror), Process(1, 1024, isolation.NONE):
        pass


def test_a_process_that_does_not_start_is_an_error_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(isolation, "command", lambda level: [sys.executable, "-c", "raise MemoryError('none')"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(MachineError, match=r"^no process for an answer \(not isolated\): MemoryError: none$"), \
            Process(1, 1024, isolation.NONE):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("level", [slow(isolation.BUBBLEWRAP), isolation.LANDLOCK, slow(isolation.NONE)])
def test_nothing_is_left_when_the_grader_is_killed(level):
    """The answer sleeps, so no limit of processor time ends it."""
    if level != isolation.NONE and isolation.fault(level):
        pytest.skip(isolation.fault(level))
    code = f"""
from tinygan.grading import limits
from tinygan.grading.messages import packed
from tinygan.grading.process import Process
with Process(1, 1024, {level!r}) as process:
    process._write(packed(repr([("answer", "import time; time.sleep(99)")])))
    print(process.room, *limits.processes(process.child.pid), flush=True)
    process.child.wait()
"""
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    room, *numbers = grader.stdout.readline().split()
    grader.kill()
    grader.wait()
    grader.stdout.close()
    limits.remove(room)
    assert numbers
    assert not any(alive(number) for number in numbers)


def test_a_pipe_that_is_emptied_before_it_is_read_stops_nobody():
    """The process can open the pipe of its answers too."""
    waits = iter(range(5))

    def ready(*_):
        if next(waits, None) is None:
            raise EOFError

    with Process(1, 1024, isolation.NONE) as process:
        process._wait = ready
        with pytest.raises(EOFError):
            process._read(1)


def test_an_interrupted_grading_waits_for_nobody(monkeypatch):
    """Ctrl-C ends the processes of all tasks at once."""
    def task(work, name, *_):
        if name == "interrupted":
            while not Process.running:
                time.sleep(0.01)
            raise KeyboardInterrupt
        with contextlib.suppress(CheckError), Worker([("", "import time\ntime.sleep(99)")], level=isolation.NONE):
            pass

    monkeypatch.setattr(grader, "grade_task", task)
    monkeypatch.setattr(grader, "cores", lambda: 2)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        grader.grade(grader.Assignment("work", [], {}, ["interrupted", "waiting"]), {})
    assert time.monotonic() - start < 15
    assert not Process.running
