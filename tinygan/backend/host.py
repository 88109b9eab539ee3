"""NumPy forms: the results of the plain bodies with fewer passes over memory and fewer new arrays."""
from __future__ import annotations

import math

import numpy as np

from tinygan.backend.accelerated import PLAIN, form, run

BLOCK = 1 << 16  # elements of a block: a few such vectors fit into the cache together
BITS = {"e": "i2", "f": "i4", "d": "i8"}  # integers of the same size
ROWS = 1024  # added up one by one
COLUMNS = 4096  # elements above which a product with ones is faster than a sum over rows


def floats(x, *_) -> bool:
    """Whether x is a NumPy array of floating point numbers, not a single one."""
    return type(x) is np.ndarray and x.dtype.kind == "f" and x.ndim > 0


def _vectors(*args) -> bool:
    """Whether all are NumPy's arrays, of one dtype."""
    kind = args[0].dtype
    return all(type(a) is np.ndarray and a.dtype is kind for a in args)


# Functions of one variable

@form("ops.elementwise._relu", floats)
def _relu(x):
    """np.clip: np.maximum of an array and a number takes four times as long as of two arrays."""
    return np.clip(x, 0, np.inf)


@form("ops.elementwise._leaky_relu", floats)
def _leaky_relu(x, slope):
    value = x * slope
    return np.maximum(x, value, out=value)


def _bits(x, *_) -> bool:
    return type(x) is np.ndarray and x.dtype.char in BITS and x.ndim > 0


@form("ops.choices._select", lambda x, mask: _bits(x) and type(mask) is np.ndarray and mask.dtype == bool)
def _select(x, mask):
    """The bits of x as an integer, times 0 or 1: np.where takes ten times as long, and infinity times 0 is NaN."""
    return (x.view(BITS[x.dtype.char]) * mask).view(x.dtype)


@form("ops.elementwise._relu_backward", _bits)
def _relu_backward(x, y, slope):
    """A product with an array of slopes: np.where takes ten times as long."""
    if not slope:
        return _select(x, y > 0)
    value = (y > 0).astype(x.dtype)
    value.clip(slope, 1, out=value)
    value *= x
    return value


# Copies and sums

@form("ops.shape._repeat", lambda x, shape, over: type(x) is np.ndarray and (over == 1 or x.dtype.kind == "f"))
def _repeat(x, shape, over):
    """A copy, which for small arrays is faster than a view."""
    out = np.empty_like(x, shape=shape)
    out[...] = x if over == 1 else x / over
    return out


def column_sums(x):
    """The sum over all axes but the last, as ones @ x: several times faster in BLAS.

    Rows are added one by one, so many are divided into parts, to keep the rounding error small.
    """
    rows = x.reshape(-1, x.shape[-1])
    parts, rest = divmod(len(rows), ROWS)
    if parts < 2:
        return np.ones(len(rows), x.dtype) @ rows
    ones, end = np.ones(ROWS, x.dtype), len(rows) - rest
    sums = (ones @ rows[:end].reshape(parts, ROWS, x.shape[-1])).sum(0, np.float64) + ones[:rest] @ rows[end:]
    return sums.astype(x.dtype)


def _few_or_last(x, axes) -> bool:
    """Whether NumPy's sum is accurate: of few numbers, and over the last axes of a contiguous x (it adds in pairs)."""
    if axes is None:
        return x.flags.forc
    last = min(axes, default=x.ndim) + len(axes) == x.ndim
    return (last and x.flags.c_contiguous) or math.prod([x.shape[a] for a in axes]) <= ROWS


@form("ops.shape._total", lambda x, *_: type(x) is np.ndarray and x.dtype.char in "fd")
def _total(x, axes, keepdims):
    columns = x.size >= COLUMNS and axes == tuple(range(x.ndim - 1))
    if x.size < COLUMNS or (not columns and _few_or_last(x, axes)):
        return np.add.reduce(x, axes, keepdims=keepdims)  # x.sum calls it, and takes longer
    if not columns:
        return PLAIN["ops.shape._total"](x, axes, keepdims)
    sums = column_sums(x)
    return sums.reshape((1,) * len(axes) + sums.shape) if keepdims else sums


@form("ops.reduce._mean", lambda x, *_: type(x) is np.ndarray and x.dtype.char in "fd")
def _mean(x, axes, keepdims):
    """A sum, divided: NumPy's mean takes longer than a layer of a small network."""
    return _total(x, axes, keepdims) / math.prod([x.shape[a] for a in axes])


# Products

@form("ops.linear.product", lambda a, b: a.shape[-1] == 1 and a.ndim == b.ndim == 2)
def _column_times_row(a, b):
    """An outer product without sums, for which BLAS is slow."""
    return a * b


@form("ops.linear._linear", lambda x, w, b: x.dtype is w.dtype is b.dtype)
def _linear(x, w, b):
    value = x @ w if type(x) is np.ndarray and len(w) > 1 else run("ops.linear.product", x, w)
    value += b
    return value


# Batch normalisation

@form("ops.normalise._moments", lambda x: floats(x) and x.dtype.char in "fd")
def _moments(x):
    rows = x.reshape(-1, x.shape[-1])
    moments = np.empty_like(rows, shape=(2, rows.shape[-1]))
    moments[0] = run("ops.shape._total", rows, (0,), False) / len(rows)
    distance = rows - moments[0]
    distance *= distance
    moments[1] = run("ops.shape._total", distance, (0,), False) / len(rows)
    return moments


@form("ops.normalise._affine_adjoint", lambda x, g: floats(x) and x.dtype.char in "fd")
def _affine_adjoint(x, g):
    axes = tuple(range(x.ndim - 1))
    of_products = run("ops.shape._total", g * x, axes, False)
    sums = np.empty_like(of_products, shape=(2, x.shape[-1]))
    sums[0], sums[1] = of_products, run("ops.shape._total", g, axes, False)
    return sums


@form("ops.normalise._affine", lambda x, rows: floats(x) and x.dtype == rows.dtype)
def _affine(x, rows):
    value = x * rows[0]
    value += rows[1]
    return value


# Vectors

@form("updates._average", lambda average, theta, decay: _vectors(average, theta))
def _average(average, theta, decay):
    average += (1 - decay) * (theta - average)


@form("updates.adam_step", lambda g, m, v, *_: _vectors(g, m, v))
def _adam_step(g, m, v, bias_m, bias_v, beta1, beta2, eps):
    """Adam in blocks that fit into the cache.

    beta m + (1 - beta) g is computed as m + (1 - beta) (g - m), and the bias corrections are one factor of sqrt(v). So
    each pass works in place or in `direction`, and no other array is made.
    """
    direction, correct_m, correct_v = np.empty_like(g), 1 / bias_m, 1 / bias_v
    factor, shift = correct_v**0.5 / correct_m, eps / correct_m
    for start in range(0, len(g), BLOCK):
        g_, m_, v_, d = [a[start:start + BLOCK] for a in (g, m, v, direction)]
        np.subtract(g_, m_, out=d)
        d *= 1 - beta1
        m_ += d
        np.multiply(g_, g_, out=d)
        d -= v_
        d *= 1 - beta2
        v_ += d
        np.sqrt(v_, out=d)
        d *= factor
        d += shift
        np.divide(m_, d, out=d)
    return direction
