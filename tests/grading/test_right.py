"""Right answers that are not the reference's keep their points: task, the way, its text, the new text."""
import importlib.util

import pytest

if not importlib.util.find_spec("jupytext"):  # loading it takes seconds
    pytest.skip("jupytext is not installed", allow_module_level=True)
from kit import NAMES, with_mistake, work
from right_code import WAYS
from right_formulas import FORMULAS
from right_games import GAMES
from right_habits import HABITS
from right_layers import LAYERS
from right_objectives import OBJECTIVES
from right_windows import WINDOWS

from tinygan.grading import grader

RIGHT = {
    "05-normalisation": [
        ("group-norm", "the library's variance", "tg.mean(distance * distance, axis=(1, 2, 4), keepdims=True)",
         "tg.var(parts, axis=(1, 2, 4), keepdims=True)"),
        ("group-norm", "pixels in one axis", "parts = x.reshape((n, h, w, groups, c // groups))\n",
         "parts = x.reshape((n, h * w, 1, groups, c // groups))\n"),
        ("weight-norm", "a matrix", "square = tg.sum(v * v, axis=tuple(range(v.ndim - 1)))",
         "square = tg.sum(v.reshape((-1, v.shape[-1])) ** 2, axis=0)"),
    ],
    "06-gradients-of-gradients": [
        ("r2", "R1 at fakes", "    [slope] = tg.grad(tg.sum(D(x)), [x], create_graph=True)\n"
         "    return weight / 2 * tg.sum(slope * slope) / x.shape[0]", "    return tg.penalties.r1(D(x), x, weight)"),
        ("dragan", "Tensors, then a leaf", "cloud = real.data + c * real.data.std() * u.data",
         "cloud = (real + c * tg.sqrt(tg.var(real)) * u).detach()"),
        ("hessian-vector", "v as a cotangent of the slope's copy", "tg.sum(slope * v)", "(v * slope).sum()"),
        ("jacobian-vector", "u somewhere else", "0 * y.data", "0 * y.data + 1"),
    ],
    "07-broken-gans": [
        *GAMES,
        ("program-1", "fakes with the labels of the real", "c_fake = labels(128, rng)", "c_fake = c"),
        ("program-2", "noise on both at once", "        x = x + sigma * noise(128, rng)\n"
         "        fake = fake + sigma * noise(128, rng)\n",
         "        x, fake = (side + sigma * noise(128, rng) for side in (x, fake))\n"),
        ("program-3", "softplus", "tg.log_sigmoid(", "(lambda a: -tg.softplus(-a))("),
        ("program-4", "the library's average", "average *= keep\n        average += (1 - keep) * G.theta",
         "average = keep * average + (1 - keep) * G.theta"),
        ("program-5", "R1 of the library", "penalty = gamma / 2 * tg.sum(slope * slope)",
         "penalty = tg.penalties.r1(real, x, gamma)"),
        ("program-6", "the library's clip", "np.clip(D.theta, -bound, bound, out=D.theta)",
         "tg.updates.clip(D.theta, bound)"),
        ("program-6", "in place", "np.clip(D.theta, -bound, bound, out=D.theta)",
         "D.theta[:] = np.clip(D.theta, -bound, bound)"),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_another_right_answer_keeps_its_points(name):
    lost = []
    for task, way, old, new in RIGHT[name]:
        answers, tasks = with_mistake(name, task, old, new)
        results = [grader.grade_task(work(name), t, answers) for t in tasks]
        lost += [(task, way, result) for result in results if not result.passed]
    assert not lost


def cell_of(way):
    """The assignment and the cell of an entry of the lists."""
    number, _, cell = way[0].rpartition(":")
    return next(name for name in NAMES if name.startswith(number or "01")), cell


QUICK = ("a dataclass with postponed annotations",)


@pytest.mark.parametrize("way", [
    pytest.param(way, marks=() if way[1] in QUICK else pytest.mark.slow, id=f"{way[0]}: {way[1]}")
    for way in WAYS + HABITS + FORMULAS + WINDOWS + OBJECTIVES + LAYERS])
def test_unusual_code_keeps_its_points(way):
    name, cell = cell_of(way)
    results = [grader.grade_task(work(name), task, {**work(name).solutions, cell: way[2]})
               for task in work(name).tasks if cell in task.answers]
    assert [result.reason for result in results] == ["right"] * len(results)
    assert results
