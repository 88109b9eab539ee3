"""Choices: a branch that was not taken adds nothing to a derivative, whatever its slope."""
import numpy as np
import pytest
from helpers import host, leaves

import tinygan as tg

CHOICES = {  # each is (0, 4) at (-1, 4), from a branch whose slope is 0 at -1
    "relu": tg.relu, "leaky_relu": lambda x: tg.leaky_relu(x, 0.0), "maximum": lambda x: tg.maximum(x, 0.0),
    "maximum, right": lambda x: tg.maximum(0.0, x), "minimum": lambda x: -tg.minimum(-x, 0.0),
    "minimum, right": lambda x: -tg.minimum(0.0, -x), "clip": lambda x: tg.clip(x, 0.0, 9.0),
    "where": lambda x: tg.where(x > 0, x, 0.0), "where, right": lambda x: tg.where(x < 0, 0.0, x),
    "relu_backward": lambda x: tg.relu_backward(x, x > 0), "power": lambda x: x ** ones(x) - (1 - ones(x)),
    "power of a number": lambda x: tg.concatenate([x[:1] ** 0 - 1, x[1:]]), "abs": lambda x: tg.abs(x * ones(x)),
    "max": lambda x: tg.max(tg.stack([x, 0 * x.detach()]), axis=0),
    "min": lambda x: -tg.min(tg.stack([-x, 0 * x.detach()]), axis=0),
}


def ones(x):
    """A constant, 1 where x > 0 and 0 elsewhere."""
    return 0 * x.detach() + (x > 0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_before_an_infinite_slope(name, dtype, xp):
    """The square root has an infinite slope at 0, which must not reach the branch that was not chosen."""
    [x] = leaves([np.array([-1, 4], dtype)], xp)
    y = tg.sqrt(CHOICES[name](x))
    [bare] = tg.grad(y.sum(), [x])
    [slope] = tg.grad(y.sum(), [x], create_graph=True)
    [second] = tg.grad(slope[1:].sum(), [x])
    for got, expected in ((y, [0, 2]), (bare, [0, 0.25]), (slope, [0, 0.25]), (second, [0, -1 / 32])):
        np.testing.assert_array_equal(host(got), expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_distances_between_all_pairs():
    """The distance of a point to itself is 0, where the square root has no slope."""
    a = tg.Tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)
    s = (a * a).sum(1, keepdims=True)
    [slope] = tg.grad(tg.sqrt(tg.relu(s + s.T - 2 * (a @ a.T)) * (1 - np.eye(4))).sum(), [a])
    away = a.data[:, None] - a.data
    length = np.sqrt((away**2).sum(-1, keepdims=True)) + np.eye(4)[..., None]
    np.testing.assert_allclose(slope.data, 2 * (away / length).sum(1), rtol=1e-6)
