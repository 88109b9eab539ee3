"""Convolutions by compiled loops: windows as rows, one product, and its adjoint, in parts of the batch.

The rows of a part stay in the cache of the core that made them, until its share of the product has read them.
"""
from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import DTYPES, form, loop
from tinygan.backend.compiled_products import MIN_PRODUCTS, multiply

CHUNK = int(__import__("os").environ.get("CH", 1 << 22))  # elements of the rows of a part, for each core


def whole(*arrays) -> bool:
    """Whether the loops are on and take these arrays of one precision, each in one piece and not empty."""
    return bool(compiled.threads) and all(
        type(a) is np.ndarray and a.dtype in DTYPES and a.dtype is arrays[0].dtype and a.flags.carray and a.size
        for a in arrays)


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


def _fits(a, b, n, *sizes) -> bool:
    """Whether the loops take arrays a and b with so many rows."""
    return whole(a, b) and n * math.prod(sizes) >= MIN_PRODUCTS


@form("ops.conv.correlate", lambda x, w, out, stride, padding: _fits(x, w, len(x), *out, w.size))
def correlate(x, w, out, stride, padding):
    kernels, y = w.reshape(-1, w.shape[-1]), np.empty((len(x), *out, w.shape[-1]), x.dtype)
    for part in parts(len(x), out[0] * out[1] * len(kernels), len(kernels) // (out[0] * out[1])):
        rows = np.empty((len(x[part]) * out[0] * out[1], len(kernels)), x.dtype)
        _windows(x[part], w.shape[:2], out, stride, padding, rows)
        multiply(rows, kernels, y[part].reshape(-1, w.shape[-1]))
    return y


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      _fits(x, y, y.size, *kernel, x.shape[-1]))
def correlate_weight(x, y, kernel, stride, padding):
    out, c, o = y.shape[1:3], x.shape[-1], y.shape[-1]
    w = np.empty((kernel[0] * kernel[1] * c, o), x.dtype)
    for part in parts(len(x), out[0] * out[1] * len(w), len(w) // (out[0] * out[1])):
        rows = np.empty((len(x[part]) * out[0] * out[1], len(w)), x.dtype)
        _windows(x[part], kernel, out, stride, padding, rows)
        multiply(rows.T, y[part].reshape(-1, o), w, part.start > 0)
    return w.reshape(*kernel, c, o)


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: _fits(y, w, len(y) * y.shape[1] * y.shape[2], w.size))
def transpose_correlate(y, w, size, stride, padding):
    (_, *out, o), c, kernels = y.shape, w.shape[2], w.reshape(-1, w.shape[-1])
    x = np.empty((len(y), *size, c), y.dtype)
    for part in parts(len(y), out[0] * out[1] * len(kernels), len(kernels) // (out[0] * out[1])):
        rows = np.empty((len(y[part]) * out[0] * out[1], len(kernels)), y.dtype)
        multiply(y[part].reshape(-1, o), kernels.T, rows)
        _overlaps(rows, w.shape[:2], tuple(out), stride, padding, x[part])
    return x
