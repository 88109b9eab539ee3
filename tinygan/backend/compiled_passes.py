"""Compiled passes over all elements of arrays, and over rows of channels."""
from __future__ import annotations

import math

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import fits, form, loop

MIN_CHANNELS = 16  # with fewer, the loop over channels is too short
ROWS = 256  # added up one by one, in the precision of the array


def _numbers(*values) -> bool:
    return {float, int}.issuperset(map(type, values))


def _rows(*arrays):
    return [a.reshape(-1, a.shape[-1]) for a in arrays]


def _channels(x, *others) -> bool:
    """Whether a pass over rows of channels takes these arrays of one shape."""
    return fits(x, *others) and x.shape[-1] >= MIN_CHANNELS


def _two_rows(x, scale_shift, slope=0) -> bool:
    return _channels(x) and compiled.take(x, scale_shift) and scale_shift.shape == (2, x.shape[-1]) and _numbers(slope)


# Elements

@loop
def _leaky_relu(x, slope, y):
    for i in prange(x.size):
        if slope:
            y[i] = x[i] if x[i] > 0 else slope * x[i]
        else:
            y[i] = 0 if x[i] <= 0 else x[i]  # NaN stays, and no product of 0 and infinity gives another


@form("ops.elementwise._relu", fits)
def relu(x):
    return leaky_relu(x, 0.0)


@form("ops.elementwise._leaky_relu", lambda x, slope: fits(x) and _numbers(slope))
def leaky_relu(x, slope):
    y = np.empty_like(x)
    _leaky_relu(x.reshape(-1), x.dtype.type(slope), y.reshape(-1))
    return y


@loop
def _relu_backward(x, y, slope, out):
    for i in prange(x.size):
        if slope:
            out[i] = x[i] if y[i] > 0 else slope * x[i]
        else:
            out[i] = x[i] if y[i] > 0 else 0


@form("ops.elementwise._relu_backward", lambda x, y, slope: fits(x, y) and _numbers(slope))
def relu_backward(x, y, slope):
    out = np.empty_like(x)
    _relu_backward(x.reshape(-1), y.reshape(-1), x.dtype.type(slope), out.reshape(-1))
    return out


@loop
def _plus(a, b, out):
    for i in prange(a.size):
        out[i] = a[i] + b[i]


@form("backend.arrays.plus", fits)
def plus(a, b):
    out = np.empty_like(a)
    _plus(a.reshape(-1), b.reshape(-1), out.reshape(-1))
    return out


# Vectors

@loop
def _add(theta, rate, direction):
    for i in prange(theta.size):
        theta[i] += rate * direction[i]


@form("updates._add", lambda theta, rate, direction: fits(theta, direction) and _numbers(rate))
def add(theta, rate, direction):
    _add(theta, theta.dtype.type(rate), direction)


@loop
def _adam_step(g, m, v, rest1, rest2, factor, shift, direction):
    for i in prange(g.size):
        m[i] += rest1 * (g[i] - m[i])
        v[i] += rest2 * (g[i] * g[i] - v[i])
        direction[i] = m[i] / (np.sqrt(v[i]) * factor + shift)


@form("updates.adam_step", lambda g, m, v, *numbers: fits(g, m, v) and _numbers(*numbers))
def adam_step(g, m, v, bias_m, bias_v, beta1, beta2, eps):
    direction = np.empty_like(g)
    numbers = 1 - beta1, 1 - beta2, bias_m / math.sqrt(bias_v), eps * bias_m
    _adam_step(g, m, v, *map(g.dtype.type, numbers), direction)
    return direction


# Rows of channels

@loop
def _affine_relu(x, scale_shift, slope, y):
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            u = x[r, c] * scale_shift[0, c] + scale_shift[1, c]
            if slope:
                y[r, c] = u if u > 0 else slope * u
            else:
                y[r, c] = 0 if u <= 0 else u


@form("backend.fusion._affine_relu", _two_rows)
def affine_relu(x, scale_shift, slope):
    y = np.empty_like(x)
    rows, out = _rows(x, y)
    _affine_relu(rows, scale_shift, x.dtype.type(slope), out)
    return y


@form("ops.normalise._affine", _two_rows)
def affine(x, scale_shift):
    return affine_relu(x, scale_shift, 1.0)


@form("backend.fusion._scale", _two_rows)
def scale(g, scale_shift):
    return affine(g, np.stack([scale_shift[0], np.zeros_like(scale_shift[0])]))


@form("backend.arrays.plus", lambda x, row: _channels(x) and compiled.take(x, row) and row.shape == x.shape[-1:])
def plus_row(x, row):
    return affine(x, np.stack([np.ones_like(row), row]))


# Sums over rows. A part has so few rows that its rounding error stays small; the parts are added in float64.

@loop
def _partial_sums(kind, x, g, parts):
    """Two rows for each part. Row 0 is the sum of x (kind 0), of (x - g)^2 for one row g (1), or of g x (2).

    Row 1 is the sum of g (2).
    """
    sums = np.zeros((parts, 2, x.shape[1]), x.dtype)
    for t in prange(parts):
        for r in range(len(x) * t // parts, len(x) * (t + 1) // parts):
            for c in range(x.shape[1]):
                if kind == 0:
                    sums[t, 0, c] += x[r, c]
                elif kind == 1:
                    sums[t, 0, c] += (x[r, c] - g[0, c]) * (x[r, c] - g[0, c])
                else:
                    sums[t, 0, c] += g[r, c] * x[r, c]
                    sums[t, 1, c] += g[r, c]
    return sums


def _sums(kind, x, g):
    parts = compiled.threads * -(-len(x) // (compiled.threads * ROWS))
    return _partial_sums(kind, x, g, parts).sum(0, np.float64)


@form("ops.normalise._moments", _channels)
def moments(x):
    rows, both = x.reshape(-1, x.shape[-1]), np.empty((2, x.shape[-1]), x.dtype)
    both[0] = _sums(0, rows, both)[0] / len(rows)
    both[1] = _sums(1, rows, both)[0] / len(rows)
    return both


@form("ops.normalise._affine_adjoint", _channels)
def affine_adjoint(x, g):
    return _sums(2, *_rows(x, g)).astype(x.dtype)
