"""Powers: exponents of every kind, and derivatives at 0 and at infinity."""
import numpy as np
import pytest

import tinygan as tg


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


def test_a_power_that_is_a_list():
    tg.check_gradients(lambda x: x ** [1, 2, 3], [1.0, 2.0, 0.5])
