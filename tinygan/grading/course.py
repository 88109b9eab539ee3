"""A course on disk, managed by nbgrader; our grader replaces nbgrader's Execute preprocessor.

`source/NAME/NAME.py` is the one source. `release` makes the students' files from it, `grade` scores submissions. Both
call nbgrader, so its gradebook, feedback pages and form grader work as usual. Needs `pip install 'tinygan[grading]'`.
"""
from __future__ import annotations

import contextlib
import csv
import functools
import json
import os
import re
import shutil
import sys
import warnings
from pathlib import Path

from tinygan.grading import GradingError, grader, submission
from tinygan.grading.submission import plain

_TESTS = '''"""The public checks of {file}: `python -m pytest test_{file}`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("{file}")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))'''


def source(course: Path, name: str) -> Path:
    """The path of the source of an assignment."""
    return course / "source" / name / f"{name}.py"


def names(course: Path) -> list[str]:
    """The names of the assignments of a course; GradingError if the folder is not a course."""
    found = sorted(path.name for path in (course / "source").glob("*") if source(course, path.name).is_file())
    if not found or not (course / "nbgrader_config.py").is_file():
        raise GradingError(f"{course} is no course: expected nbgrader_config.py and source/NAME/NAME.py; see --course")
    return found


def release(course: Path) -> list[Path]:
    """Makes the `release/` folder again: for each assignment a notebook, a plain stub and its public checks."""
    works = names(course)
    import nbformat
    nbgrader = _nbgrader(course)
    for name in works:
        nbformat.write(grader.notebook(source(course, name)), source(course, name).with_suffix(".ipynb"))
        _call(nbgrader.generate_assignment, name)
        folder = course / "release" / name
        cells = nbformat.read(folder / f"{name}.ipynb", 4).cells
        (folder / plain(name)).write_text(_stub(cells), encoding="utf-8")
        (folder / f"test_{plain(name)}").write_text(_tests(name, cells), encoding="utf-8")
    return [course / "release" / name for name in works]


def grade(course: Path, submitted: Path, seed: int = 0) -> Path:
    """Scores submitted/STUDENT/NAME/FILE; returns the path of grades.csv.

    Also writes feedback pages and results.json into the course. A student without a folder NAME is named.
    """
    works = [folder.name for folder in release(course)]
    for folder in _students(submitted):
        student = submission.identity(folder.name)
        if student != folder.name:
            print(f"{folder.name!a} is {student} in the reports")
        if submission.visible(folder.name) and not any(os.path.lexists(folder / name) for name in works):
            print(f"{student}: not graded, without a folder of an assignment")
    shutil.rmtree(course / "collected", ignore_errors=True)
    handed_in = [name for name in works if _collect(course, submitted, name)]
    if not handed_in:
        raise GradingError(f"{submitted} holds no submission: expected STUDENT/NAME/NAME.ipynb or .py, with NAME of "
                           + ", ".join(works))
    for name in handed_in:
        _prove(grader.assignment(source(course, name)), seed)
    nbgrader = _nbgrader(course, seed)
    for name in handed_in:
        _call(nbgrader.autograde, name, "*")
        _call(nbgrader.generate_feedback, name)
    return _table(course, nbgrader.coursedir.db_url)


def grade_notebook(notebook, resources, seed=0):
    """Replaces nbgrader's Execute: runs no cell, and writes score and reason into the outputs of each check cell.

    nbgrader reads scores from there. Also writes `results/STUDENT/NAME/results.json`.
    """
    import nbformat
    name, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
    cells = {cell.metadata.nbgrader["grade_id"]: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    results = grader.grade(grader.assignment(source(Path(), name)),  # nbgrader works in the course's folder
                          {key: cell.source for key, cell in cells.items()}, seed)
    note = str(notebook.metadata.get("tinygan", ""))
    for result in results:
        cells[result.task].outputs = [
            nbformat.v4.new_output("stream", name="stdout", text="\n".join(filter(None, [
                result.reason, note]))),
            nbformat.v4.new_output("execute_result", data={"text/plain": str(result.score)}, execution_count=1)]
    print(f"{student} {name}: {sum(r.score for r in results):g} of {sum(r.points for r in results):g}", flush=True)
    file = Path("results", student, name, "results.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**grader.gradescope(results), "output": note}, indent=1))
    return notebook, resources


def _prove(work, seed):
    """Raises GradingError if the reference does not get all points: then the machine or a check is broken."""
    for result in grader.grade(work, work.solutions, seed):
        if not result.passed:
            raise GradingError(f"{work.name}: the reference gets no points for {result.task}: {result.reason}")


def _nbgrader(course: Path, seed=0):
    """nbgrader with the course's own settings; it grades the notebooks that `_collect` made."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # it calls alembic
    config = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.submitted_directory = "collected"
    _, *others = config.Autograde.autograde_preprocessors
    config.Autograde.autograde_preprocessors = [functools.partial(grade_notebook, seed=seed), *others]
    return NbGraderAPI(config=config)


def _call(step, *arguments):
    """Calls a step of nbgrader; if it fails, raises GradingError with the last error in its log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's database warns
        result = step(*arguments)
    if not result["success"]:
        errors = re.findall(r"^ *([\w.]+(?:Error|Exception|Entry): .*)", result.get("log") or "", re.MULTILINE)
        raise GradingError(f"nbgrader: {(errors or ['it failed'])[-1]}")


def _students(submitted: Path) -> list[Path]:
    """The folders of the students."""
    return [path for path in sorted(submitted.iterdir()) if path.is_dir()] if submitted.is_dir() else []


def _collect(course: Path, submitted: Path, name: str) -> bool:
    """Puts the answers of each student into a clean copy of the released notebook; returns whether there are any."""
    import nbformat
    from nbgrader.utils import parse_utc
    folders = [path / name for path in _students(submitted) if os.path.lexists(path / name)]
    for folder in folders:
        student = submission.identity(folder.parent.name)
        book = nbformat.read(course / "release" / name / f"{name}.ipynb", 4)
        cells = {cell.metadata.nbgrader["grade_id"]: cell for cell in book.cells
                 if cell.metadata.get("nbgrader", {}).get("solution")}
        try:
            answers, note = submission.read(folder, name, {key: cell.source for key, cell in cells.items()})
        except (GradingError, OSError) as error:
            answers, note = {None: f"raise ValueError({str(error)!r})"}, ""
        for key, cell in cells.items():
            cell.source = answers.get(key, answers.get(None, ""))
        if note:
            print(f"{student} {name}: {note}")
            book.metadata["tinygan"] = note
        clean = course / "collected" / student / name
        clean.mkdir(parents=True)
        nbformat.write(book, clean / f"{name}.ipynb")
        with contextlib.suppress(OSError, ValueError, OverflowError, TypeError):  # an invalid time is not copied
            time = submission.content(folder / "timestamp.txt").decode("utf-8-sig")
            parse_utc(time.strip())
            (clean / "timestamp.txt").write_text(time)
    return bool(folders)


def _stub(cells) -> str:
    """The plain file: the text as comments, the code, and a mark before each answer cell."""
    parts = []
    for cell in cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown":
            parts.append("\n".join(f"# {line}".rstrip() for line in cell.source.splitlines()))
        elif about.get("solution"):
            parts.append(f"# %% {about['grade_id']}\n{cell.source}\n# %%")
        elif about and not about["grade"]:
            parts.append(cell.source)
    return "\n\n".join(parts) + "\n"


def _tests(name, cells) -> str:
    """The public checks as a pytest file: one test for each check cell."""
    parts = [_TESTS.format(file=plain(name))]
    for about, source in ((cell.metadata.get("nbgrader", {}), cell.source) for cell in cells):
        if about.get("grade"):
            check, call, rest = source.rstrip().partition("\npublic(")
            test = f'def test_{about["grade_id"].replace("-", "_")}():\n    """{about["points"]:g} points."""'
            parts += [check.rstrip(), test + (call + rest).replace("\n", "\n    ")]
    return "\n\n\n".join(parts) + "\n"


def _table(course: Path, database: str) -> Path:
    """Writes `grades.csv` from the gradebook: a row per student, a column per assignment, manual grades included."""
    from nbgrader.api import Gradebook
    with Gradebook(database) as book:
        works = sorted(book.assignments, key=lambda work: work.name)
        scores = {(s.student_id, work.name): s.score for work in works for s in book.assignment_submissions(work.name)}
        students = sorted(student for student, _ in scores)
        most = {work.name: work.max_score for work in works}
    rows = [["student", *most, "total"], ["(points)", *most.values(), sum(most.values())]]
    for student in dict.fromkeys(students):
        points = [scores.get((student, work), 0.0) for work in most]
        rows.append([student, *points, sum(points)])
    file = course / "grades.csv"
    with open(file, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    return file
