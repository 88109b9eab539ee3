"""Names and places of a class are checked before anything runs."""
import os
import unicodedata

import pytest

from tinygan.grading import GradingError, MachineError
from tinygan.grading.roster import check_outside, check_places, handed_in_by, students


@pytest.fixture
def room(tmp_path):
    (tmp_path / "course" / "source").mkdir(parents=True)
    (tmp_path / "submitted").mkdir()
    return tmp_path


def test_students_by_the_name_in_the_reports(room):
    for name in ("ada", "=1", ".git"):
        (room / "submitted" / name).mkdir()
    (room / "submitted" / "notes.txt").write_text("x")
    assert students(room / "submitted") == {
        "%2Egit": room / "submitted/.git", "%3D1": room / "submitted/=1", "ada": room / "submitted/ada"}
    assert students(room / "nowhere") == students(room / "submitted" / "notes.txt") == {}


@pytest.mark.parametrize(("one", "other"), [
    ("ada", "Ada"), ("straße", "STRASSE"), (unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"))])
def test_two_students_with_one_name(room, one, other):
    for name in (one, other):
        (room / "submitted" / name).mkdir()
    with pytest.raises(GradingError, match="are one name to some file systems and tables: rename a folder"):
        students(room / "submitted")


@pytest.mark.parametrize("name", ["release", "collected", "autograded", "feedback", "results"])
def test_places_that_grading_writes(room, name):
    (room / "course" / name).mkdir()
    with pytest.raises(GradingError, match="belongs to the course"):
        check_places(room / "course", room / "course" / name)
    (room / "course" / name).rmdir()
    (room / "course" / name).symlink_to(room / "submitted")
    with pytest.raises(GradingError, match=f"{name} is a link: remove it"):
        check_places(room / "course", room / "submitted")


def test_places(room):
    check_places(room / "course", room / "submitted")
    check_places(room / "course", room / "course" / "submitted")
    for wrong in (room / "course", room / "course" / "source"):
        with pytest.raises(GradingError, match="belongs to the course, expected a folder with the students' folders"):
            check_places(room / "course", wrong)
    (room / "a[b]").mkdir()
    with pytest.raises(GradingError, match=r"a\[b\] has \[ in its name, which nbgrader takes for a pattern"):
        check_places(room / "a[b]", room / "submitted")


def test_a_course_that_a_students_code_can_read(room):
    (room / "link").symlink_to(room / "course")
    check_outside([room / "course", room / "submitted"], ["/usr/lib", str(room / "course" / "venv")])
    for place in (room / "course", room / "link"):
        with pytest.raises(GradingError, match="which a student's code can read: move it"):
            check_outside([place], ["/usr/lib", str(room)])


def test_what_a_student_handed_in(room, monkeypatch):
    folder = room / "submitted" / "ada"
    (folder / "02").mkdir(parents=True)
    (folder / "03").symlink_to("nowhere")
    assert handed_in_by(folder, ["01", "02", "03"]) == ["02", "03"]
    (room / "submitted" / "eve").symlink_to(folder)
    with pytest.raises(MachineError, match="the folder is a link"):
        handed_in_by(room / "submitted" / "eve", ["02"])

    def refused(path):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(MachineError, match="the folder cannot be read: Permission denied"):
        handed_in_by(folder, ["02"])
