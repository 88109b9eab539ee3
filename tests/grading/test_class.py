"""A class is graded whatever happens with one student: faults, interruption, changed files; and what students read."""
import csv
import errno
import html
import importlib.util
import json
import os
import re
import shutil

import pytest

if not importlib.util.find_spec("nbgrader"):
    pytest.skip("nbgrader is not installed", allow_module_level=True)
from classroom import FIRST, hand_in
from kit import COURSE, NAMES, assignments, course_of, stub, work

from tinygan.data.files import lock_file
from tinygan.grading import GradingError, gradebook, grader
from tinygan.grading import course as courses
from tinygan.grading.publish import secrets

pytestmark = pytest.mark.slow


class Class:
    """A course with the first assignment alone, and students who hand in right answers, called as in this process."""

    def __init__(self, room, students):
        self.course, self.submitted = room / "course", room / "submitted"
        for student in students:
            answers = work(FIRST).solutions
            hand_in(self.submitted / student / FIRST, FIRST, {key: f"{text}  # {student}" for key, text in
                                                              answers.items()}, plain=False)

    def grade(self):
        return courses.grade(self.course, self.submitted)[1]

    def points(self):
        """The cells of the assignment and of the total, by student."""
        with open(self.course / "grades.csv") as file:
            return {row["student"]: (row[FIRST], row["total"]) for row in csv.DictReader(file)}


FULL, NONE = ("20.0", "20.0"), ("", "")


@pytest.fixture
def group(tmp_path):
    course_of(tmp_path / "course", FIRST)
    return Class(tmp_path, ["ada", "bob", "cleo"])


@pytest.mark.parametrize("fault", ["room", "page", "memory"])
def test_a_fault_of_the_machine_costs_no_points_and_stops_nobody(group, monkeypatch, capsys, fault):
    """No room on the disk, no feedback page, no memory: for one student, and only there is the cell empty."""
    grade, call = grader.grade, gradebook.call

    def failing(works, answers, *rest, **options):
        if "# bob" in str(answers) and fault != "page":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if fault == "room" else MemoryError("large")
        return grade(works, answers, *rest, **options)

    def failing_call(step, *arguments):
        if arguments[1:] == ("bob",) and step.__name__ == "generate_feedback":
            raise GradingError("nbgrader: no page")
        call(step, *arguments)
    with monkeypatch.context() as patch:
        patch.setattr(grader, "grade", failing)
        if fault == "page":
            patch.setattr(gradebook, "call", failing_call)
        assert group.grade() == 1
    assert group.points() == {"(points)": FULL, "ada": FULL, "bob": NONE, "cleo": FULL}
    cause = {"room": "No space left on device", "page": "nbgrader: no page", "memory": "MemoryError: large"}[fault]
    assert re.search(f"bob {FIRST}: not graded: .*{cause}", capsys.readouterr().out)
    assert sorted(os.listdir(group.course / "results" / "bob" / FIRST)) == ["not-graded.txt"]
    gradebook.table(group.course, f"sqlite:///{group.course / 'gradebook.db'}")  # also when others are graded later
    assert group.points()["bob"] == NONE
    assert group.grade() == 0
    assert group.points()["bob"] == FULL
    assert sorted(os.listdir(group.course / "results" / "bob" / FIRST)) == ["results.json"]


@pytest.mark.parametrize("where", ["grading", "nbgrader"])
def test_an_interrupted_grading_keeps_what_was_graded(group, monkeypatch, where):
    grade = grader.grade

    def interrupted(works, answers, *rest, **options):
        if "# bob" in str(answers):
            raise KeyboardInterrupt
        return grade(works, answers, *rest, **options)
    if where == "grading":
        monkeypatch.setattr(grader, "grade", interrupted)
    else:
        prints = print
        monkeypatch.setattr(courses, "print", lambda *parts, **options: interrupted(0, "# bob") if parts[0].startswith(
            "bob") else prints(*parts, **options), raising=False)  # nbgrader catches every error in a preprocessor
    with pytest.raises(KeyboardInterrupt):
        group.grade()
    assert group.points() == {"(points)": FULL, "ada": FULL, "bob": NONE, "cleo": NONE}


def test_a_change_of_the_course_stops_grading(group, monkeypatch):
    grade = grader.grade

    def changing(works, answers, *rest, **options):
        if "# bob" in str(answers):
            (group.course / "source" / FIRST / "more.py").write_text("x = 1")
        return grade(works, answers, *rest, **options)
    monkeypatch.setattr(grader, "grade", changing)
    with pytest.raises(GradingError, match=r"more\.py is new while the submission of bob was graded"):
        group.grade()
    assert group.points() == {"(points)": FULL, "ada": FULL, "bob": NONE, "cleo": NONE}


def test_one_process_grades_a_course_at_a_time(group):
    unlock = lock_file(group.course / ".grading.lock")
    with pytest.raises(GradingError, match="another process grades in"):
        group.grade()
    with pytest.raises(GradingError, match="another process grades in"):
        courses.release(group.course)
    unlock()
    assert group.grade() == 0


def test_the_seed_of_a_class(group):
    """It is drawn once and kept where students cannot see it; the results do not contain it."""
    seed = courses.class_seed(group.course)
    assert courses.class_seed(group.course) == seed != courses.class_seed(group.submitted)
    assert courses.class_seed(group.course, 3) == 3
    assert (group.course / "seed").stat().st_mode & 0o777 == 0o600
    assert group.grade() == 0
    for file in (group.course / "results").rglob("*.json"):
        assert str(seed) not in file.read_text()
        assert json.loads(file.read_text())["extra_data"]["isolation"] in ("bubblewrap", "landlock")
    for wrong in ("", "-1", "1.5", "9" * 100, "\u0663"):
        (group.course / "seed").write_text(wrong)
        with pytest.raises(GradingError, match="expected a whole number, the seed of the hidden cases"):
            group.grade()


def test_another_seed_draws_other_hidden_cases(group, monkeypatch):
    drawn = []
    monkeypatch.setattr(grader, "run", lambda check, f, case: drawn.append(case.normal((3,)).tolist()))
    task = work(FIRST).tasks[0]
    for seed in (1, 1, 2, 2**63):
        grader.grade_task(work(FIRST), task, work(FIRST).solutions, seed)
    many = len(drawn) // 4
    one, again, *others = [drawn[k * many:(k + 1) * many] for k in range(4)]
    assert one == again
    assert not any(other[i] == one[i] for other in others for i in range(len(one)))


def test_a_students_folder_that_is_a_link(group, tmp_path):
    (group.submitted / "cleo").rename(tmp_path / "elsewhere")
    (group.submitted / "cleo").symlink_to(tmp_path / "elsewhere")
    status, said = assignments("grade", group.submitted, "--course", group.course)
    assert status == 1, said
    assert "cleo: not graded: the folder is a link" in said
    assert said.splitlines()[-1] == str(group.course / "grades.csv")
    assert group.points() == {"(points)": FULL, "ada": FULL, "bob": FULL, "cleo": NONE}


def lines_of(file):
    """The lines of a page as they are read, or of a file of results."""
    text = file.read_text()
    if file.suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]+>", "", text[text.index("<body"):]))
    return {line.strip() for line in text.replace("\\n", "\n").splitlines()}


def test_students_read_no_hidden_check(tmp_path):
    """Neither a feedback page nor the results contain a line of a hidden check or a solution; the reasons stay."""
    shutil.copytree(COURSE, tmp_path / "course")
    for name in NAMES:
        hand_in(tmp_path / "submitted" / "ada" / name, name, stub(name), plain=False)
    assert courses.grade(tmp_path / "course", tmp_path / "submitted")[1] == 0
    for name in NAMES:
        secret = {line for line in secrets((COURSE / "source" / name / f"{name}.py").read_text()) if len(line) > 5}
        page = tmp_path / "course/feedback/ada" / name / f"{name}.html"
        results = tmp_path / "course/results/ada" / name / "results.json"
        assert len(secret) >= 8
        assert not secret & (lines_of(page) | lines_of(results))
        assert not any(word in page.read_text() for word in ("hidden(", "HIDDEN TESTS", "BEGIN SOLUTION"))
        assert sum("NotImplementedError" in line for line in lines_of(page)) > len(work(name).tasks)
        assert any("public" in line for line in lines_of(page))
