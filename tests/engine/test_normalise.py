"""Moments of a batch, on one process and on several, and the map that batch normalisation makes of them."""
from contextlib import nullcontext

import foreign
import numpy as np
import pytest
import threads
from helpers import host, on

import tinygan as tg
from tinygan import nn
from tinygan.distributed.group import SingleProcess, using_group
from tinygan.ops import normalise
from tinygan.ops.normalise import affine, affine_adjoint, all_reduce, batch_norm_coefficients, moments


class Copies(SingleProcess):
    """`size` ranks with equal values: a sum over them is a product."""

    size = 3

    def sum(self, a):
        return self.size * a

    def global_count(self, n):
        return self.size * n

    def weighted_share(self, mean):
        return mean / self.size


def test_derivatives_with_all_ranks_alike(rng):
    with using_group(Copies()):
        tg.check_gradients(all_reduce, rng.normal(size=(2, 3)))
        tg.check_gradients(moments, rng.normal(size=(5, 3)))
        tg.check_gradients(nn.MinibatchStd(), rng.normal(size=(4, 3, 2)))
    with pytest.raises(tg.GradientError), using_group(Copies()):
        tg.check_gradients(lambda x: all_reduce(x.detach()) + x, rng.normal(size=3))


@pytest.mark.parametrize("is_plain", [False, True])
def test_moments_of_many_rows_and_of_float16(is_plain):
    x = np.full((1 << 18, 3), 0.1, np.float32)
    wide = np.array([[-200.0], [200.0]], np.float16).repeat(500, axis=0)
    with tg.plain() if is_plain else nullcontext():
        np.testing.assert_allclose(moments(x), [[0.1] * 3, [0] * 3], rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(affine_adjoint(x, x), [[0.01 * len(x)] * 3, [0.1 * len(x)] * 3], rtol=1e-5)
        assert moments(wide).tolist() == [[0], [40000]]
        assert moments(wide).dtype == np.float16
        assert affine_adjoint(wide / 200, wide[::-1] * 0 + 1).tolist() == [[0], [1000]]


@pytest.mark.parametrize("size", [2, 3])
def test_moments_and_their_derivatives_are_those_of_the_whole_batch(size, rng):
    """Value, gradient, and the gradient of a function of the gradient; all of the sum over ranks."""
    x, u, v = rng.normal(3, 1, (7, 2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(7, 2, 3))

    def derivatives(x, u, v):
        x = tg.Tensor(x, requires_grad=True)
        both = moments(x)
        [slope] = tg.grad(tg.sum(u * both * both), [x], create_graph=True)
        [second] = tg.grad(tg.sum(v * slope * slope), [x])
        return both.numpy(), slope.numpy(), second.numpy()

    def on(ranks):
        ranks.divide(7)
        with using_group(ranks):
            return derivatives(ranks.shard(x), ranks.weighted_share(u), ranks.shard(v))
    parts = threads.play(size, on)
    both, slope, second = derivatives(x, u, v)
    for part in parts:
        np.testing.assert_allclose(part[0], both, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate([part[1] for part in parts]), slope, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(np.concatenate([part[2] for part in parts]), second, rtol=1e-11, atol=1e-13)


def test_pooled_variance_survives_a_large_mean():
    x = 1e4 + np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)

    def on(ranks):
        ranks.divide(64)
        with using_group(ranks):
            return moments(ranks.shard(x))
    for both in threads.play(2, on):
        np.testing.assert_allclose(both[1], x.astype(float).var(axis=0), rtol=1e-3)


def test_the_sum_of_a_batch_is_the_same_each_time():
    """The kernels are deterministic, and so are their stand-ins on the host."""
    x = tg.Tensor(foreign.asarray(np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)))
    first, second = (foreign.to_host(normalise._moments(x.data)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_moments_coefficients_and_affine_make_a_batch_normal(xp):
    x = np.random.default_rng(0).normal(5, 3, (50, 2))
    weight, bias = np.array([2.0, 1.0]), np.array([0.0, -1.0])
    rows = batch_norm_coefficients(moments(on(xp, x)), on(xp, weight), on(xp, bias), eps=0)
    y = host(affine(on(xp, x), rows))
    np.testing.assert_allclose(y, (x - x.mean(0)) / x.std(0) * weight + bias, rtol=1e-10)


def test_affine_and_its_adjoint_meet():
    rng = np.random.default_rng(0)
    x, g, rows = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 2)), rng.standard_normal((2, 2))
    np.testing.assert_allclose((affine(x, rows) * g).sum(), (rows * affine_adjoint(x, g)).sum(), rtol=1e-12)


@pytest.mark.parametrize(("weight", "bias"), [(2, 1), (1, 2), (3, 3)])
def test_coefficients_of_other_channels_are_refused(weight, bias):
    with pytest.raises(ValueError, match=r"^batch_norm_coefficients: moments \(2, 2\), weight .* do not fit: expected"):
        batch_norm_coefficients(np.ones((2, 2)), np.ones(weight), np.ones(bias))
