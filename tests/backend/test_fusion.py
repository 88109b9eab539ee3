"""The fused forms: a normalisation with its activation, and both calls of a discriminator as one."""
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from helpers import host, on

import tinygan as tg
from tinygan import nn
from tinygan.backend import accelerated, compiled
from tinygan.backend.fusion import affine_relu
from tinygan.game.step import logits


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.2), nn.LeakyReLU(0.0)])
@pytest.mark.parametrize("training", [True, False])
def test_a_normalisation_takes_the_activation_after_it_along(activation, training):
    """Fast path: the same bits as one layer after the other, and the same derivatives to second order.

    Compiled sums over rows are added in another order than NumPy's: there up to rounding.
    """
    layers = nn.BatchNorm(3), activation
    norm = nn.Sequential(*layers).astype("float64").layers[0]
    norm.training = training
    x = np.random.default_rng(0).standard_normal((4, 2, 2, 3))

    def outcomes(f):
        t = tg.Tensor(x, requires_grad=True)
        y = f(t)
        [slope] = tg.grad((y**3).sum(), [t], create_graph=True)
        return y.data, slope.data, *[g.data for g in tg.grad((slope * slope).sum(), [t, norm.weight])]
    both = nn.Sequential(*layers)
    for a, b in zip(outcomes(both), outcomes(lambda t: activation(norm(t))), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14 if compiled.threads else 0, atol=0)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_a_map_and_its_bend(slope, xp):
    x, rows = np.random.default_rng(0).normal(size=(50, 2)), np.array([[2.0, -1.0], [0.5, 0.0]])
    straight = x * rows[0] + rows[1]
    got = affine_relu(on(xp, x), on(xp, rows), slope)
    np.testing.assert_allclose(host(got), np.where(straight > 0, straight, slope * straight), rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_bend_before_an_infinite_slope(dtype, xp):
    """The square root has an infinite slope at 0, which must not reach the inputs that the ReLU does not pass."""
    x = tg.Tensor(on(xp, np.array([[-3.0], [4.0]], dtype)), requires_grad=True)
    rows = on(xp, np.array([[1.0], [0.0]], dtype))
    y = tg.sqrt(affine_relu(x, rows, 0.0))
    [slope] = tg.grad(y.sum(), [x], create_graph=True)
    [second] = tg.grad(slope[1:].sum(), [x])
    [bare] = tg.grad(y.sum(), [x])
    for got, expected in ((y, [0, 2]), (bare, [0, 0.25]), (slope, [0, 0.25]), (second, [0, -1 / 32])):
        np.testing.assert_array_equal(host(got).ravel(), expected)


@pytest.mark.parametrize("slope", [-0.1, 1.5])
def test_a_slope_that_the_layer_refuses(slope):
    with pytest.raises(ValueError, match=f"^leaky_relu: negative_slope is {slope}, expected 0 to 1$"):
        nn.Sequential(nn.BatchNorm(2), nn.LeakyReLU(slope))(np.ones((4, 2), np.float32))


def test_derivatives_of_a_map_and_its_bend():
    rng = np.random.default_rng(0)
    tg.check_gradients(lambda x, rows: affine_relu(x, rows, 0.2), rng.normal(size=(5, 3)), rng.normal(size=(2, 3)))


def rows_seen(d, x, fake, condition=()):
    """The number of examples that D's first layer gets in each call for the outputs on x and on fake."""
    seen, layer = [], d[0]
    forward = type(layer).forward

    def watched(self, x):
        if self is layer:
            seen.append(len(x))
        return forward(self, x)
    with mock.patch.object(type(layer), "forward", watched):
        logits(SimpleNamespace(discriminator=d), x, fake, condition)
    return seen


@pytest.mark.skipif(accelerated.ALWAYS_PLAIN, reason="TINYGAN_PLAIN=1 turns the fused forms off")
def test_real_and_generated_examples_go_through_d_together_where_each_is_seen_alone():
    rng = np.random.default_rng(0)
    x, fake = (tg.Tensor(rng.normal(size=(4, 2)).astype(np.float32)) for _ in range(2))
    layers = nn.Dense(2, 5, rng=0), nn.LeakyReLU(0.2), nn.Dense(5, 1, rng=0)
    d = nn.Sequential(*layers)
    assert rows_seen(d, x, fake) == [8]
    assert rows_seen(d, tg.Tensor(x.data, requires_grad=True), fake) == [4, 4]  # a penalty differentiates by x
    assert rows_seen(d, x, tg.Tensor(fake.data[:3])) == [4, 3]
    for other in (nn.BatchNorm(5), nn.Dropout(0.5, rng=0), nn.MinibatchStd()):  # these use the batch or the rng
        last = nn.Dense(6, 1, rng=0) if isinstance(other, nn.MinibatchStd) else layers[2]
        assert rows_seen(nn.Sequential(*layers[:2], other, last), x, fake) == [4, 4]
    with tg.plain():
        assert rows_seen(d, x, fake) == [4, 4]
