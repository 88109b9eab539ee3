"""Sums, means, variances, maxima and softmax over any axes."""
from contextlib import nullcontext

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


MANY = {  # shapes with 262,144 rows, and axes; rows may be added up in several ways
    "columns": ((1 << 18, 3), 0), "rows that leave a rest": (((1 << 18) + 7, 2), (0,)),
    "images": ((64, 64, 64, 2), (0, 1, 2)),
    "an axis in the middle": ((1, 1 << 18, 2, 1), 1), "first axis": ((1 << 18, 1, 2), 0), "all": ((1 << 18, 3), None)}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("is_plain", [False, True])
def test_many_rows_keep_their_digits(name, is_plain):
    """Sums, means and the sums in derivatives of float32 numbers have 5 right digits, also in a larger array."""
    shape, axis = MANY[name]
    x = np.full((*shape[:-1], shape[-1] + 1), 0.1, np.float32)[..., :-1]
    total = 0.1 * x.size / (1 if axis is None else np.delete(shape, axis).prod())
    w = tg.Tensor(np.ones(np.sum(x, axis, keepdims=True).shape, np.float32), requires_grad=True)
    with tg.plain() if is_plain else nullcontext():
        np.testing.assert_allclose(tg.sum(x, axis), total, rtol=1e-5)
        np.testing.assert_allclose(tg.mean(x, axis), 0.1, rtol=1e-5)
        np.testing.assert_allclose(tg.grad((w * x).sum(), [w])[0].data, total, rtol=1e-5)


def test_float16_is_added_up_in_float32():
    """As in NumPy's mean; only what float16 cannot hold is infinite."""
    x = np.full((4096, 2), 100, np.float16)
    wide = np.array([[-200], [200], [200], [-200]], np.float16).repeat(500, axis=0)
    for a in (x, x.T.copy().T, tg.Tensor(x)):
        assert [float(v) for v in (tg.mean(a), *tg.mean(a, 0), *tg.sum(a / 100, 0))] == [100, 100, 100, 4096, 4096]
    assert tg.var(wide) == tg.var(wide, 0) == 40000
    assert tg.std(tg.Tensor(wide)).item() == tg.std(wide * np.float16(2)) / 2 == 200
    t = tg.Tensor(x, requires_grad=True)
    [slope] = tg.grad(tg.mean(t * t), [t], create_graph=True)
    assert slope.dtype == tg.var(wide).dtype == tg.std(wide).dtype == np.float16
    ones = tg.Tensor(np.ones((1, 2), np.float16), requires_grad=True)
    assert tg.grad((ones * (x / 100)).mean() * 8192, [ones])[0].data.tolist() == [[4096, 4096]]
    many = tg.Tensor(np.ones(70_000, np.float16), requires_grad=True)  # more than the largest number of float16
    assert tg.grad(tg.mean(many), [many])[0].data[0] == np.float16(1 / 70_000)
    m = tg.Tensor(np.ones(2, np.float16), requires_grad=True)  # the second derivative of a mean
    [slope] = tg.grad(tg.mean(m * x) ** 2, [m], create_graph=True)
    assert np.isfinite(tg.grad(slope.sum() / 100, [m])[0].data).all()


def test_the_deviation_of_equal_numbers_has_the_slope_0():
    """As in PyTorch, to second order; other rows keep theirs."""
    x = tg.Tensor([[2.0, 2.0], [0.0, 4.0]], requires_grad=True)
    [slope] = tg.grad(tg.std(x, 1).sum(), [x], create_graph=True)
    np.testing.assert_array_equal(slope.data, [[0, 0], [-0.5, 0.5]])
    assert tg.grad((slope * slope).sum(), [x])[0].data.tolist() == [[0, 0], [0, 0]]


def test_lists_are_inputs():
    for f in (tg.sum, tg.mean, tg.var, tg.std, tg.max, tg.min):
        assert f([1.0, 3.0]) == f(np.array([1.0, 3.0]))


def test_small_integers_do_not_overflow_in_sums():
    x = np.full((5000, 2), 100, np.int8)
    assert tg.sum(x, 0).tolist() == tg.Tensor(x).sum(0).data.tolist() == [500_000] * 2
    assert tg.sum(x > 0, 0).tolist() == [5000, 5000]


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
