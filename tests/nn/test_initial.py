"""Initial values: their distribution, and that the signal keeps its size."""
import numpy as np
import pytest

from tinygan import nn

SEED = np.random.default_rng


@pytest.mark.parametrize(("rule", "sd", "limit"), [
    (nn.initial.he, np.sqrt(2 / 400), np.inf),
    (lambda *a: nn.initial.he(*a, slope=0.2), np.sqrt(2 / 1.04 / 400), np.inf),
    (nn.initial.glorot, np.sqrt(2 / 700), np.sqrt(6 / 700)),
    (nn.initial.uniform, np.sqrt(1 / 1200), np.sqrt(1 / 400)),
    (nn.initial.normal(), 0.02, np.inf),
    (nn.initial.normal(0.5), 0.5, np.inf),
])
def test_law_of_the_initial_values(rule, sd, limit):
    w = rule(SEED(0), (400, 300), 400, 300)
    assert w.dtype == np.float32
    n = w.size
    assert abs(w.mean()) < 4 * sd / np.sqrt(n)
    assert abs(w.std() / sd - 1) < 4 / np.sqrt(2 * n)
    assert abs(w).max() <= limit
    assert limit == np.inf or abs(w).max() > 0.99 * limit


@pytest.mark.parametrize(("make", "variance"), [
    (lambda rng: nn.Dense(500, 200, rng=rng), 2 / 500),
    (lambda rng: nn.Conv2d(30, 40, 4, rng=rng), 2 / (16 * 30)),
    (lambda rng: nn.ConvTranspose2d(40, 30, 4, rng=rng), 2 / (16 * 40)),
    (lambda rng: nn.Conv2d(30, 40, 3, rng=rng, initial=nn.initial.glorot), 2 / (9 * 70)),
    (lambda rng: nn.ConvTranspose2d(40, 30, 3, rng=rng, initial=nn.initial.glorot), 2 / (9 * 70)),
    (lambda rng: nn.Embedding(200, 50, rng=rng), 1.0),
])
def test_initial_weights_of_the_layers(make, variance):
    layer = make(SEED(0))
    assert layer.weight.data.var() == pytest.approx(variance, rel=0.05)
    assert not hasattr(layer, "bias") or not layer.bias.data.any()
    np.testing.assert_array_equal(layer.weight.data, make(SEED(0)).weight.data)
    assert not np.array_equal(layer.weight.data, make(SEED(1)).weight.data)


def test_he_keeps_the_signal():
    rng = SEED(0)
    net = nn.Sequential(*[m for _ in range(10) for m in (nn.Dense(300, 300, rng=rng), nn.ReLU())])
    x = rng.standard_normal((50, 300)).astype(np.float32)
    assert 0.5 < 2 * (net(x).data ** 2).mean() / (x ** 2).mean() < 2  # half of them are cut to 0 by the last ReLU
