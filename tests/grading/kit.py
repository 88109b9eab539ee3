"""Helpers that the tests of the assignments share: sources, wrong answers, a task judged quickly."""
import dataclasses
import functools
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

from tinygan.grading import grader

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"
NAMES = sorted(path.stem for path in COURSE.glob("source/*/*.py"))


@functools.cache
def work(name):
    """An assignment, read once."""
    return grader.assignment(COURSE / "source" / name / f"{name}.py")


def wrong(name):
    """The wrong answers to an assignment: (task, mistake, old, new)."""
    return importlib.import_module(f"wrong_{name[:2]}").WRONG


def with_mistake(name, task, old, new):
    """The reference's answers with a text of this task's replaced; and the tasks that judge the changed cell."""
    found = work(name)
    [cells] = [t.answers for t in found.tasks if t.name == task]
    [cell] = [c for c in cells if old in found.solutions[c]]
    assert found.solutions[cell].count(old) >= 1
    return {**found.solutions, cell: found.solutions[cell].replace(old, new)}, [
        t for t in found.tasks if cell in t.answers]


def stub(name):
    """The answers of the released notebook."""
    import nbformat
    book = nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4)
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in book.cells
            if cell.metadata.get("nbgrader", {}).get("solution")}


def hurried(task, seconds=2):
    """A task with less time."""
    return dataclasses.replace(task, parts=[dataclasses.replace(p, seconds=seconds) for p in task.parts])


def assignments(*arguments):
    """`tinygan assignments ...`: its exit status and its output."""
    done = subprocess.run([sys.executable, "-m", "tinygan.cli", "assignments", *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def course_of(folder, name):
    """A course with one of the assignments alone."""
    shutil.copytree(COURSE / "source" / name, folder / "source" / name)
    shutil.copy(COURSE / "nbgrader_config.py", folder)
    return folder
