"""Elementwise operations: arithmetic, functions of one variable, choices. Each has its value and its pull-backs."""
from __future__ import annotations

import numpy as np

from tinygan.backend import plus
from tinygan.backend.accelerated import accelerated
from tinygan.ops.choices import chosen, share
from tinygan.ops.inputs import signed, snapshot
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record

_PAIRS = case((3, 4), (4,)), case((3, 1), (1, 4)), case((), (2, 3))


@op(*_PAIRS)
def add(a, b):
    """a + b, with broadcasting."""
    return record(plus(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g, b.shape)))


@op(*_PAIRS)
def sub(a, b):
    """a - b, with broadcasting."""
    return record(np.subtract(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(-g, b.shape)))


@op(*_PAIRS)
def mul(a, b):
    """a * b, with broadcasting."""
    return record(np.multiply(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g * b, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g * a, b.shape)))


@op(case((3, 4), (4,), low=0.5), case((3, 1), (1, 4), low=0.5))
def div(a, b):
    """a / b, with broadcasting."""
    return record(np.divide(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g / b, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(-g * y / b, b.shape)))


@op(case((2, 3)))
def neg(x):
    """-x."""
    return record(np.negative(unwrap(x)), (x, lambda g, y, x: -g))


@op(case((2, 3)))
def exp(x):
    """The exponential function e^x."""
    return record(np.exp(unwrap(x)), (x, lambda g, y, x: g * y))


@op(case((2, 3), low=0.5))
def log(x):
    """The natural logarithm."""
    return record(np.log(unwrap(x)), (x, lambda g, y, x: g / x))


@op(case((2, 3), low=0.5))
def sqrt(x):
    """The square root."""
    return record(np.sqrt(unwrap(x)), (x, lambda g, y, x: 0.5 * g / y))


@op(case((2, 3)))
def abs(x):
    """The absolute value; its derivative at 0 is set to 0."""
    return record(np.abs(unwrap(x)), (x, lambda g, y, x: chosen(g, x != 0) * np.sign(unwrap(x))))


@op(case((2, 3)))
def tanh(x):
    """The hyperbolic tangent."""
    return record(np.tanh(unwrap(x)), (x, lambda g, y, x: _tanh_backward(g, y)))


@accelerated
def _tanh_backward(g, y):
    return g * (1 - y * y)


@op(case((2, 3)))
def sin(x):
    """The sine."""
    return record(np.sin(unwrap(x)), (x, lambda g, y, x: g * cos(x)))


@op(case((2, 3)))
def cos(x):
    """The cosine."""
    return record(np.cos(unwrap(x)), (x, lambda g, y, x: -g * sin(x)))


@op(case((2, 3)))
def sigmoid(x):
    """1 / (1 + exp(-x)), the logistic function, accurate on both sides (`d-output`)."""
    return record(_sigmoid(signed("sigmoid", x)), (x, lambda g, y, x: g * y * (1 - y)))


@accelerated
def _sigmoid(x):
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x < 0, e, 1) / (1 + e)


@op(case((2, 3)))
def softplus(x):
    """log(1 + exp(x)), stable at any x; its derivative is the sigmoid."""
    return record(np.logaddexp(unwrap(x), 0), (x, lambda g, y, x: g * sigmoid(x)))


@op(case((2, 3)))
def log_sigmoid(x):
    """log sigmoid(x), stable at any x. log(1 - sigmoid(x)) is log_sigmoid(-x)."""
    return record(_log_sigmoid(signed("log_sigmoid", x)), (x, lambda g, y, x: _log_sigmoid_backward(g, x)))


@accelerated
def _log_sigmoid(x):
    return -np.logaddexp(-x, 0)


@accelerated
def _log_sigmoid_backward(g, x):
    return g * sigmoid(-x)


@op(case((2, 3)))
def relu(x):
    """max(x, 0)."""
    return record(_relu(unwrap(x)), (x, lambda g, y, x: relu_backward(g, y)))


@accelerated
def _relu(x):
    return np.maximum(x, 0)


@op(case((2, 3)), case((2, 3), negative_slope=0.2))
def leaky_relu(x, negative_slope=0.01):
    """x where x > 0, negative_slope * x elsewhere (Maas et al. 2013); 0 <= negative_slope <= 1."""
    negative_slope = snapshot(unwrap(negative_slope), x)
    if not 0 <= negative_slope <= 1:
        raise ValueError(f"leaky_relu: negative_slope is {negative_slope}, expected 0 to 1")
    if negative_slope == 0:
        return relu(x)
    return record(_leaky_relu(unwrap(x), negative_slope), (x, lambda g, y, x: relu_backward(g, y, negative_slope)))


@accelerated
def _leaky_relu(x, slope):
    return np.where(x > 0, x, slope * x)


_SIGNS = np.array([[1.0, -1.0, 2.0], [-2.0, 0.0, 1.0]])


@op(case((2, 3), y=_SIGNS), case((2, 3), y=_SIGNS, slope=0.2))
def relu_backward(x, y, slope=0.0):
    """x where y > 0, slope * x elsewhere, 0 <= slope <= 1: the pull-back of a (leaky) ReLU. y has no derivative."""
    y = unwrap(y)
    if y.shape != x.shape:
        raise ValueError(f"relu_backward: x {x.shape} and y {y.shape} differ in shape")
    if not 0 <= slope <= 1:
        raise ValueError(f"relu_backward: slope is {slope}, expected 0 to 1")
    return record(_relu_backward(unwrap(x), y, slope), (x, lambda g, _, x: relu_backward(g, y, slope)))


@accelerated
def _relu_backward(x, y, slope):
    return np.where(y > 0, x, slope * x if slope else 0)


@op(*_PAIRS)
def maximum(a, b):
    """The larger of a and b, with broadcasting; where they are equal, each gets half of the cotangent."""
    return record(np.maximum(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(share(g, y, a, b), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(share(g, y, b, a), b.shape)))


@op(*_PAIRS)
def minimum(a, b):
    """The smaller of a and b, with broadcasting; where they are equal, each gets half of the cotangent."""
    return record(np.minimum(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(share(g, y, a, b), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(share(g, y, b, a), b.shape)))


_EVERY_OTHER = np.array([True, False, True])


@op(case((2, 3), (3,), condition=_EVERY_OTHER), case((), (2, 1), condition=_EVERY_OTHER))
def where(condition, a, b):
    """a where the condition is true, b elsewhere, with broadcasting; the condition has no derivative."""
    condition = snapshot(unwrap(condition), a, b)
    return record(np.where(condition, unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(chosen(g, condition), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(chosen(g, np.logical_not(condition)), b.shape)))


@op(case((2, 3), low=-1.0, high=1.0))
def clip(x, low=-0.5, high=0.5):
    """x limited to [low, high]; the derivative is 0 outside."""
    low, high = snapshot(unwrap(low), x), snapshot(unwrap(high), x)
    if low is None or high is None:
        raise TypeError(f"clip: x {np.shape(unwrap(x))} has bounds {low} and {high}, expected two numbers")
    value = np.clip(unwrap(x), low, high)
    if np.shape(value) != np.shape(unwrap(x)):
        raise ValueError(f"clip: x {np.shape(unwrap(x))} and its bounds {np.shape(low)}, {np.shape(high)} do not fit")
    return record(value, (x, lambda g, y, x: chosen(g, (x >= low) & (x <= high))))
