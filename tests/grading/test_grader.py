"""The judge: the reference has all points, a stub none, a wrong answer loses exactly its task's."""
import importlib.util
import re
import time

import pytest

if not importlib.util.find_spec("jupytext"):  # loading it takes seconds
    pytest.skip("jupytext is not installed", allow_module_level=True)
import mistakes
from kit import NAMES, stub, with_mistake, work, wrong

from tinygan.grading import GradingError, grader, isolation


def test_a_sample():
    """The whole way of one task: the reference, the stub, and a mistake that only a hidden shape shows."""
    name = "01-pull-backs"
    task = work(name).tasks[1]
    assert grader.grade_task(work(name), task, work(name).solutions).score == task.points
    assert grader.grade_task(work(name), task, stub(name)).reason.startswith("NotImplementedError")
    [mistake] = [w for w in wrong(name) if w[1] == "hard-coded for new axes only"]
    answers, [same] = with_mistake(name, mistake[0], *mistake[2:])
    result = grader.grade_task(work(name), same, answers)
    assert result.score == 0
    assert "was it not summed over the broadcast axis? [case: shape=(2, 1), other=(1, 5)]" in result.reason


@pytest.mark.slow
def test_an_answer_that_tunes_its_process():
    """It keeps its points; compiled loops need files that an answer may not read, and one line says that."""
    found, line = work("03-convolution"), "import tinygan as tg\nline = tg.tune()\n"
    task = found.tasks[0]
    [cell] = task.answers
    tuned = {**found.solutions, cell: line + found.solutions[cell]}
    assert grader.grade_task(found, task, tuned).score == task.points
    told = {**found.solutions, cell: f"{line}raise ValueError(line)\n{found.solutions[cell]}"}
    reason = grader.grade_task(found, task, told).reason
    assert re.match("ValueError: (no )?compiled loops.+$", reason)


def test_a_task_is_not_graded_without_isolation(monkeypatch):
    """It is no fault of the answer."""
    name = "01-pull-backs"
    def none():
        raise GradingError("no isolation")
    monkeypatch.setattr(isolation, "choose", none)
    with pytest.raises(GradingError, match="no isolation"):
        grader.grade_task(work(name), work(name).tasks[0], work(name).solutions)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_reference_and_stub(name):
    start = time.monotonic()
    full = grader.grade(work(name), work(name).solutions)
    assert [(r.score, r.reason) for r in full] == [(task.points, grader.RIGHT) for task in work(name).tasks]
    assert time.monotonic() - start < 120
    assert all(r.score == 0 and r.reason != grader.RIGHT for r in grader.grade(work(name), stub(name)))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_answer_loses_its_task(name):
    """Its task gives 0, another that judges the same cell its points; the page of mistakes names the check."""
    found = mistakes.results(name)
    assert not [(task, mistake, r) for task, mistake, results in found for r in results
                if (r.task == task) == (r.score > 0)]
    assert mistakes.kinds(found) == mistakes.listed(name)


@pytest.mark.slow
def test_the_same_score_twenty_times():
    """One seed, one score and one reason, to the letter; another seed, another case."""
    name = "01-pull-backs"
    answers, [task] = with_mistake(name, "hypotenuse", "g * a / y", "g * a")
    results = {grader.grade_task(work(name), task, answers).reason for _ in range(20)}
    assert len(results) == 1
    assert grader.grade_task(work(name), task, answers, seed=1).reason not in results
