"""Operations element by element: broadcasting, precision, large inputs and kinks."""
import numpy as np
import pytest
from helpers import leaves
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_slope_of_leaky_relu(dtype):
    x = np.array([-np.inf, -2, 3], dtype)
    np.testing.assert_array_equal(tg.leaky_relu(x, 0), [0, 0, 3])
    np.testing.assert_array_equal(tg.leaky_relu(x, 1), x)


# --- broadcasting ---

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


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.leaky_relu(np.ones(2), -0.1), "leaky_relu: negative_slope is -0.1, expected 0 to 1"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
