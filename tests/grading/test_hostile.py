"""Answers that attack the grader: no points, a reason, and no other harm."""
import importlib.util
import re

import pytest

if not importlib.util.find_spec("jupytext"):  # loading it takes seconds
    pytest.skip("jupytext is not installed", allow_module_level=True)
from hostile import HOSTILE
from kit import hurried, work

from tinygan.grading import grader

NAME = "01-pull-backs"
QUICK = ("sys.exit while loading", "== is always true", "patched check_gradients")


@pytest.mark.parametrize(("name", "code", "says"), [
    pytest.param(*h, id=h[0], marks=() if h[0] in QUICK else pytest.mark.slow) for h in HOSTILE])
def test_no_points_and_a_reason(name, code, says):
    found = work(NAME)
    result = grader.grade_task(found, hurried(found.tasks[0]), {**found.solutions, "softsign-answer": code})
    assert result.score == 0
    assert re.search(says, result.reason, re.DOTALL), result.reason


@pytest.mark.slow
def test_the_other_tasks_have_their_points():
    found = work(NAME)
    for code in ("import sys; sys.exit()", "def hypotenuse(a, b): return a", "tg.grad = None"):
        results = grader.grade(found, {**found.solutions, "softsign-answer": code})
        assert [r.score for r in results] == [0, 5, 5, 6]
