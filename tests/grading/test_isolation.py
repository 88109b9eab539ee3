"""The choice between the levels of isolation, and what each makes readable."""
import mmap
import os
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource")  # of POSIX
import tinygan
from tinygan.grading import GradingError, isolation
from tinygan.grading.isolation import choose  # the conftest may put another in its place
from tinygan.grading.remote import Worker

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="isolation needs Linux")


@pytest.fixture
def faults(monkeypatch):
    """Sets the faults of the levels."""
    return lambda **found: monkeypatch.setattr(isolation, "fault", lambda level: found.get(level, ""))


def test_the_first_level_that_works_is_chosen(faults):
    faults()
    assert choose() == "bubblewrap"
    faults(bubblewrap="not installed")
    assert choose(unsafe=True) == "landlock"


def test_without_isolation_the_lecturer_must_ask_for_it(faults):
    faults(bubblewrap="not installed", landlock="old")
    with pytest.raises(GradingError, match=r"^no isolation: bubblewrap: not installed; Landlock: old; .*--unsafe$"):
        choose()
    assert choose(unsafe=True) == "not isolated"


def test_what_is_readable_holds_no_secret():
    """The interpreter, its libraries and the package; not the folder around the package, no home, no temporary file."""
    places = isolation.readable()
    package = Path(tinygan.__file__).resolve().parent
    assert str(package) in places or any(package.is_relative_to(place) for place in places)
    assert all(os.path.exists(place) for place in places)
    course = package.parent / "notebooks"
    if course.exists():  # a clone
        assert not any(course.is_relative_to(place) for place in places)
    assert not {"/", "/home", "/root", "/tmp", "/etc", "/usr", str(Path.home())} & set(places)


def test_the_process_has_no_path_from_outside(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert str(tmp_path) not in " ".join(isolation.command(isolation.NONE) + isolation.readable())


@LINUX
def test_what_lies_beside_a_loaded_library_is_not_readable(tmp_path):
    """Also if the folder of a mapped file has a name like a library's."""
    for name in ("here/lib.so.1", "here/course/source.py", "here.sources/data"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "here/lib.so").symlink_to("lib.so.1")
    before = isolation.readable()
    with open(tmp_path / "here/lib.so.1") as one, open(tmp_path / "here.sources/data") as two, \
            mmap.mmap(one.fileno(), 0, access=mmap.ACCESS_READ), mmap.mmap(two.fileno(), 0, access=mmap.ACCESS_READ):
        found = set(isolation.readable()) - set(before)
    assert found == {str(tmp_path / "here/lib.so"), str(tmp_path / "here/lib.so.1")}


@LINUX
def test_a_level_that_does_not_work_gives_its_reason(monkeypatch):
    isolation.fault.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert isolation.fault("bubblewrap") == "the package bubblewrap is not installed"
    monkeypatch.setattr(isolation, "command", lambda level: [sys.executable, "-c", "raise OSError('no room')"])
    assert isolation.fault("landlock") == "no process for an answer (landlock): OSError: no room"
    monkeypatch.setattr(isolation, "command", lambda level: ["/nowhere/python"])
    isolation.fault.cache_clear()
    assert "/nowhere/python" in isolation.fault("landlock")
    ends = "import sys; sys.path[:] = {!r}; import tinygan.grading.worker as w; w._answer = exit; w.main()"
    monkeypatch.setattr(isolation, "command", lambda level: [sys.executable, "-c", ends.format(sys.path)])
    isolation.fault.cache_clear()
    assert isolation.fault("landlock") == "the process ended with status 1 before it answered"
    monkeypatch.setattr(sys, "platform", "darwin")
    isolation.fault.cache_clear()
    assert isolation.fault("landlock") == "it needs Linux, and this is darwin"
    isolation.fault.cache_clear()


@LINUX
def test_a_process_proves_its_isolation_before_it_runs_an_answer(monkeypatch):
    """If a file of the grader can still be read, the level is at fault."""
    if isolation.fault("landlock"):
        pytest.skip(isolation.fault("landlock"))
    monkeypatch.setattr(isolation, "readable", lambda: ["/"])
    isolation.fault.cache_clear()
    assert "can be read, in spite of the isolation" in isolation.fault("landlock")
    isolation.fault.cache_clear()


@LINUX
@pytest.mark.parametrize("level", ["bubblewrap", "landlock"])
def test_an_interpreter_in_the_temporary_folder_is_readable(level, monkeypatch, tmp_path):
    """Bubblewrap shows an empty /tmp, and in it what must be readable; the folder of the task is another one."""
    if isolation.fault(level):
        pytest.skip(isolation.fault(level))
    places = isolation.readable()
    (tmp_path / "library").write_text("text")
    monkeypatch.setattr(isolation, "readable", lambda: [*places, str(tmp_path)])
    cell = f"assert open('{tmp_path}/library').read() == 'text'\nopen('file', 'w').close()"
    with Worker([("answer", cell)], level=level):
        pass
