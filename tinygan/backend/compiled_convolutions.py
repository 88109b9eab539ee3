"""Convolutions by compiled loops: windows as rows, one product, and its adjoint, in parts that memory holds."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import form, loop
from tinygan.backend.compiled_products import MIN_PRODUCTS, multiply

CHUNK = 1 << 21  # elements of the rows of a part, for each core


def parts(n: int, width: int, least: int = 1) -> Iterator[slice]:
    """The parts of a batch of n, of which each example has `width` elements of intermediate arrays."""
    size = max(1, least, compiled.threads * CHUNK // width)
    count = -(-n // size)
    for i in range(count):
        yield slice(n * i // count, n * (i + 1) // count)


@loop
def _windows(x, kernel, out, stride, padding, rows):
    n, h, w, c = x.shape
    for line in prange(n * out[0]):
        b, top = line // out[0], line % out[0] * stride[0] - padding[0]
        for q in range(out[1]):
            row, k = rows[line * out[1] + q], 0
            for u in range(top, top + kernel[0]):
                left = q * stride[1] - padding[1]
                for v in range(left, left + kernel[1]):
                    if 0 <= u < h and 0 <= v < w:
                        for e in range(c):
                            row[k + e] = x[b, u, v, e]
                    else:
                        for e in range(c):
                            row[k + e] = 0
                    k += c


@loop
def _overlaps(rows, kernel, out, stride, padding, x):
    n, h, w, c = x.shape
    for b in prange(n):
        x[b] = 0
        for p in range(out[0]):
            top = p * stride[0] - padding[0]
            for q in range(out[1]):
                row, k = rows[(b * out[0] + p) * out[1] + q], 0
                left = q * stride[1] - padding[1]
                for u in range(top, top + kernel[0]):
                    for v in range(left, left + kernel[1]):
                        if 0 <= u < h and 0 <= v < w:
                            for e in range(c):
                                x[b, u, v, e] += row[k + e]
                        k += c


def _fits(a, b, work) -> bool:
    """Whether the loops take arrays a and b, for a convolution of so many multiplications."""
    return work >= MIN_PRODUCTS and type(a) is np.ndarray and compiled.take(a, b)


def _divided(images, out, columns):
    """Parts of a batch with so many columns in its rows, at least as many rows: smaller products are slower."""
    return parts(len(images), out[0] * out[1] * columns, columns // (out[0] * out[1]))


def _rows_of(x, kernel, out, stride, padding):
    rows = np.empty((len(x) * out[0] * out[1], kernel[0] * kernel[1] * x.shape[-1]), x.dtype)
    _windows(x, kernel, out, stride, padding, rows)
    return rows


@form("ops.conv.correlate", lambda x, w, out, stride, padding: _fits(x, w, len(x) * out[0] * out[1] * w.size))
def correlate(x, w, out, stride, padding):
    kernel, y = w.reshape(-1, w.shape[-1]), np.empty((len(x), *out, w.shape[-1]), x.dtype)
    for part in _divided(x, out, len(kernel)):
        multiply(_rows_of(x[part], w.shape[:2], out, stride, padding), kernel, out=y[part].reshape(-1, w.shape[-1]))
    return y


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      _fits(x, y, y.size * kernel[0] * kernel[1] * x.shape[-1]))
def correlate_weight(x, y, kernel, stride, padding):
    out, c, o = y.shape[1:3], x.shape[-1], y.shape[-1]
    w: Any = None
    for part in _divided(x, out, kernel[0] * kernel[1] * c):
        w = multiply(_rows_of(x[part], kernel, out, stride, padding).T, y[part].reshape(-1, o), w)
    return w.reshape(*kernel, c, o)


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: _fits(y, w, y[..., 0].size * w.size))
def transpose_correlate(y, w, size, stride, padding):
    out, (*kernel, c, o) = y.shape[1:3], w.shape
    x = np.empty((len(y), *size, c), y.dtype)
    for part in _divided(y, out, w[..., 0].size):
        rows = multiply(y[part].reshape(-1, o), w.reshape(-1, o).T)
        _overlaps(rows, tuple(kernel), out, stride, padding, x[part])
    return x
