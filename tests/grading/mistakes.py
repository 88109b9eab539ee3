"""The page of mistakes: `python tests/grading/mistakes.py` grades all wrong answers and writes it (minutes)."""
import itertools
import re
from concurrent.futures import ThreadPoolExecutor

from kit import COURSE, NAMES, with_mistake, work, wrong

from tinygan.backend.process import cores
from tinygan.grading import grader

PAGE = COURSE / "mistakes.md"
HEAD = """# What each check catches

For the lecturer: this page names mistakes, so it is no part of what students get. `python tests/grading/mistakes.py`
writes it: it hands in every wrong answer of `tests/grading/wrong_*.py`, one at a time, and notes the check that takes
its points. A test compares the page with the grader. "Gradients, to twelve digits" compares with the gradients of the
reference, at points where no finite difference is right; a student's notebook has no reference to compare with.
"""
KINDS = [  # a text in the reason, and the check that it comes from; the first that fits
    (r"calls tinygan|complex numbers|profiler", "NumPy alone"),
    (r"read-only", "inputs that cannot be written into"),
    (r"called again with the same inputs", "the same value twice"),
    (r"^theta: parameters of float|^TypeError: theta", "parameters of float32, of the right size"),
    (r"a gradient is float", "dtype of the gradients"),
    (r"the value is float", "dtype of the value"),
    (r"not finite", "finite values and gradients"),
    (r"in units of", "gradients, to twelve digits"),
    (r"in float32 against", "gradients in float32"),
    (r"^first derivative", "first derivative"),
    (r"^(second derivative|with create_graph)", "second derivative"),
    (r"found shape|found \(|expected gradients of shape|expected G and|gives \(.*expected the same", "the shape"),
    (r"too slow", "time"),
    (r"^\w*(Error|Exception)\b|^the gradient: |does not have the expected form", "it runs without an error"),
    (r"^the slope along", "the slope along v is 0"),
    (r"^g is ", "g is positive"),
    (r"^in \d+ of \d+ runs", "G comes near the data in most runs"),
]


def caught(reason):
    """The check that a reason comes from, in words: a kind, or the property that does not hold."""
    for pattern, kind in KINDS:
        if re.search(pattern, reason):
            return kind
    what = re.split(r": element|: (?:\S+, )+\S+ for \w+ seeds|: found| \(`| \[case", reason)[0]
    return re.sub(r"(channels|row|column) \d+( to \d+)?", r"\1 i", what).replace("|", "")


def results(name):
    """(task, mistake, the results of the tasks that judge the cell) for each wrong answer to an assignment."""
    def judged(mistake):
        answers, tasks = with_mistake(name, mistake[0], *mistake[2:])
        return (*mistake[:2], [grader.grade_task(work(name), task, answers) for task in tasks])

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(judged, wrong(name)))


def kinds(found):
    """The check that caught each mistake, by task and mistake."""
    return {(task, mistake): caught(r.reason) for task, mistake, rs in found for r in rs if r.task == task}


def table(name, found):
    """The lines of the page for an assignment."""
    lines = [f"\n## {name}\n", "| task | check | mistakes |", "|---|---|---|"]
    for task in work(name).tasks:
        by_kind: dict = {}
        for (judged, mistake), kind in kinds(found).items():
            if judged == task.name:
                by_kind.setdefault(kind, []).append(mistake)
        lines += [f"| {task.name} | {kind} | {' · '.join(mistakes)} |" for kind, mistakes in sorted(by_kind.items())]
    return lines


def listed(name):
    """The check that the page names for each mistake, by task and mistake."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
    return {(task, mistake): kind for task, kind, mistakes in rows for mistake in mistakes.split(" · ")}


if __name__ == "__main__":
    parts = list(itertools.chain(*(table(name, results(name)) for name in NAMES)))
    PAGE.write_text(HEAD + "\n".join(parts) + "\n", encoding="utf-8")
