"""Convolutions by compiled loops: windows as rows, one product, and its adjoint, in parts that memory holds."""
from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import form, loop
from tinygan.backend.compiled_products import MIN_PRODUCTS, multiply
from tinygan.backend.convolutions import parts

CHUNK = 1 << 21  # elements of the rows of a part, for each core


@loop
def _windows(x, channels, kernel, out, stride, padding, rows):
    """Copies each window of images x (n, h, w * channels) to a row."""
    n, h, w = x.shape
    wide = kernel[1] * channels
    for line in prange(n * out[0]):
        b, top = line // out[0], line % out[0] * stride[0] - padding[0]
        for q in range(out[1]):
            row, left = rows[line * out[1] + q], (q * stride[1] - padding[1]) * channels
            begin, end = min(wide, max(0, -left)), max(0, min(wide, w - left))
            for i in range(kernel[0]):
                there = row[i * wide:(i + 1) * wide]
                if 0 <= top + i < h and begin < end:
                    there[:begin] = 0
                    copied, pixels = there[begin:end], x[b, top + i, left + begin:left + end]
                    for e in range(end - begin):
                        copied[e] = pixels[e]
                    there[end:] = 0
                else:
                    there[:] = 0


@loop
def _overlaps(rows, channels, kernel, out, stride, padding, x):
    n, h, w = x.shape
    wide = kernel[1] * channels
    for b in prange(n):
        x[b] = 0
        for p in range(out[0]):
            top = p * stride[0] - padding[0]
            for q in range(out[1]):
                row, left = rows[(b * out[0] + p) * out[1] + q], (q * stride[1] - padding[1]) * channels
                begin, end = max(0, -left), min(wide, w - left)
                for i in range(max(0, -top), min(kernel[0], h - top)):
                    if begin < end:
                        added, pixels = row[i * wide + begin:i * wide + end], x[b, top + i, left + begin:left + end]
                        for e in range(end - begin):
                            pixels[e] += added[e]


def _fits(a, b, work) -> bool:
    """Whether the loops take arrays a and b, for a convolution of so many multiplications."""
    return work >= MIN_PRODUCTS and type(a) is np.ndarray and compiled.take(a, b)


def divided(n, grid, columns, matrices=1):
    """Parts of a batch of n whose rows, a grid for each example, are at least as many as their columns.

    Products of smaller matrices are slower.
    """
    rows = grid[0] * grid[1]
    return parts(n, max(columns // rows, compiled.threads * CHUNK // (rows * columns * matrices)))


def _rows_of(x, kernel, out, stride, padding):
    rows = np.empty((len(x) * out[0] * out[1], kernel[0] * kernel[1] * x.shape[-1]), x.dtype)
    _windows(x.reshape(*x.shape[:2], -1), x.shape[-1], kernel, out, stride, padding, rows)
    return rows


@form("ops.conv.correlate", lambda x, w, out, stride, padding: _fits(x, w, len(x) * out[0] * out[1] * w.size))
def correlate(x, w, out, stride, padding):
    kernel, y = w.reshape(-1, w.shape[-1]), np.empty((len(x), *out, w.shape[-1]), x.dtype)
    for part in divided(len(x), out, len(kernel)):
        multiply(_rows_of(x[part], w.shape[:2], out, stride, padding), kernel, out=y[part].reshape(-1, w.shape[-1]))
    return y


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      _fits(x, y, y.size * kernel[0] * kernel[1] * x.shape[-1]))
def correlate_weight(x, y, kernel, stride, padding):
    out, c, o = y.shape[1:3], x.shape[-1], y.shape[-1]
    w: Any = None
    for part in divided(len(x), out, kernel[0] * kernel[1] * c):
        w = multiply(_rows_of(x[part], kernel, out, stride, padding).T, y[part].reshape(-1, o), w)
    return w.reshape(*kernel, c, o)


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: _fits(y, w, y[..., 0].size * w.size))
def transpose_correlate(y, w, size, stride, padding):
    out, (*kernel, c, o) = y.shape[1:3], w.shape
    x = np.empty((len(y), *size, c), y.dtype)
    for part in divided(len(y), out, w[..., 0].size):
        rows = multiply(y[part].reshape(-1, o), w.reshape(-1, o).T)
        _overlaps(rows, c, tuple(kernel), out, stride, padding, x[part].reshape(-1, size[0], size[1] * c))
    return x
