"""The course on disk: release, collection, grades and nbgrader's database. Needs the extra `grading`."""
import csv
import filecmp
import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

if not importlib.util.find_spec("nbgrader"):
    pytest.skip("nbgrader is not installed", allow_module_level=True)
from classroom import FIRST, gather, hand_in
from kit import COURSE, NAMES, assignments, course_of, stub, work

pytestmark = pytest.mark.slow
PLAIN = "01_pull_backs.py"


@pytest.fixture
def course(tmp_path):
    """A course with the first assignment alone."""
    return course_of(tmp_path / "course", FIRST)


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
    (rooms["n-unmarked"] / "timestamp.txt").write_text(f"{'9' * 30}.'{'9' * 30}h01")  # a decimal that is too long
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
