"""A course on disk, managed by nbgrader; our grader replaces nbgrader's Execute preprocessor.

`source/NAME/NAME.py` is the one source. `release` makes the students' files from it, `grade` scores submissions. Both
call nbgrader, so its gradebook, feedback pages and form grader work as usual. Needs `pip install 'tinygan[grading]'`.
"""
from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import shutil
from pathlib import Path

from tinygan.data.files import lock_file
from tinygan.grading import GradingError, gradebook, grader, handed_in, roster
from tinygan.grading.gradebook import NOT_GRADED
from tinygan.grading.submission import plain
from tinygan.grading.unchanged import ChangedError, Watch

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
    for i, name in enumerate(found):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise GradingError(f"assignment {name!a}: expected a name of letters, digits, '.', '_' and '-'")
        if name.casefold() in {other.casefold() for other in found[:i]}:
            raise GradingError(f"assignment {name}: another has this name in capital or small letters")
    return found


def release(course: Path) -> list[Path]:
    """Makes the `release/` folder again: for each assignment a notebook, a plain stub and its public checks."""
    names(course)
    with _alone(course):
        return _release(course)


def _release(course):
    works = names(course)
    import nbformat
    nbgrader = gradebook.api(course)
    for name in works:
        nbformat.write(grader.notebook(source(course, name)), source(course, name).with_suffix(".ipynb"))
        gradebook.call(nbgrader.generate_assignment, name)
        folder = course / "release" / name
        cells = nbformat.read(folder / f"{name}.ipynb", 4).cells
        (folder / plain(name)).write_text(_stub(cells), encoding="utf-8")
        (folder / f"test_{plain(name)}").write_text(_tests(name, cells), encoding="utf-8")
    return [course / "release" / name for name in works]


def grade(course: Path, submitted: Path, seed: int | None = None, unsafe: bool = False) -> tuple[Path, int]:
    """Scores submitted/STUDENT/NAME/FILE; returns the path of grades.csv, and how many submissions were not graded.

    Also writes feedback pages and results.json into the course. No submission can stop the others: if the machine fails
    with one, or nbgrader, its cell in grades.csv is empty. seed: of the hidden cases (default: the class's own).
    unsafe: grade also where the kernel cannot isolate the students' code.
    """
    from tinygan.grading import isolation
    works = names(course)
    roster.check_places(course, submitted)
    failed: dict[tuple[str, str], str] = {}
    jobs: list[tuple[str, str, Path]] = []
    for student, folder in roster.students(submitted).items():
        try:
            there = roster.handed_in_by(folder, works)
        except GradingError as error:
            failed.update({(student, name): str(error) for name in works})
            print(f"{student}: not graded: {error}")
            continue
        jobs += [(name, student, folder / name) for name in there]
        if student != folder.name:
            print(f"{folder.name!a} is {student} in the reports")
        if handed_in.visible(folder.name) and not there:
            print(f"{student}: not graded, without a folder of an assignment")
    if not jobs and not failed:
        raise GradingError(f"{submitted} holds no submission: expected STUDENT/NAME/NAME.ipynb or .py, with NAME of "
                           + ", ".join(works))
    level = isolation.choose(unsafe)
    if level != isolation.NONE:
        roster.check_outside((course, submitted), isolation.readable())
    with _alone(course):
        return _grade(course, sorted(jobs), failed, class_seed(course, seed), level)


def _grade(course, jobs, failed, seed, level):
    """Scores the submissions in order. Whatever happens, grades.csv has the scores of those before."""
    _release(course)
    shutil.rmtree(course / "collected", ignore_errors=True)
    graded: dict = {}
    nbgrader = gradebook.api(course, functools.partial(grade_notebook, graded=graded))
    for name, student, _ in jobs:
        failed[student, name] = "grading was interrupted before"
    for (student, name), cause in failed.items():
        _not_graded(course, student, name, cause)
    try:
        works = {name: grader.assignment(source(course, name)) for name in sorted({name for name, *_ in jobs})}
        for work in works.values():
            _prove(work, seed, level)
        print(f"isolation: {level}", flush=True)
        watch = Watch(course)
        for name, student, folder in jobs:
            try:
                answers, note = roster.collect(course, folder, student)
                if note:
                    print(f"{student} {name}: {note}")
                graded["results"] = grader.grade(works[name], answers, seed, level=level), level
                watch.check(student)
                gradebook.call(nbgrader.autograde, name, student)
                gradebook.call(nbgrader.generate_feedback, name, student)
                del failed[student, name]
            except ChangedError as error:
                _not_graded(course, student, name, str(error))
                raise
            except Exception as error:  # of the machine, of nbgrader, or our own: the next student is graded anyway
                cause = " ".join(f"{type(error).__name__}: {error}".removeprefix("MachineError: ").split())
                failed[student, name] = cause
                _not_graded(course, student, name, cause)
                print(f"{student} {name}: not graded: {cause}", flush=True)
    finally:
        file = gradebook.table(course, nbgrader.coursedir.db_url, failed)
    return file, len(failed)


def _not_graded(course, student, name, cause):
    """Removes what an earlier grading wrote for a student, and notes the reason; as far as the machine can do it."""
    for folder in ("results", "feedback"):
        shutil.rmtree(course / folder / student / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        file = course / "results" / student / name / NOT_GRADED
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{cause}\n", encoding="utf-8", errors="replace")


def class_seed(course: Path, given: int | None = None) -> int:
    """The seed of the hidden cases: the one given, or that in the file `seed` of the course; it is drawn if missing."""
    if given is not None:
        return given
    file = course / "seed"
    with contextlib.suppress(FileExistsError), open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(f"{secrets.randbits(64)}\n")
    text = file.read_text(errors="replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 100):
        raise GradingError(f"{file} holds {text!a:.40}, expected a whole number, the seed of the hidden cases")
    return int(text)


@contextlib.contextmanager
def _alone(course):
    """A context in which no other process grades or releases in this course."""
    try:
        unlock = lock_file(course / ".grading.lock", 0)
    except TimeoutError:
        raise GradingError(f"another process grades in {course}: wait until it ends") from None
    try:
        yield
    finally:
        unlock()


def grade_notebook(notebook, resources, graded=None):
    """Replaces nbgrader's Execute: runs no cell, and writes score and reason into the outputs of each check cell.

    nbgrader reads scores from there. Also writes `results/STUDENT/NAME/results.json`. graded: the results, and the
    level of isolation, under "results"; without them, as for `nbgrader autograde`, the notebook's answers are graded.
    """
    import nbformat

    from tinygan.grading import isolation
    name, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
    cells = {cell.metadata.nbgrader["grade_id"]: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    if graded is None:  # nbgrader works in the course's folder
        level = isolation.choose()
        answers = {key: cell.source for key, cell in cells.items()}
        results = grader.grade(grader.assignment(source(Path(), name)), answers, class_seed(Path()), level=level)
    else:
        results, level = graded["results"]
    note = str(notebook.metadata.get("tinygan", ""))
    for result in results:
        cells[result.task].outputs = [
            nbformat.v4.new_output("stream", name="stdout", text="\n".join(filter(None, [
                result.reason, note, f"isolation: {level}"]))),
            nbformat.v4.new_output("execute_result", data={"text/plain": str(result.score)}, execution_count=1)]
    print(f"{student} {name}: {sum(r.score for r in results):g} of {sum(r.points for r in results):g}", flush=True)
    folder = Path("results", student, name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(
        {**grader.gradescope(results), "output": note, "extra_data": {"isolation": level}}, indent=1))
    (folder / NOT_GRADED).unlink(missing_ok=True)
    return notebook, resources


def _prove(work, seed, level):
    """Raises GradingError if the reference does not get all points: then the machine or a check is broken."""
    for result in grader.grade(work, work.solutions, seed, level=level):
        if not result.passed:
            raise GradingError(f"{work.name}: the reference gets no points for {result.task}: {result.reason}")


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
