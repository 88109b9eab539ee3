"""Operations element by element: broadcasting, precision, large inputs and kinks."""
import numpy as np
import pytest
from helpers import host, leaves
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg

# --- arrays and Tensors, dtypes ---

TWO_OPERANDS = {"add": tg.Tensor.__add__, "sub": tg.Tensor.__sub__, "mul": tg.Tensor.__mul__,
                "div": tg.Tensor.__truediv__, "pow": tg.Tensor.__pow__, "radd": tg.Tensor.__radd__,
                "rsub": tg.Tensor.__rsub__, "rmul": tg.Tensor.__rmul__, "rdiv": tg.Tensor.__rtruediv__,
                "rpow": tg.Tensor.__rpow__, "maximum": tg.maximum, "where": lambda x, s: tg.where(x > 0, x, s),
                "clip": lambda x, s: tg.clip(x, -s, s), "leaky_relu": lambda x, s: tg.leaky_relu(x, s / 2)}


@pytest.mark.parametrize("name", TWO_OPERANDS)
@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2)], ids=["int", "float", "float64", "float32"])
def test_a_number_does_not_change_the_precision(name, number):
    [x] = leaves([np.array([0.5, 1.5], np.float32)])
    y = TWO_OPERANDS[name](x, number)
    slope = tg.grad(y.sum(), [x])[0]
    recorded = tg.grad(y.sum(), [x], create_graph=True)[0]
    assert y.dtype == slope.dtype == recorded.dtype == np.float32
    tg.check_gradients(lambda x: TWO_OPERANDS[name](x, number), [0.5, 1.4])


# --- corners ---

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stable_far_out(dtype):
    x = tg.Tensor(np.array([-1000, 0, 1000], dtype), requires_grad=True)
    for f, value, slope in [(tg.sigmoid, [0, 0.5, 1], [0, 0.25, 0]), (tg.softplus, [0, np.log(2), 1000], [0, 0.5, 1]),
                            (tg.log_sigmoid, [-1000, -np.log(2), 0], [1, 0.5, 0]), (tg.tanh, [-1, 0, 1], [0, 1, 0]),
                            (tg.softmax, [0, 0, 1], [0, 0, 0]), (tg.log_softmax, [-2000, -1000, 0], [1, 1, -2])]:
        y = f(x)
        np.testing.assert_allclose(y.data, value, rtol=1e-6)
        np.testing.assert_allclose(tg.grad(y.sum(), [x])[0].data, slope, atol=1e-6)


def test_slopes_at_the_kinks():
    x = tg.Tensor([0.0, 0.5, -0.5], requires_grad=True)
    for f, expected in [(tg.relu, [0, 1, 0]), (tg.abs, [0, 1, -1]), (tg.leaky_relu, [0.01, 1, 0.01]),
                        (tg.clip, [1, 1, 1]), (lambda x: tg.maximum(x, 0.0), [0.5, 1, 0])]:
        np.testing.assert_allclose(tg.grad(f(x).sum(), [x])[0].data, expected)
    same = tg.Tensor([1.0, 1.0, 0.0], requires_grad=True)
    np.testing.assert_allclose(tg.grad(tg.max(same), [same])[0].data, [0.5, 0.5, 0])


# --- choices ---

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


# --- powers ---

def test_whole_powers_at_zero_to_third_order():
    tg.check_gradients(lambda x: x ** 2 + x ** 1 + x ** 0, [0.0, 1.0], order=3)


EXPONENTS = [kind(b) for b in (0, 1, 2, 3) for kind in (
    int, float, np.int64, np.uint8, np.float32, np.float64, np.array, lambda b: [b, b],
    lambda b: np.array([b], np.uint8), lambda b: tg.Tensor(float(b)),
    lambda b: tg.Tensor([float(b)], requires_grad=True))]


@pytest.mark.parametrize("b", EXPONENTS, ids=lambda b: f"{type(b).__name__} {b}")
def test_powers_at_zero_of_every_kind(b):
    """x ** b at x = 0: value 0 or 1, the derivatives of a polynomial to third order."""
    degree = int(np.ravel(b.data if isinstance(b, tg.Tensor) else b)[0])
    x = tg.Tensor([0.0, 2.0], requires_grad=True)
    y, expected = x ** b, np.polynomial.Polynomial([0] * degree + [1])
    for _ in range(4):
        np.testing.assert_array_equal(y.data, expected(x.data))
        if not y.requires_grad:
            assert expected.degree() == 0
            break
        [y] = tg.grad(y.sum(), [x], create_graph=True)
        expected = expected.deriv()


@pytest.mark.parametrize("b", [0, np.int64(0), np.array([0.0]), tg.Tensor([0.0]), tg.Tensor(0.0, requires_grad=True)])
def test_the_power_0_of_infinity(b):
    x = tg.Tensor([np.inf, -np.inf], requires_grad=True)
    assert (x ** b).data.tolist() == [1, 1]
    assert tg.grad((x ** b).sum(), [x])[0].data.tolist() == [0, 0]


def test_derivatives_of_powers_with_respect_to_the_exponent():
    """At a = 0 the limit, 0, for b >= 0; elsewhere the derivatives in both, mixed ones too, also at b = 0."""
    b = tg.Tensor([0.0, 1.0, 2.5], requires_grad=True)
    for zero in (0, 0.0, np.zeros(3), tg.Tensor(np.zeros(3))):
        assert tg.grad((zero ** b).sum(), [b])[0].data.tolist() == [0, 0, 0]
    tg.check_gradients(lambda a, b: a ** b, [0.5, 1.5, 2.0], [0.0, 1.0, -1.5], order=3)
    tg.check_gradients(lambda b: 2 ** b, [0.0, 1.0, -1.5], order=3)


def normal(*shapes):
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 2.0, shape) for shape in shapes]


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), st.data())
def test_broadcasting(shapes, data):
    a, b = normal(*shapes.input_shapes)
    f = data.draw(st.sampled_from([tg.Tensor.__add__, tg.Tensor.__sub__, tg.Tensor.__mul__, tg.Tensor.__truediv__,
                                   tg.Tensor.__pow__, tg.maximum, lambda a, b: tg.where(a < b, a, b)]))
    assert f(tg.Tensor(a), tg.Tensor(b)).shape == shapes.result_shape
    tg.check_gradients(f, a, b)


def test_a_power_that_is_a_list():
    tg.check_gradients(lambda x: x ** [1, 2, 3], [1.0, 2.0, 0.5])


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.leaky_relu(np.ones(2), -0.1), "leaky_relu: negative_slope is -0.1, expected 0 to 1"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
