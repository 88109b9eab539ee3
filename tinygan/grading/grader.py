"""Reads an assignment from its source, and scores a submission: one process per task, checks outside of it.

A source is Python in jupytext's percent format with nbgrader's metadata (see `notebooks/assignments/README.md`). The
lecturer wrote it, so it is trusted: its checks and reference solutions run in this process. The student's code never
does.
"""
from __future__ import annotations

import ast
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.backend.process import cores
from tinygan.grading import GradingError, MachineError
from tinygan.grading.checks import Case, CheckError, run
from tinygan.grading.process import Process
from tinygan.grading.remote import Worker

DEFAULTS = {"schema_version": 3, "grade": False, "solution": False, "locked": True, "task": False}
RIGHT = "right"  # the reason of a task that passed, and of no other


@dataclass
class Part:
    """One call of `public` or `hidden`: a check, the student's function as an expression, the reference, the cases."""
    check: Any
    expression: str
    reference: Any
    cases: tuple
    seconds: int


@dataclass
class Task:
    """A check cell: its name, its points, the names of the solution cells that it checks, and its parts."""
    name: str
    points: float
    answers: list[str]
    parts: list[Part] = field(default_factory=list)


@dataclass
class Assignment:
    """An assignment. cells: pairs (name, text) of the code cells, in order, with the reference solutions."""
    name: str
    cells: list[tuple[str, str]]
    solutions: dict[str, str]
    tasks: list[Task]


@dataclass
class Result:
    """A task's result. passed: whether its last case came to its end; reason: why not, or "right"."""
    task: str
    points: float
    passed: bool
    reason: str

    @property
    def score(self) -> float:
        """All points of the task, or none."""
        return self.points if self.passed else 0.0


def notebook(path: Path):
    """Converts a source into a notebook with complete nbgrader metadata and a name for each cell."""
    import jupytext
    book = jupytext.read(path)
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                     "language_info": {"name": "python"}}
    for i, cell in enumerate(book.cells):
        cell.id = f"cell-{i}"
        given = cell.metadata.get("nbgrader")
        cell.metadata = {"nbgrader": {**DEFAULTS, **({"locked": False} if given.get("solution") else {}), **given}
                         } if given else {}
    return book


def assignment(path: Path) -> Assignment:
    """Reads a source: runs its setup, solution and check cells, and records the checks without running them."""
    found = Assignment(path.stem, [], {}, [])
    calls: list[tuple] = []
    names: dict = {"__name__": path.stem}

    def note(check, f, *cases, seconds=10):
        calls.append((check, f, cases, seconds))

    answers: list[str] = []
    open_task = True
    for cell in notebook(path).cells:
        kind = cell.metadata.get("nbgrader")
        if cell.cell_type != "code" or not kind:
            continue
        name = kind["grade_id"]
        names.update(public=note, hidden=note)
        calls.clear()
        exec(compile(cell.source, f"<{name}>", "exec"), names)
        if kind["grade"]:
            found.tasks.append(Task(name, float(kind["points"]), answers, _parts(name, cell.source, calls)))
            open_task = False
        else:
            found.cells.append((name, cell.source))
        if kind["solution"]:
            answers = [*answers, name] if open_task else [name]
            open_task = True
            found.solutions[name] = cell.source
    if not found.tasks:
        raise GradingError(f"{path} has no check cell")
    return found


def _parts(name, source, calls) -> list[Part]:
    """The calls of a check cell, each with the text of the student's function in it."""
    written = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)
               and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in ("public", "hidden")]
    if not calls or len(written) != len(calls):
        raise GradingError(f"check cell {name}: {len(calls)} calls of public or hidden, "
                           f"of which {len(written)} are lines of their own")
    return [Part(check, ast.unparse(node.args[1]), f, cases, seconds)
            for node, (check, f, cases, seconds) in zip(written, calls)]


def grade_task(work: Assignment, task: Task, answers: dict[str, str], seed: int = 0, level=None) -> Result:
    """The score of one task: its points, or 0 with the reason; MachineError if the machine fails.

    answers: a submission's solution cells by name. level: of `isolation` (default: the best one).
    """
    theirs = [(name, answers.get(name, "") if name in task.answers else text) for name, text in work.cells
              if name in task.answers or name not in work.solutions]
    missing = [name for name in task.answers if not answers.get(name, "").strip()]
    if missing:
        return Result(task.name, task.points, False, f"the submission has no cell {missing[0]}, or an empty one")
    start = zlib.crc32(f"{work.name} {task.name}".encode())
    try:
        with Worker(theirs, max(part.seconds for part in task.parts), level=level) as worker, np.errstate(all="ignore"):
            for k, part in enumerate(task.parts):
                for i, given in enumerate(part.cases):
                    f = worker.probe(part.expression, part.reference)
                    run(part.check, f, Case(given, [seed, start, k, i], part.reference))
                    if worker.other:
                        raise CheckError(worker.other)
        return Result(task.name, task.points, True, RIGHT)
    except GradingError:  # of the machine, or of its isolation
        raise
    except OSError as error:  # of the grader: a student's errors come as texts
        raise MachineError(f"{task.name}: {error}") from error
    except CheckError as error:
        reason = f"{error}"
    except Exception as error:  # the check met a value that its author did not expect
        reason = f"the answer does not have the expected form: {type(error).__name__}: {error}"
    first = reason.partition("\n")[0].strip()
    return Result(task.name, task.points, False, f"wrong: {reason}" if first in ("", RIGHT) else reason)


def grade(work: Assignment, answers: dict[str, str], seed: int = 0, level=None) -> list[Result]:
    """Scores all tasks of a submission separately, as many at a time as there are cores."""
    with ThreadPoolExecutor(cores()) as pool:
        try:
            return list(pool.map(lambda task: grade_task(work, task, answers, seed, level), work.tasks))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            while Process.running:  # one may be about to start
                Process.stop_all()
                time.sleep(0.1)
            raise


def gradescope(results: list[Result]) -> dict:
    """The content of `results.json` for Gradescope: the tests with their scores."""
    return {"score": sum(r.score for r in results), "visibility": "visible", "tests": [
        {"name": r.task, "score": r.score, "max_score": r.points, "status": "passed" if r.passed else "failed",
         "output": r.reason} for r in results]}
