"""The students of a class: their folders and names, checked before anything runs, and their answers as notebooks."""
from __future__ import annotations

import contextlib
import os
import unicodedata
from pathlib import Path

from tinygan.grading import GradingError, MachineError, cells, handed_in, submission
from tinygan.grading.gradebook import OUTPUTS

TIMESTAMP = 100  # bytes of timestamp.txt


def check_places(course: Path, submitted: Path) -> None:
    """GradingError if grading would read or write something else than it should: its own output, a link."""
    for name in OUTPUTS:
        if (course / name).is_symlink():
            raise GradingError(f"{course / name} is a link: remove it, it is written again by each grading")
    course, submitted = course.resolve(), submitted.resolve()
    if strange := sorted(set(str(course)) & set("{}[]*?")):
        raise GradingError(f"{course} has {strange[0]} in its name, which nbgrader takes for a pattern: rename it")
    for place in (course / name for name in ("source", *OUTPUTS)):
        if submitted == course or submitted.is_relative_to(place):
            raise GradingError(f"{submitted} belongs to the course, expected a folder with the students' folders")


def check_outside(places, readable) -> None:
    """GradingError if a place lies in a folder that a student's code can read."""
    for place in map(Path.resolve, places):
        for folder in readable:
            if place.is_relative_to(os.path.realpath(folder)):
                raise GradingError(f"{place} lies in {folder}, which a student's code can read: move it")


def students(submitted: Path) -> dict[str, Path]:
    """The folder of each student, by the name in the reports.

    GradingError if two of them have names that a report or a file system does not distinguish.
    """
    try:
        with os.scandir(submitted) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found: dict[str, Path] = {}
    same: dict[str, str] = {}
    for name in names:
        student = submission.identity(name)
        other = same.setdefault(unicodedata.normalize("NFC", student).casefold(), name)
        if other != name:
            raise GradingError(f"{other!a} and {name!a} are one name to some file systems and tables: rename a folder")
        found[student] = submitted / name
    return found


def handed_in_by(folder: Path, works) -> list[str]:
    """The assignments in a student's folder. MachineError if that cannot be known."""
    if folder.is_symlink():
        raise MachineError("the folder is a link; put a folder in its place")
    try:
        there = os.listdir(folder)
    except OSError as error:
        raise MachineError(f"the folder cannot be read: {error.strerror}") from error
    return [name for name in works if name in there]


def collect(course: Path, folder: Path, student: str) -> tuple[dict[str, str], str]:
    """Puts answers into a clean copy of the released notebook, in `collected/`; returns them and a note.

    What cannot be read becomes an answer that raises an error with the reason.
    """
    import nbformat
    from nbgrader.utils import parse_utc
    name = folder.name
    book = nbformat.read(course / "release" / name / f"{name}.ipynb", 4)
    answers, known = {}, set()
    for cell in book.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            answers[about["grade_id"]] = cell
        elif about and cell.cell_type == "code":
            known |= cells.known(cell.source)
    try:
        found, note = submission.read(folder, name, {key: cell.source for key, cell in answers.items()}, known)
    except MachineError:
        raise
    except GradingError as error:
        found, note = {None: f"raise ValueError({str(error)!r})"}, ""
    for key, cell in answers.items():
        cell.source = found.get(key, found.get(None, ""))
    if note:
        book.metadata["tinygan"] = note
    clean = course / "collected" / student / name
    clean.mkdir(parents=True)
    nbformat.write(book, clean / f"{name}.ipynb")
    with contextlib.suppress(OSError, ValueError, ArithmeticError, TypeError):  # an invalid time is not copied
        time = handed_in.content(folder / "timestamp.txt", TIMESTAMP).decode("utf-8-sig")
        parse_utc(time.strip())
        (clean / "timestamp.txt").write_text(time)
    return {key: cell.source for key, cell in answers.items()}, note
