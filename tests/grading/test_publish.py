"""`tinygan assignments publish`: what students get; a solution in it is an error. Needs the extra `grading`."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from configparser import ConfigParser

import pytest
from kit import COURSE

from tinygan.grading import GradingError, publish

FIRST = "01-pull-backs"
SECRET = "return record(unwrap(x) / size, (x, lambda g, y, x: g / (1 + tg.abs(x)) ** 2))"
needs_nbgrader = pytest.mark.skipif(not importlib.util.find_spec("nbgrader"), reason="nbgrader is not installed")


@pytest.fixture
def clone(tmp_path):
    """A small clone with the first assignment alone, as it is after a class was graded."""
    root = tmp_path / "clone"
    course = root / "notebooks" / "assignments"
    shutil.copytree(COURSE / "source" / FIRST, course / "source" / FIRST)
    shutil.copy(COURSE / "nbgrader_config.py", course)
    for file in ("tinygan/grading/x.py", "tinygan/__pycache__/x.pyc", "lectures/01.md",
                 "lectures/api/x.rst", "lectures/notebooks/x.ipynb", "tests/grading/wrong_01.py",
                 "notebooks/01.ipynb", ".git/config",
                 "notebooks/assignments/gradebook.db", "notebooks/assignments/grades.csv", "notebooks/assignments/seed",
                 "notebooks/assignments/feedback/ada/x.html", "notebooks/assignments/collected/ada/x.ipynb"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("" if file.endswith(".db") else "{}")
    shutil.copy(COURSE.parents[1] / "setup.cfg", root)
    return root


def settings(root):
    file = ConfigParser(interpolation=None)
    file.read(root / "setup.cfg")
    return {section: dict(file[section]) for section in file.sections()}


def held(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


HAND_OUT = {f"{FIRST}/{file}" for file in (f"{FIRST}.ipynb", "01_pull_backs.py", "test_01_pull_backs.py")}


@pytest.mark.slow
@needs_nbgrader
def test_a_clone_for_students(clone, tmp_path):
    """The library, lectures and hand-outs at the same places, and nothing else; into an empty folder too."""
    (tmp_path / "out").mkdir()
    assert publish.publish(clone / "notebooks/assignments", tmp_path / "out") == tmp_path / "out"
    assert held(tmp_path / "out") == {
        "tinygan/grading/x.py", "setup.cfg", "lectures/01.md", "notebooks/01.ipynb", "README.md",
        *(f"notebooks/assignments/release/{file}" for file in HAND_OUT)}
    text = (tmp_path / "out/README.md").read_text()
    assert 'pip install ".[notebooks]"' in text
    assert f"[{FIRST}](notebooks/assignments/release/{FIRST}/)" in text
    checks = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_01_pull_backs.py"],
                            cwd=tmp_path / "out/notebooks/assignments/release" / FIRST, capture_output=True, text=True,
                            check=False, env={**os.environ, "PYTHONPATH": str(COURSE.parents[1])})
    assert "4 failed" in checks.stdout, checks.stdout + checks.stderr  # as the README says, without our settings
    assert {"metadata", "options"} <= set(settings(tmp_path / "out")) < set(settings(COURSE.parents[1]))


@pytest.mark.slow
@needs_nbgrader
def test_a_course_of_ones_own_and_what_it_must_not_contain(clone, tmp_path):
    course = shutil.copytree(clone / "notebooks/assignments", tmp_path / "own")
    published = publish.publish(course, tmp_path / "new/out")
    assert held(published) == {"README.md", *(f"release/{file}" for file in HAND_OUT)}
    text = (course / "source" / FIRST / f"{FIRST}.py").read_text()
    (course / "source" / FIRST / f"{FIRST}.py").write_text(text.replace("HIDDEN TESTS", "HIDDEN TEST"))
    with pytest.raises(GradingError, match=r"release/01-pull-backs/01-pull-backs\.ipynb calls `hidden`: write"):
        publish.publish(course, tmp_path / "leak")
    (course / "source" / FIRST / f"{FIRST}.py").write_text(text)
    (course / "source" / FIRST / "notes.md").write_text(f"The answer:\n\n    {SECRET}\n")
    with pytest.raises(GradingError, match=r"release/01-pull-backs/notes\.md contains a line of a solution or of a"):
        publish.publish(course, tmp_path / "leak")
    (clone / "notebooks/01.ipynb").write_text(json.dumps({"cells": [{"outputs": [{"text": [f"{SECRET}\n"]}]}]}))
    with pytest.raises(GradingError, match=r"notebooks/01\.ipynb contains a line of a solution or of a hidden check"):
        publish.publish(clone / "notebooks/assignments", tmp_path / "leak")
    assert not (tmp_path / "leak").exists()


@pytest.mark.parametrize("place", ["full", "file", "link", "course/new", "clone/notebooks/new", "clone/new"])
def test_a_folder_that_is_not_written(clone, tmp_path, place):
    course = clone / "notebooks/assignments" if "clone" in place else tmp_path / "course"
    for folder in (course, tmp_path / "full" / "x", tmp_path / "empty"):
        folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    before = held(tmp_path)
    with pytest.raises(GradingError, match="name a "):
        publish.publish(course, tmp_path / place)
    assert held(tmp_path) == before


def test_the_secrets_of_a_source():
    text = ("import a\n### BEGIN SOLUTION\nimport a\nreturn a(x)\n### END SOLUTION\ncheck(x)\n"
            "# ### BEGIN HIDDEN TESTS\n# hidden(check, x)\n# ### END HIDDEN TESTS\ncheck(y)")
    assert publish.secrets(text) == {"return a(x)", "hidden(check, x)"}
    assert publish.secrets(text.replace("### ", "#")) == {"return a(x)", "hidden(check, x)"}
