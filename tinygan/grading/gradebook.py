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

SHOWN = 10_000  # characters of an answer on a page: the time to colour them grows with their square

FEEDBACK = ["nbgrader.preprocessors.GetGrades", "nbgrader.preprocessors.ClearHiddenTests",
            "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]


def api(course: Path, preprocess=None):
    """nbgrader with the course's settings; it grades the notebooks in `collected/` by calling `preprocess`.

    Feedback pages show no hidden check.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # it calls alembic
    config = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.submitted_directory = "collected"
    _, *others = config.Autograde.autograde_preprocessors
    config.Autograde.autograde_preprocessors = [preprocess, *others] if preprocess else others
    config.GenerateFeedback.setdefault("preprocessors", FEEDBACK)
    config.GenerateFeedback.preprocessors = [shown, *config.GenerateFeedback.preprocessors]
    config.HighlightMagicsPreprocessor.enabled = False  # `%%perl` would choose the program that colours an answer
    return NbGraderAPI(config=config)


def shown(notebook, resources):
    """Changes the answers for a page: no marks of hidden checks, which nbgrader refuses, and a bounded size."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            text = cell.source.replace("HIDDEN TESTS", "hidden tests")
            cell.source = text if len(text) <= SHOWN else f"{text[:SHOWN]}\n# the page ends here, not the answer"
    return notebook, resources


def call(step, *arguments):
    """Calls a step of nbgrader; if it fails, raises GradingError with the last error in its log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's database warns
        result = step(*arguments)
    if not result["success"]:
        if result.get("error", "").rstrip().endswith("KeyboardInterrupt"):  # nbgrader catches it
            raise KeyboardInterrupt
        errors = re.findall(r"^ *([\w.]+(?:Error|Exception|Entry): .*)", result.get("log") or "", re.MULTILINE)
        raise GradingError(f"nbgrader: {(errors or ['it failed'])[-1]}")


def table(course: Path, database: str, failed=()) -> Path:
    """Writes `grades.csv` from the gradebook: a row per student, a column per assignment, manual grades included.

    A submission that was not graded has an empty cell, and its student no total. failed: these, as pairs (student,
    assignment), besides those that an earlier grading left.
    """
    from nbgrader.api import Gradebook
    with Gradebook(database) as book:
        works = sorted(book.assignments, key=lambda work: work.name)
        scores = {(s.student_id, work.name): s.score for work in works for s in book.assignment_submissions(work.name)}
        most = {work.name: work.max_score for work in works}
    empty = {*failed, *((file.parts[-3], file.parts[-2]) for file in course.glob(f"results/*/*/{NOT_GRADED}"))}
    rows = [["student", *most, "total"], ["(points)", *most.values(), sum(most.values())]]
    for student in sorted({student for student, _ in (*scores, *empty)}):
        points = ["" if (student, work) in empty else scores.get((student, work), 0.0) for work in most]
        rows.append([student, *points, "" if "" in points else sum(points)])
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write(course / "grades.csv", text.getvalue().encode())
    return course / "grades.csv"
