"""The assignments test themselves: nothing leaks, they have their form, public checks hold in the notebook."""
import collections
import contextlib
import importlib.util
import io
import re
import time

import pytest

if not importlib.util.find_spec("jupytext"):  # loading it takes seconds
    pytest.skip("jupytext is not installed", allow_module_level=True)
import mistakes
from kit import COURSE, NAMES, work, wrong


def regions(text, kind):
    """The lines of a source that are between BEGIN and END of a kind, and all others."""
    inside, outside, now = [], [], False
    for line in text.splitlines():
        if f"### BEGIN {kind}" in line or f"### END {kind}" in line:
            now = "BEGIN" in line
        else:
            (inside if now else outside).append(line.removeprefix("# ").strip())
    return inside, outside


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaks(name):
    """No line of a solution or of a hidden check is in what students get, unless the source shows it elsewhere too."""
    text = (COURSE / "source" / name / f"{name}.py").read_text()
    hidden, visible = regions(text, "HIDDEN TESTS")
    solution, visible = regions("\n".join(visible), "SOLUTION")
    secret = {line for line in (*hidden, *solution) if len(line) > 5} - set(visible)
    assert len(secret) >= 8
    import nbformat
    files = [*(COURSE / "release" / name).glob("*.py")]
    texts = [file.read_text() for file in files]
    texts += [cell.source for cell in nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4).cells]
    assert len(files) == 2
    assert not {line.strip() for text in texts for line in text.splitlines()} & secret
    assert not any(word in text for text in texts for word in ("BEGIN SOLUTION", "HIDDEN TESTS", "hidden("))


@pytest.mark.parametrize("name", NAMES)
def test_an_assignment_has_its_form(name):
    """Twenty points in three to six tasks, points in the text, fifteen wrong answers for each task, known slugs."""
    found = work(name)
    assert sum(task.points for task in found.tasks) == 20
    assert 3 <= len(found.tasks) <= 6
    many = collections.Counter(task for task, *_ in wrong(name))
    assert all(many[task.name] >= 15 for task in found.tasks)
    assert sum(task.parts[0].seconds for task in found.tasks) <= 100
    text = (COURSE / "source" / name / f"{name}.py").read_text()
    table = (COURSE.parents[1] / "lectures/equations.csv").read_text()
    slugs = {line.partition(",")[0] for line in table.splitlines()}
    cited = set(re.findall(r"\(`([a-z0-9-]+)`\)", text)) | set(re.findall(r'slug="([a-z0-9-]+)"', text))
    assert cited
    assert cited <= slugs | set(re.findall(r"\\text\{\(([a-z0-9-]+)\)\}", text))  # or stated in the assignment itself


@pytest.mark.parametrize("name", [*NAMES[:-1], pytest.param(NAMES[-1], marks=pytest.mark.slow)])  # the last one trains
def test_public_checks_in_the_notebook(name):
    """In the student's own process: all public checks hold for the reference, within seconds, and report it."""
    import nbformat
    book = nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4)
    names, said, start = {"__name__": "student"}, io.StringIO(), time.process_time()
    with contextlib.redirect_stdout(said):
        for cell in book.cells:
            key = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "code" and key:
                exec(work(name).solutions.get(key, cell.source), names)
    assert said.getvalue().count("right for") >= len(work(name).tasks)
    assert time.process_time() - start < 20


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_mistakes_names_every_wrong_answer(name):
    """Once; the slow test of the wrong answers compares the checks too. Students do not get the page."""
    named = [(task, mistake) for task, mistake, *_ in wrong(name)]
    assert len(set(named)) == len(named)
    assert set(mistakes.listed(name)) == set(named)
    assert not list((COURSE / "release").rglob("*mistakes*"))
