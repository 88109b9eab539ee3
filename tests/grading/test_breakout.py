"""Attacks on the process and on its messages, under each isolation by the kernel: none reaches its aim."""
import importlib.util
import platform
import re

import pytest

pytest.importorskip("resource")  # of POSIX
if not importlib.util.find_spec("jupytext"):  # loading it takes seconds
    pytest.skip("jupytext is not installed", allow_module_level=True)
import breakout
from breakout import NAME, points, reached
from hostile import HOSTILE
from kit import hurried, work

from tinygan.grading import grader, isolation

QUICK = ("an empty error", "reads a file of the grader", "forks", "== is always true")


@pytest.fixture(params=[isolation.BUBBLEWRAP, isolation.LANDLOCK])
def level(request):
    """Each level that works on this machine."""
    if isolation.fault(request.param):
        pytest.skip(f"{request.param}: {isolation.fault(request.param)}")
    return request.param


@pytest.fixture(scope="module")
def targets():
    with breakout.targets() as found:
        yield found


def attacks(rows):
    return [pytest.param(row, id=row[0], marks=() if row[0] in QUICK else pytest.mark.slow) for row in rows]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of system calls are those of x86-64")
@pytest.mark.parametrize("attack", attacks([*breakout.FILES, *breakout.CALLED]))
def test_no_attack_reaches_its_aim(attack, level, targets):
    success, reason = reached(attack[1], level, targets)
    assert not success
    assert not re.match("SyntaxError|NameError|TypeError|KeyError|ImportError", reason), reason  # of the attack itself


@pytest.mark.parametrize("attack", attacks(breakout.MESSAGES))
def test_no_message_is_taken_for_an_answer(attack, level):
    passed, reason = points(attack[1], level)
    assert not passed
    assert len(reason) > 5


@pytest.mark.parametrize("attack", attacks(HOSTILE))
def test_an_answer_that_attacks_gets_no_points(attack, level):
    found = work(NAME)
    result = grader.grade_task(found, hurried(found.tasks[0]), {**found.solutions, "softsign-answer": attack[1]},
                               level=level)
    assert result.score == 0
    assert re.search(attack[2], result.reason, re.DOTALL), result.reason


def test_the_attacks_work_where_nothing_is_isolated(targets):
    """So the tests above can fail."""
    for name, body in [*breakout.FILES, *breakout.CALLED]:
        if name in ("reads a file of the grader", "forks", "TCP"):
            assert reached(body, isolation.NONE, targets)[0], name


@pytest.mark.slow
def test_the_other_tasks_have_their_points():
    found = work(NAME)
    for code in ("import sys; sys.exit()", "def hypotenuse(a, b): return a", "tg.grad = None"):
        results = grader.grade(found, {**found.solutions, "softsign-answer": code})
        assert [r.score for r in results] == [0, 5, 5, 6]
