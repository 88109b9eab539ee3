"""Compiled loops over all elements, and over rows of channels. Sums are float64, so their error does not grow."""
from __future__ import annotations

import math

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import fits, form, loop, piece


def _is_number(x) -> bool:
    return type(x) in (float, int)


def _flat(*arrays):
    return [a.reshape(-1) for a in arrays]


def _rows(*arrays):
    return [a.reshape(-1, a.shape[-1]) for a in arrays]


# Elements

@loop
def _relu(x, y):
    for i in prange(x.size):
        y[i] = 0 if x[i] <= 0 else x[i]  # NaN stays


@form("ops.elementwise._relu", fits)
def relu(x):
    y = np.empty_like(x)
    _relu(*_flat(x, y))
    return y


@loop
def _leaky_relu(x, slope, y):
    for i in prange(x.size):
        y[i] = x[i] if x[i] > 0 else slope * x[i]


@form("ops.elementwise._leaky_relu", lambda x, slope: fits(x) and _is_number(slope))
def leaky_relu(x, slope):
    y = np.empty_like(x)
    _leaky_relu(x.reshape(-1), x.dtype.type(slope), y.reshape(-1))
    return y


@loop
def _relu_backward(x, y, slope, out):
    if slope:
        for i in prange(x.size):
            out[i] = x[i] if y[i] > 0 else slope * x[i]
    else:
        for i in prange(x.size):
            out[i] = x[i] if y[i] > 0 else 0  # not a product: an infinite x would give NaN


@form("ops.elementwise._relu_backward", lambda x, y, slope: fits(x, y) and _is_number(slope))
def relu_backward(x, y, slope):
    out = np.empty_like(x)
    _relu_backward(*_flat(x, y), x.dtype.type(slope), out.reshape(-1))
    return out


@loop
def _plus(a, b, out):
    for i in prange(a.size):
        out[i] = a[i] + b[i]


@form("tensor.plus", lambda a, b: fits(a, b) and a.shape == b.shape)
def plus(a, b):
    out = np.empty_like(a)
    _plus(*_flat(a, b, out))
    return out


@loop
def _plus_row(x, row, out):
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            out[r, c] = x[r, c] + row[c]


@form("tensor.plus", lambda x, row: _channels(x, row) and row.shape == x.shape[-1:])
def plus_row(x, row):
    out = np.empty_like(x)
    rows, sums = _rows(x, out)
    _plus_row(rows, row, sums)
    return out


# Vectors

@loop
def _add(theta, rate, direction):
    for i in prange(theta.size):
        theta[i] += rate * direction[i]


@form("updates._add", lambda theta, rate, direction: fits(theta, direction) and _is_number(rate))
def add(theta, rate, direction):
    _add(theta, theta.dtype.type(rate), direction)


@form("updates._average", lambda average, theta, decay: fits(average, theta) and _is_number(decay))
def average(average, theta, decay):
    _average(average, average.dtype.type(1 - decay), theta)


@loop
def _average(average, rest, theta):
    for i in prange(average.size):
        average[i] += rest * (theta[i] - average[i])


@loop
def _adam_step(g, m, v, rest1, rest2, factor, shift, direction):
    for i in prange(g.size):
        m[i] += rest1 * (g[i] - m[i])
        v[i] += rest2 * (g[i] * g[i] - v[i])
        direction[i] = m[i] / (np.sqrt(v[i]) * factor + shift)


@form("updates.adam_step", lambda g, m, v, *numbers: fits(g, m, v) and all(map(_is_number, numbers)))
def adam_step(g, m, v, bias_m, bias_v, beta1, beta2, eps):
    direction = np.empty_like(g)
    numbers = 1 - beta1, 1 - beta2, bias_m / math.sqrt(bias_v), eps * bias_m
    _adam_step(g, m, v, *map(g.dtype.type, numbers), direction)
    return direction


# Rows of channels

@loop
def _affine(x, scale_shift, y):
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            y[r, c] = x[r, c] * scale_shift[0, c] + scale_shift[1, c]


def _channels(x, *others) -> bool:
    """Whether a pass over rows takes these arrays: with few channels, its inner loop is too short."""
    return fits(x, *others) and x.shape[-1] >= 16


@form("ops.normalise._affine", _channels)
def affine(x, scale_shift):
    y = np.empty_like(x)
    rows, out = _rows(x, y)
    _affine(rows, scale_shift, out)
    return y


@loop
def _affine_relu(x, scale_shift, slope, y):
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            u = x[r, c] * scale_shift[0, c] + scale_shift[1, c]
            y[r, c] = slope * u if u <= 0 else u


@form("backend.fusion._affine_relu", lambda x, scale_shift, slope: _channels(x, scale_shift))
def affine_relu(x, scale_shift, slope):
    y = np.empty_like(x)
    rows, out = _rows(x, y)
    _affine_relu(rows, scale_shift, x.dtype.type(slope), out)
    return y


@piece
def _add_up(x, total):
    """total += the sum of the rows of x. Four rows are added in the precision of x."""
    last = len(x) // 4 * 4
    for r in range(0, last, 4):
        for c in range(x.shape[1]):
            total[c] += (x[r, c] + x[r + 1, c]) + (x[r + 2, c] + x[r + 3, c])
    for r in range(last, len(x)):
        for c in range(x.shape[1]):
            total[c] += x[r, c]


@piece
def _add_up_squares(x, mean, total):
    """total += the sum of the rows of (x - mean)^2."""
    last = len(x) // 4 * 4
    for r in range(0, last, 4):
        for c in range(x.shape[1]):
            a, b, d, e = x[r, c] - mean[c], x[r + 1, c] - mean[c], x[r + 2, c] - mean[c], x[r + 3, c] - mean[c]
            total[c] += (a * a + b * b) + (d * d + e * e)
    for r in range(last, len(x)):
        for c in range(x.shape[1]):
            total[c] += (x[r, c] - mean[c]) ** 2


@piece
def _add_up_products(x, g, total):
    """total += the sum of the rows of g x."""
    last = len(x) // 4 * 4
    for r in range(0, last, 4):
        for c in range(x.shape[1]):
            total[c] += ((g[r, c] * x[r, c] + g[r + 1, c] * x[r + 1, c])
                         + (g[r + 2, c] * x[r + 2, c] + g[r + 3, c] * x[r + 3, c]))
    for r in range(last, len(x)):
        for c in range(x.shape[1]):
            total[c] += g[r, c] * x[r, c]


@loop
def _column_sums(x, parts):
    sums = np.zeros((parts, x.shape[1]))
    for t in prange(parts):
        _add_up(x[len(x) * t // parts:len(x) * (t + 1) // parts], sums[t])
    return sums


@loop
def _variances(x, mean, parts):
    sums = np.zeros((parts, x.shape[1]))
    for t in prange(parts):
        _add_up_squares(x[len(x) * t // parts:len(x) * (t + 1) // parts], mean, sums[t])
    return sums


@loop
def _affine_adjoint(x, g, parts):
    sums = np.zeros((parts, 2, x.shape[1]))
    for t in prange(parts):
        first, last = len(x) * t // parts, len(x) * (t + 1) // parts
        _add_up_products(x[first:last], g[first:last], sums[t, 0])
        _add_up(g[first:last], sums[t, 1])
    return sums


@form("ops.shape._total", lambda x, axes, keepdims: _channels(x) and axes == tuple(range(x.ndim - 1)) and x.ndim > 1)
def total(x, axes, keepdims):
    sums = _column_sums(*_rows(x), compiled.threads).sum(0).astype(x.dtype)
    return sums.reshape((1,) * len(axes) + sums.shape) if keepdims else sums


@form("ops.normalise._moments", _channels)
def moments(x):
    rows, = _rows(x)
    both = np.empty((2, x.shape[-1]), x.dtype)
    both[0] = _column_sums(rows, compiled.threads).sum(0) / len(rows)
    both[1] = _variances(rows, both[0], compiled.threads).sum(0) / len(rows)
    return both


@form("ops.normalise._affine_adjoint", _channels)
def affine_adjoint(x, g):
    return _affine_adjoint(*_rows(x, g), compiled.threads).sum(0).astype(x.dtype)
