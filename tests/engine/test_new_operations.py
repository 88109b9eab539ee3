"""min, minimum, std, sin, cos, split, astype and SGD (those in the table OPS are checked in test_ops.py too)."""
import bdb
import linecache
import traceback

import numpy as np
import pytest

import tinygan as tg


def slope(f, *values):
    xs = [tg.Tensor(v, requires_grad=True) for v in values]
    return [g.data.tolist() for g in tg.grad(f(*xs).sum(), xs)]


def test_minimum_shares_the_slope_where_both_are_equal():
    assert slope(tg.minimum, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == [[1, 0.5, 0], [0, 0.5, 1]]


def test_minimum_and_min_choose_before_an_infinite_slope():
    x = tg.Tensor([0.0, 3.0], requires_grad=True)
    with np.errstate(divide="ignore"):
        assert slope(lambda x: tg.sqrt(4 - tg.minimum(4.0, x)), [5.0, 3.0]) == [[0, -0.5]]
        assert tg.grad(tg.sqrt(tg.min(x)), [x])[0].data.tolist() == [np.inf, 0]


def test_min_shares_the_slope_among_equals():
    assert slope(lambda x: tg.min(x, axis=1), [[1.0, 1.0, 2.0], [3.0, 2.0, 4.0]]) == [[[0.5, 0.5, 0], [0, 1, 0]]]
    assert tg.min(np.array([-128, 3], np.int8)) == -128


def test_numbers_do_not_change_the_precision():
    x = tg.Tensor(np.ones(2, np.float32))
    assert tg.minimum(x, 2.0).dtype == tg.minimum(2, x).dtype == tg.std(x).dtype == np.float32


@pytest.mark.parametrize("f", [tg.sin, tg.cos, lambda x: tg.sin(x) * tg.cos(x * x)])
def test_sine_and_cosine_to_fourth_order(f):
    tg.check_gradients(f, [0.3, -1.2, 4.0], order=4)


def test_std_is_numpys():
    x = np.random.default_rng(0).standard_normal((4, 5))
    np.testing.assert_allclose(tg.Tensor(x).std(0).data, x.std(0), rtol=1e-14)


@pytest.mark.parametrize(("parts", "axis"), [(2, -1), (3, -1), (1, 0), ([1, 4], 1), ([2], -2), ([0, 9], 1)])
def test_split_is_numpys_and_concatenate_undoes_it(parts, axis):
    x = np.random.default_rng(0).standard_normal((4, 6))
    pieces = tg.split(tg.Tensor(x, requires_grad=True), parts, axis)
    assert all(isinstance(p, tg.Tensor) for p in pieces)
    for got, expected in zip(pieces, np.split(x, parts, axis), strict=True):
        np.testing.assert_array_equal(got.data, expected)
    np.testing.assert_array_equal(tg.concatenate(pieces, axis).data, x)


def test_split_has_derivatives():
    def f(x):
        a, b = tg.split(x, 2)
        return a * tg.exp(b)
    tg.check_gradients(f, np.random.default_rng(0).standard_normal((2, 4)), order=3)
    assert [type(p) for p in tg.split(np.ones(4), 2)] == [np.ndarray, np.ndarray]


@pytest.mark.parametrize(("parts", "axis"), [(4, -1), (0, 0), (2, 2)])
def test_split_refuses(parts, axis):
    with pytest.raises(ValueError, match=r"split: x \(4, 6\) cannot be divided into . equal pieces along axis"):
        tg.split(np.ones((4, 6)), parts, axis)


def test_astype():
    x = tg.Tensor(np.float32([1.5, 2.5]), requires_grad=True)
    y = (x.astype(np.float64) ** 3).sum()
    assert y.dtype == np.float64
    [g] = tg.grad(y, [x], create_graph=True)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g.data, 3 * x.data ** 2, rtol=1e-6)
    np.testing.assert_allclose(tg.grad(g.sum(), [x])[0].data, 6 * x.data, rtol=1e-6)
    assert not x.astype(int).requires_grad
    assert x.astype(int).data.tolist() == [1, 2]


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_gradient_of_a_float32_leaf_is_float32(create_graph):
    x, y = tg.Tensor(np.float32([1, 2]), requires_grad=True), tg.Tensor([0.1, 0.2], requires_grad=True)
    slopes = tg.grad((x * x * y).sum(), [x, y], create_graph=create_graph)
    assert [g.dtype for g in slopes] == [np.float32, np.float64]
    np.testing.assert_allclose(slopes[0].data, [0.2, 0.8], rtol=1e-6)
    if create_graph:
        np.testing.assert_allclose(tg.grad(slopes[0].sum(), [y])[0].data, [2, 4], rtol=1e-6)


def test_sgd_is_the_gradient_itself():
    sgd, theta = tg.updates.SGD(), np.array([1.0, 2.0])
    for _ in range(2):
        tg.updates.descend(theta, sgd([np.array([0.5]), np.array([1.0])]), 0.1)
    np.testing.assert_allclose(theta, [0.9, 1.8])
    assert sgd.state_dict() == {}
    assert isinstance(sgd, tg.updates.Optimiser)


# --- mistakes and debuggers ---

def test_a_wrong_shape_prints_one_traceback():
    with pytest.raises(ValueError, match=r"^add: a \(2,\), b \(3,\): ") as caught:
        tg.Tensor(np.ones(2)) + np.ones(3)
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("Traceback (most recent call last)") == 1
    assert "except MISTAKES as error: refuse('add', error, locals())" in text  # a line of the compiled function


def test_a_debugger_shows_an_operation():
    class Stepper(bdb.Bdb):
        def user_line(self, frame):
            seen.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip())

    seen = []
    x = tg.Tensor([1.0])
    assert linecache.getlines(tg.exp.__code__.co_filename)[:2] == ["def exp(x):\n", "    try: return function(x)\n"]
    Stepper(skip=["tinygan.backend*"]).runcall(tg.exp, x)
    assert "try: return function(x)" in seen
    assert any("np.exp(unwrap(x))" in line for line in seen)
