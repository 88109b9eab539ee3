"""Sums, means, variances, maxima and softmax over any axes."""
import numpy as np
import pytest
from helpers import host, on
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg


def test_large_sums_are_sums(xp):
    x = np.random.default_rng(0).standard_normal((40, 15, 8))  # above the size from which `total` uses BLAS
    for axis in (None, 0, (0, 1), -1, (0, 2)):
        for keepdims in (False, True):
            np.testing.assert_allclose(host(tg.sum(on(xp, x), axis, keepdims)), x.sum(axis, keepdims=keepdims))


sizes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)


@given(sizes, st.data())
def test_reductions(shape, data):
    ndim = len(shape)
    axes = data.draw(st.none() | hnp.valid_tuple_axes(ndim, min_size=1) | st.integers(-ndim, ndim - 1))
    keepdims = data.draw(st.booleans())
    x = np.random.default_rng(4).standard_normal(shape)
    for f, expected in [(tg.sum, np.sum), (tg.mean, np.mean), (tg.var, np.var), (tg.max, np.max)]:
        np.testing.assert_allclose(f(x, axes, keepdims), expected(x, axis=axes, keepdims=keepdims), atol=1e-15)
        tg.check_gradients(lambda x: f(x, axes, keepdims), x)


@given(sizes, st.data())
def test_softmax(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(5).standard_normal(shape)
    np.testing.assert_allclose(tg.softmax(x, axis).sum(axis), 1)
    np.testing.assert_allclose(np.exp(tg.log_softmax(x, axis)), tg.softmax(x, axis))
    tg.check_gradients(lambda x: tg.softmax(x, axis), x)
    tg.check_gradients(lambda x: tg.log_softmax(x, axis), x)


@pytest.mark.oracle
@given(shape=sizes)
def test_softmax_is_torchs(torch, shape):
    x = np.random.default_rng(8).standard_normal(shape)
    for ours, theirs in [(tg.softmax, torch.softmax), (tg.log_softmax, torch.log_softmax)]:
        a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b, -1)
        np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12)
        [slope], [expected] = tg.grad((y ** 3).sum(), [a]), torch.autograd.grad((z ** 3).sum(), b)
        np.testing.assert_allclose(slope.data, expected, atol=1e-12)


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.sum(np.ones((2, 3)), 2), "sum: x (2, 3) has no axis 2"),
    (lambda: tg.max(np.ones((2, 3)), (0, -3)), "max: x (2, 3) has no axis -3"),
    (lambda: tg.mean(np.ones((0, 3)), 0), "mean: x (0, 3) is empty over axis 0"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
