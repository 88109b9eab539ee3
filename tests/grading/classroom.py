"""A class of made-up students: `python tests/grading/classroom.py 60` grades it, prints time and memory.

With a folder after the number, it only hands in the work in that folder.
A quarter answers rightly, a quarter with one mistake, a quarter with a mistake in every task, a quarter attacks the
grader. Every fifth hands in the plain file instead of the notebook.
"""
import csv
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from hostile import HOSTILE
from kit import COURSE, NAMES, with_mistake, work, wrong

FIRST = "01-pull-backs"


def hand_in(folder, name, answers, plain):
    """A student's file in the folder: the released one, with answers in it."""
    import nbformat
    folder.mkdir(parents=True, exist_ok=True)
    book = nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4)
    cells = [cell for cell in book.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    text = (COURSE / "release" / name / f"{name.replace('-', '_')}.py").read_text()
    for cell in cells:
        text = text.replace(cell.source, answers[cell.metadata.nbgrader.grade_id], 1)
        cell.source = answers[cell.metadata.nbgrader.grade_id]
    if plain:
        (folder / f"{name.replace('-', '_')}.py").write_text(text)
    else:
        nbformat.write(book, folder / f"{name}.ipynb")


def answers_of(i):
    """The i-th student's assignment and answers, and their points."""
    kind, turn = i % 4, i // 4
    name = FIRST if kind == 3 else NAMES[turn % len(NAMES)]
    found = work(name)
    points = {task.name: task.points for task in found.tasks}
    if kind == 0:
        return name, found.solutions, sum(points.values())
    if kind == 3:
        _, code, _ = HOSTILE[turn * 7 % len(HOSTILE)]
        return name, {**found.solutions, "softsign-answer": code}, sum(points.values()) - points["softsign"]
    mistakes = wrong(name)
    if kind == 1:
        task, _, old, new = mistakes[turn * 5 % len(mistakes)]
        answers, tasks = with_mistake(name, task, old, new)
        return name, answers, sum(points.values()) - points[task]
    answers = {}
    for task, _, old, new in {m[0]: m for m in mistakes}.values():
        changed, tasks = with_mistake(name, task, old, new)
        answers.update({cell: changed[cell] for t in tasks for cell in t.answers if cell not in answers})
    return name, {**found.solutions, **answers}, 0


def gather(folder, n):
    """Hands in n students' work; returns the expected points of each, by student and assignment."""
    expected = {}
    for i in range(n):
        name, answers, points = answers_of(i)
        hand_in(folder / f"student-{i:02}" / name, name, answers, plain=i % 5 == 4)
        expected[f"student-{i:02}"] = (name, points)
    return expected


def main(n):
    from tinygan.grading import course
    with tempfile.TemporaryDirectory() as room:
        copy, submitted = Path(room, "course"), Path(room, "submitted")
        shutil.copytree(COURSE, copy)
        expected = gather(submitted, n)
        start = time.monotonic()
        table, _ = course.grade(copy, submitted)
        with open(table) as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
        seconds = time.monotonic() - start
        for student, (name, points) in expected.items():
            if float(rows[student][name]) != points:
                print(f"{student} {name}: expected {points:g}, found {rows[student][name]}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy, (grader, worker) = sum(u.ru_utime + u.ru_stime for u in used), [u.ru_maxrss >> 10 for u in used]
    print(f"{n} submissions in {seconds:.0f} s, {busy:.0f} s of processor time; "
          f"at most {grader} MB in the grader, {worker} MB in a worker")


if __name__ == "__main__":
    number, *folder = sys.argv[1:]
    gather(Path(folder[0]), int(number)) if folder else main(int(number))
