"""`tinygan assignments`: its calls of the course, and its errors."""
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import fails

import tinygan.grading
from tinygan.cli import main


@pytest.fixture
def course(monkeypatch):
    """A stand-in for tinygan.grading.course that records its calls."""
    asked = []
    played = SimpleNamespace(release=lambda course: asked.append(("release", course)) or [course / "a", course / "b"],
                             grade=lambda *given: asked.append(("grade", *given)) or (given[0] / "grades.csv", 0))
    monkeypatch.setattr("tinygan.grading.course", played, raising=False)
    monkeypatch.setitem(sys.modules, "tinygan.grading.course", played)
    return played, asked


def test_release_and_grade(course, capsys):
    assert main(["assignments", "release"]) == 0
    assert main(["assignments", "grade", "submitted", "--course", "mine", "--seed", "7"]) == 0
    assert capsys.readouterr().out.splitlines() == ["notebooks/assignments/a", "notebooks/assignments/b",
                                                    "mine/grades.csv"]
    assert course[1] == [("release", Path("notebooks/assignments")),
                         ("grade", Path("mine"), Path("submitted"), 7, False)]


def test_what_was_not_graded_is_exit_status_1(course, capsys):
    course[0].grade = lambda *given: (Path(f"{given[2:]}"), 2)
    assert main(["assignments", "grade", "submitted", "--unsafe"]) == 1
    assert capsys.readouterr().out == "(None, True)\n"


def test_publish(monkeypatch, capsys):
    from tinygan.grading import publish
    monkeypatch.setattr(publish, "publish", lambda course, to: course / to)
    assert main(["assignments", "publish", "out", "--course", "mine"]) == 0
    assert capsys.readouterr().out == "mine/out\n"


def test_what_is_missing_is_named(course, capsys):
    def release(_):
        raise ModuleNotFoundError("No module named 'nbgrader'", name="nbgrader")
    course[0].release = release
    assert fails(capsys, "assignments", "release") == (
        "tinygan assignments: nbgrader is missing: pip install 'tinygan[grading]'")


def test_a_platform_that_cannot_limit_processes_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "resource", None)
    for name in ("course", "grader", "remote", "worker"):
        monkeypatch.delitem(sys.modules, f"tinygan.grading.{name}", raising=False)
        monkeypatch.delattr(tinygan.grading, name, raising=False)
    assert fails(capsys, "assignments", "grade", "submitted") == (
        "tinygan assignments: assignments run in processes with limits of time and memory, which need a POSIX system: "
        "Linux, macOS, or WSL on Windows")


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "the following arguments are required: ACTION"), (["mark"], "invalid choice: 'mark'"),
    (["publish"], "the following arguments are required: DIR"),
    (["grade"], "the following arguments are required: SUBMITTED_DIR"),
    (["grade", "here", "--seed", "-1"], "'-1' is not a whole number of at least 0"),
    (["release", "--course", "nowhere"], "nowhere"),
])
def test_mistakes_are_one_line(arguments, message, capsys):
    assert message in fails(capsys, "assignments", *arguments)
