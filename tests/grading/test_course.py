"""The course on disk: release, collection, grades and nbgrader's database. Needs the extra `grading`."""
import csv
import errno
import filecmp
import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

if not importlib.util.find_spec("nbgrader"):
    pytest.skip("nbgrader is not installed", allow_module_level=True)
from classroom import FIRST, gather, hand_in
from kit import COURSE, NAMES, stub, work

from tinygan.data.files import lock_file
from tinygan.grading import GradingError, gradebook, grader
from tinygan.grading import course as courses
from tinygan.grading.publish import secrets

pytestmark = pytest.mark.slow
PLAIN = "01_pull_backs.py"


def assignments(*arguments):
    """`tinygan assignments ...`: its exit status and its output."""
    done = subprocess.run([sys.executable, "-m", "tinygan.cli", "assignments", *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def course(tmp_path):
    """A course with the first assignment alone."""
    folder = tmp_path / "course"
    shutil.copytree(COURSE / "source" / FIRST, folder / "source" / FIRST)
    shutil.copy(COURSE / "nbgrader_config.py", folder)
    return folder


def scores(course):
    with open(course / "grades.csv") as file:
        rows = [*csv.DictReader(file)]
    return {row["student"]: {k: v and float(v) for k, v in row.items() if k in NAMES} for row in rows}


def test_the_release_is_what_the_sources_generate(tmp_path):
    shutil.copytree(COURSE, tmp_path / "course", ignore=shutil.ignore_patterns("release"))
    status, said = assignments("release", "--course", tmp_path / "course")
    assert status == 0, said
    for name in NAMES:
        one, other = COURSE / "release" / name, tmp_path / "course" / "release" / name
        files = sorted(path.name for path in other.iterdir())
        assert files == sorted(path.name for path in one.iterdir())
        assert filecmp.cmpfiles(one, other, files, shallow=False) == (files, [], [])


def test_a_class(tmp_path):
    """Right, partly right, wrong and hostile: everyone's points, reasons, feedback page, results.json."""
    shutil.copytree(COURSE, tmp_path / "course")
    expected = gather(tmp_path / "submitted", 8)
    status, said = assignments("grade", tmp_path / "submitted", "--course", tmp_path / "course")
    assert status == 0, said
    found = scores(tmp_path / "course")
    assert {student: found[student][name] for student, (name, _) in expected.items()} == {
        student: points for student, (_, points) in expected.items()}
    for student, (name, points) in expected.items():
        results = json.loads((tmp_path / "course/results" / student / name / "results.json").read_text())
        assert results["score"] == sum(test["score"] for test in results["tests"]) == points
        page = (tmp_path / "course/feedback" / student / name / f"{name}.html").read_text()
        failed = [test for test in results["tests"] if not test["score"]]
        assert all(test["status"] == "failed" and len(test["output"]) > 10 for test in failed)
        assert f"Score: {points:g}" in page.replace(f"{points}", f"{points:g}")


def test_files_that_are_no_submission(tmp_path, course):
    """Each gets no points and a reason; the next student gets the right points."""
    right = work(FIRST).solutions
    rooms = {who: tmp_path / "submitted" / who / FIRST for who in (
        "b-text", "c-deep", "d-empty", "e-link", "f-large", "g-list", "h-latin", "i-richer", "j-twice",
        "k-half", "l-long", "m {0} o'N\u00fc, B. (2)", "n-unmarked", "o-pipes", "p-device",
        "z-right")}
    for who, room in rooms.items():
        if who[0] in "ijmopz":
            hand_in(room, FIRST, stub(FIRST) if who == "i-richer" else right, plain=False)
        else:
            room.mkdir(parents=True)
    (rooms["b-text"] / f"{FIRST}.ipynb").write_text("my answer")
    (rooms["c-deep"] / f"{FIRST}.ipynb").write_text("[" * 100000)
    (rooms["e-link"] / PLAIN).symlink_to(COURSE / "source" / FIRST / f"{FIRST}.py")
    (rooms["f-large"] / f"{FIRST}.ipynb").write_bytes(b" " * (33 << 20))
    (rooms["g-list"] / f"{FIRST}.ipynb").write_text('{"cells": [1, 2]}')
    (rooms["h-latin"] / PLAIN).write_bytes("# %% softsign-answer\n'\u00fc'".encode("latin-1"))
    hand_in(tmp_path / "marked", FIRST, right, plain=True)
    (rooms["n-unmarked"] / "mine.py").write_text((tmp_path / "marked" / PLAIN).read_text().replace("# %%", "#"))
    (rooms["k-half"] / f"{FIRST}.ipynb").write_text(
        '{"cells": [{"metadata": {"nbgrader": {"grade_id": "softsign-answer"}}, "source": "\\ud800"}]}')
    (rooms["l-long"] / PLAIN).write_text("# %% softsign-answer\n" + "x = 1; " * 20000)
    os.mkfifo(rooms["o-pipes"] / "timestamp.txt")
    os.mkfifo(rooms["o-pipes"] / "more.ipynb")
    (rooms["p-device"] / "timestamp.txt").symlink_to("/dev/zero")
    (rooms["p-device"] / "more.zip").symlink_to("/dev/zero")
    (rooms["z-right"] / "timestamp.txt").write_text("99-99-99 noon")
    rich = rooms["i-richer"] / f"{FIRST}.ipynb"
    rich.write_text(rich.read_text().replace('"points": 4', '"points": 400').replace("public(", "print("))
    twice = json.loads((rooms["j-twice"] / f"{FIRST}.ipynb").read_text())
    twice["cells"] += [dict(cell, source="1 / 0") for cell in twice["cells"]]
    (rooms["j-twice"] / f"{FIRST}.ipynb").write_text(json.dumps(twice))
    status, said = assignments("grade", tmp_path / "submitted", "--course", course)
    assert status == 0, said
    assert {who: row[FIRST] for who, row in scores(course).items() if who in rooms} == {
        who: 20 if who[0] in "jmnopz" else 0 for who in rooms}
    results = {who: json.loads((course / "results" / who / FIRST / "results.json").read_text()) for who in rooms}
    for who, says in {"b-text": "cannot be read", "c-deep": "cannot be read", "d-empty": "no file handed in",
                      "e-link": "no file handed in", "f-large": "more than 32 MB", "g-list": "cannot be read",
                      "h-latin": "cannot be read", "k-half": "cannot be read", "l-long": "more than 100000 bytes",
                      "i-richer": "NotImplementedError"}.items():
        assert says in results[who]["tests"][0]["output"]


def test_names_that_reports_cannot_hold_and_files_that_are_not_graded(tmp_path, course):
    """Every student is graded, whatever the folder is called; the student reads which file was graded."""
    right, submitted = work(FIRST).solutions, tmp_path / "submitted"
    for folder in (os.fsdecode(b"\xff\n"), ".a[1]", "-x", '\U0001f600 "q", {0}', "y" * 255):
        hand_in(submitted / folder / FIRST, FIRST, right, plain=False)
    two = submitted / "two" / FIRST
    hand_in(two, FIRST, {**stub(FIRST), "softsign-answer": "1 / 0"}, plain=False)
    hand_in(two, FIRST, {**right, "softsign-answer": "%matplotlib inline\n" + right["softsign-answer"]}, plain=True)
    (two / PLAIN).write_text("\ufeff" + (two / PLAIN).read_text())
    shutil.copy(COURSE / "release" / FIRST / f"test_{PLAIN}", two)
    (two / "timestamp.txt").symlink_to("/dev/zero")
    (submitted / "link").mkdir()
    (submitted / "link" / FIRST).symlink_to(tmp_path / "nowhere")
    (submitted / "nobody" / "02").mkdir(parents=True)
    status, said = assignments("grade", submitted, "--course", course)
    assert status == 0, said
    assert {who: row[FIRST] for who, row in scores(course).items()} == {**dict.fromkeys(
        ("%FF%0A", "%2Ea%5B1%5D", "%2Dx", '\U0001f600 "q", {0}', "y" * 255, "(points)", "two"), 20), "link": 0}
    note = f"graded: {PLAIN} (4 answers), not graded: {FIRST}.ipynb (1)"
    assert {r"'\udcff\n' is %FF%0A in the reports", "nobody: not graded, without a folder of an assignment",
            f"two {FIRST}: {note}"} <= set(said.splitlines())
    assert json.loads((course / "results" / "two" / FIRST / "results.json").read_text())["output"] == note
    assert note in (course / "feedback" / "two" / FIRST / f"{FIRST}.html").read_text()
    assert f"{FIRST} is a link" in (course / "feedback" / "link" / FIRST / f"{FIRST}.html").read_text()


def test_nbgrader_alone_grades_without_running_anything(tmp_path, course):
    """`nbgrader autograde` in the course: the same judge, and a notebook that lacks its check cells has them back."""
    assert assignments("release", "--course", course)[0] == 0
    room = course / "submitted" / "ada" / FIRST
    hand_in(room, FIRST, {**work(FIRST).solutions, "softsign-answer": "1 / 0"}, plain=False)
    book = json.loads((room / f"{FIRST}.ipynb").read_text())
    book["cells"] = [cell for cell in book["cells"] if not cell["metadata"].get("nbgrader", {}).get("grade")]
    (room / f"{FIRST}.ipynb").write_text(json.dumps(book))
    for command in (["autograde", FIRST], ["export"]):
        subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=course, check=True, capture_output=True)
    [row] = csv.DictReader((course / "grades.csv").read_text().splitlines())
    assert (row["student_id"], float(row["score"])) == ("ada", 16)
    by_hand = f"from nbgrader.api import Gradebook as Book\nwith Book('sqlite:///gradebook.db') as book:\n" \
              f"    book.find_grade('softsign', {FIRST!r}, {FIRST!r}, 'ada').manual_score = 3\n    book.db.commit()"
    subprocess.run([sys.executable, "-c", by_hand], cwd=course, check=True)
    assert assignments("grade", course / "submitted", "--course", course)[0] == 0
    assert scores(course) == {"ada": {FIRST: 19}, "(points)": {FIRST: 20}}


@pytest.mark.parametrize("right", [True, False])
def test_plain_pytest(tmp_path, right):
    """Without notebooks: the released test file next to a student's file; one test for each check cell."""
    hand_in(tmp_path / "at", FIRST, work(FIRST).solutions if right else stub(FIRST), plain=True)
    shutil.copy(COURSE / "release" / FIRST / f"test_{PLAIN}", tmp_path / "at")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", f"test_{PLAIN}"], cwd=tmp_path / "at",
                          capture_output=True, text=True, check=False)
    assert ("4 passed" if right else "4 failed") in done.stdout, done.stdout


def test_mistakes_of_the_user(tmp_path, course):
    """One line, exit status 2."""
    (tmp_path / "empty").mkdir()
    for arguments, says in [(["release", "--course", tmp_path], "is no course"),
                            (["grade", tmp_path / "empty", "--course", course], "holds no submission"),
                            (["grade", tmp_path / "nowhere", "--course", course], "holds no submission")]:
        status, said = assignments(*arguments)
        assert (status, len(said.splitlines())) == (2, 1)
        assert says in said
    source = course / "source" / FIRST / f"{FIRST}.py"
    right = source.read_text()
    hand_in(tmp_path / "one" / "ada" / FIRST, FIRST, work(FIRST).solutions, plain=False)
    for text, says in [(right.replace("\nhidden(check_soft", "\nif True: hidden(check_soft"), "lines of their own"),
                       (right.replace("g / (1 + tg.abs(x)) ** 2", "g"), "the reference gets no points for softsign")]:
        source.write_text(text)
        status, said = assignments("grade", tmp_path / "one", "--course", course)
        assert (status, len(said.splitlines())) == (2, 1)
        assert says in said
        assert scores(course)["ada"] == {FIRST: ""}  # grades.csv is written all the same


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
def group(tmp_path, course):
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
