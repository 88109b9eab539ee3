"""Products of matrices, vectors and stacks of them."""
import pickle

import numpy as np
import pytest
from helpers import host, on
from hypothesis import given
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan.backend.accelerated import using_form


def normal(*shapes):
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 2.0, shape) for shape in shapes]


@given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3))
def test_matmul(shapes):
    a, b = normal(*shapes.input_shapes)
    product = tg.matmul(a, b)
    assert np.shape(product) == shapes.result_shape
    np.testing.assert_allclose(product, a @ b)
    tg.check_gradients(tg.matmul, a, b)


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.matmul(np.ones((2, 3)), np.ones((4, 5))), r"matmul: a (2, 3) has 3 columns, b (4, 5) has 4 rows"),
    (lambda: tg.matmul(np.ones((2, 3)), np.ones(())), r"matmul: a (2, 3) has 3 columns, b () has no rows"),
    (lambda: tg.linear(np.ones((2, 3)), np.ones((4, 5)), np.ones(5)),
     "linear: x (2, 3) has 3 columns, w (4, 5) has 4 rows"),
    (lambda: tg.linear(np.ones((2, 4)), np.ones((3, 5)), np.ones(5)),
     "linear: x (2, 4) has 4 columns, w (3, 5) has 3 rows"),
    (lambda: tg.linear(np.ones((2, 3)), np.ones((3, 5)), np.ones(6)),
     "linear: w (3, 5) and b (6,) do not fit: expected (inputs, outputs) and (outputs,)"),
    (lambda: tg.linear(np.ones((2, 3)), np.ones((3, 5)), np.ones(1)),
     "linear: w (3, 5) and b (1,) do not fit: expected (inputs, outputs) and (outputs,)"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message


def test_linear_is_a_product_and_a_bias(xp):
    x, w, b = (on(xp, np.random.default_rng(0).standard_normal(shape)) for shape in ((5, 3), (3, 2), (2,)))
    np.testing.assert_allclose(host(tg.linear(x, w, b)), host(x) @ host(w) + host(b), rtol=1e-12)


@pytest.mark.fast_forms
def test_another_form_of_the_product_serves_linear_too():
    """A CUDA graph needs it; also for an unpickled array, which has a dtype object of its own."""
    x, w, b = normal((5, 3), (3, 2), (2,))
    calls = []
    with using_form("ops.linear.product", lambda a, b: True, lambda a, b: calls.append(a.shape) or a @ b):
        np.testing.assert_allclose(tg.linear(pickle.loads(pickle.dumps(x)), w, b), x @ w + b, rtol=1e-12)
    assert calls == [(5, 3)]
