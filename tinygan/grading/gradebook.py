"""The calls of nbgrader: its gradebook, its notebooks and feedback pages, and the table of grades."""
from __future__ import annotations

import csv
import io
import os
import re
import sys
import warnings
from pathlib import Path

from tinygan.grading import GradingError
from tinygan.runs.files import write

OUTPUTS = ("release", "collected", "autograded", "feedback", "results")  # folders that grading writes
NOT_GRADED = "not-graded.txt"  # in results/STUDENT/NAME/: the submission is there, without a score; holds the reason


def api(course: Path, preprocess=None):
    """nbgrader with the course's settings; it grades the notebooks in `collected/` by calling `preprocess`.

    Feedback pages show no hidden check.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    from tinygan.grading.pages import configure
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # it calls alembic
    config = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.submitted_directory = "collected"
    _, *others = config.Autograde.autograde_preprocessors
    config.Autograde.autograde_preprocessors = [preprocess, *others] if preprocess else others
    configure(config)
    return NbGraderAPI(config=config)


def call(step, *arguments):
    """Calls a step of nbgrader; if it fails, raises GradingError with the last error in its log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's database warns
        result = step(*arguments)
    if not result["success"]:
        if result.get("error", "").rstrip().endswith("KeyboardInterrupt"):  # nbgrader catches it
            raise KeyboardInterrupt
        text = f"{result.get('error') or ''}\n{result.get('log') or ''}"
        errors = re.findall(r"^ *([\w.]+(?:Error|Exception|Entry): .*)", text, re.MULTILINE)
        raise GradingError(f"nbgrader: {(errors or ['it failed'])[-1]}")


def add_students(database: str, students) -> None:
    """Enters students into the gradebook, also those who have handed in nothing."""
    from nbgrader.api import Gradebook
    with Gradebook(database) as book:
        for student in students:
            book.update_or_create_student(student)


def table(course: Path, database: str, failed=(), zero=False) -> Path:
    """Writes `grades.csv` from the gradebook: a row for each student, a column for each assignment that somebody handed
    in, manual grades included.

    What was not handed in has an empty cell and is not in the total; zero: it counts 0 points. What was not graded has
    an empty cell, and its student no total; failed: these, as pairs (student, assignment), besides those that an
    earlier grading left. The last column names both.
    """
    from nbgrader.api import Gradebook
    lost = {*failed, *((file.parts[-3], file.parts[-2]) for file in course.glob(f"results/*/*/{NOT_GRADED}"))}
    with Gradebook(database) as book:
        works = sorted(book.assignments, key=lambda work: work.name)
        scores: dict = {(s.student_id, work.name): s.score for work in works
                        for s in book.assignment_submissions(work.name)}
        students = {student.id for student in book.students}
    handed_in = {*scores, *lost}
    most = {work.name: work.max_score for work in works if work.name in {name for _, name in handed_in}}
    rows = [["student", *most, "total", "note"], ["(points)", *most.values(), sum(most.values()), ""]]
    for student in sorted(students | {student for student, _ in handed_in}):
        missing = [name for name in most if (student, name) not in handed_in]
        ungraded = [name for name in most if (student, name) in lost]
        points = {name: scores[student, name] for name in most if name not in (*missing, *ungraded)}
        if zero:
            points.update(dict.fromkeys(missing, 0.0))
        total = "" if ungraded or not points else sum(points.values())
        note = [f"{what}: {' '.join(names)}" for what, names in (("not handed in", missing), ("not graded", ungraded))
                if names]
        rows.append([student, *(points.get(name, "") for name in most), total, "; ".join(note)])
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write(course / "grades.csv", text.getvalue().encode())
    return course / "grades.csv"
