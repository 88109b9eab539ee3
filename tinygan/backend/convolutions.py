"""Fast forms of the three convolutions of `ops/conv.py`: parts of the batch on NumPy, gathers on a GPU.

A part of the batch fits into the cache. After `tune(divide_batches=True)`, one thread for each core works on parts.
"""
from __future__ import annotations

import numpy as np

from tinygan.backend import cuda, parallel, winograd
from tinygan.backend.accelerated import form, run
from tinygan.backend.kernels import LARGE, owner_of

FEW = 6  # length of a run up to which runs of neighbouring pixels are stored together; found by measurement


# Wide layers whose kernels are twice as long as their stride

@form("ops.conv.correlate", lambda x, w, out, stride, padding:
      winograd.pays(x, w, (len(x), *out, w.shape[-1]), w.shape, stride))
def _winograd_correlate(x, w, out, stride, padding):
    return winograd.correlate(x, w, out, stride, padding)


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      winograd.pays(x, y, y.shape, (*kernel, x.shape[-1], y.shape[-1]), stride))
def _winograd_weight(x, y, kernel, stride, padding):
    return winograd.correlate_weight(x, y, kernel, stride, padding)


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding:
      winograd.pays(y, w, y.shape, w.shape, stride))
def _winograd_transpose(y, w, size, stride, padding):
    return winograd.transpose_correlate(y, w, size, stride, padding)


# On a GPU the number of launches sets the time: one gather and one product

def _product(a, b):
    return run("ops.linear.product", a, b)


@form("ops.conv.correlate", lambda x, w, out, stride, padding:
      owner_of(x, w) and len(x) * out[0] * out[1] * w[..., 0].size < LARGE)
def _gather_correlate(x, w, out, stride, padding):
    rows = cuda.windows(x, w.shape[:2], out, stride, padding)
    return _product(rows, w.reshape(-1, w.shape[-1])).reshape(len(x), *out, w.shape[-1])


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      owner_of(x, y) and y[..., 0].size * kernel[0] * kernel[1] * x.shape[-1] < LARGE)
def _gather_weight(x, y, kernel, stride, padding):
    rows = cuda.windows(x, kernel, y.shape[1:3], stride, padding)
    return _product(rows.T, y.reshape(-1, y.shape[-1])).reshape(*kernel, x.shape[-1], y.shape[-1])


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding:
      owner_of(y, w) and len(y) * size[0] * size[1] * w.shape[2] < LARGE)
def _gather_transpose(y, w, size, stride, padding):
    rows = _product(y.reshape(-1, y.shape[-1]), w.reshape(-1, w.shape[-1]).T)
    return cuda.overlaps(rows, (len(y), *size, w.shape[2]), w.shape[:2], y.shape[1:3], stride, padding)


# On NumPy arrays, in parts of the batch. Each part reads the whole kernel, so parts are at least twice as large.

def _on_host(a, b, *_) -> bool:
    return type(a) is type(b) is np.ndarray


@form("ops.conv.correlate", _on_host)
def _correlate(x, w, out, stride, padding):
    def part(x):
        rows = _windows(x, w.shape[:2], out, stride, padding)
        return (rows @ w.reshape(-1, w.shape[-1])).reshape(len(x), *out, w.shape[-1])
    return parallel.map_batch(part, out[0] * out[1] * w[..., 0].size, x, chunk=max(parallel.CHUNK, 2 * w.size))


@form("ops.conv.correlate_weight", _on_host)
def _weight(x, y, kernel, stride, padding):
    def part(x, y):
        rows = _windows(x, kernel, y.shape[1:3], stride, padding)
        return (rows.T @ y.reshape(-1, y.shape[-1])).reshape(*kernel, x.shape[-1], y.shape[-1])
    row = kernel[0] * kernel[1] * x.shape[-1]
    chunk = max(parallel.CHUNK, 2 * row * y.shape[-1])
    return parallel.sum_batch(part, y.shape[1] * y.shape[2] * row, x, y, chunk=chunk)


@form("ops.conv.transpose_correlate", _on_host)
def _transpose(y, w, size, stride, padding):
    """Adds up the kernel times each pixel of y, where windows overlap.

    Kernels are cut into runs: pieces of a row, as long as the stride. Runs from the same place of the kernel, at
    different pixels, do not overlap. So all of them are one matrix product and one addition, to images cut in the same
    way. Short runs are slow to add, so there the numbers of neighbouring pixels are stored together instead.
    """
    (_, h, w_, o), (kh, kw, c, _), (sh, sw) = y.shape, w.shape, stride
    a, b = -(-kh // sh), -(-kw // sw)
    if (a * sh, b * sw) != (kh, kw):
        padded = np.zeros((a * sh, b * sw, c, o), w.dtype)  # to a multiple of the stride
        padded[:kh, :kw], w = w, padded
    high, wide = [max(m + k - 1, -(-(length + p) // s))
                  for m, k, length, p, s in zip((h, w_), (a, b), size, padding, stride)]

    def of_run(j):
        """The numbers of a run that are of the kernel; the others are infinity times 0 where y is infinite."""
        return min(sw, kw - j * sw) * c

    def part(y):
        if sw * c > FEW:
            products = y.reshape(-1, o) @ w.reshape(a * sh * b, sw * c, o).swapaxes(1, 2)
            products = products.reshape(a, sh, b, len(y), h, w_, sw * c)
            total = np.zeros((len(y), high, sh, wide, sw * c), products.dtype)
            for i, row, j in np.ndindex(a, sh, b):
                if i * sh + row < kh:
                    n = of_run(j)
                    total[:, i:i + h, row, j:j + w_, :n] += products[i, row, j, ..., :n]
        else:
            products = (w.reshape(-1, o) @ y.reshape(-1, o).T).reshape(a, sh, b, sw * c, len(y), h, w_)
            total = np.zeros((sh, sw * c, len(y), high, wide), products.dtype)
            for i, j in np.ndindex(a, b):
                m, n = kh - i * sh, of_run(j)
                total[:m, :n, :, i:i + h, j:j + w_] += products[i, :m, j, :n]
            total = total.transpose(2, 3, 0, 4, 1)
        total = total.reshape(len(y), high * sh, wide * sw, c)
        return total[:, padding[0]:padding[0] + size[0], padding[1]:padding[1] + size[1]]
    return parallel.map_batch(part, h * w_ * w[..., 0].size, y, chunk=max(parallel.CHUNK, 2 * w.size))


def _windows(x, kernel, out, stride, padding):
    """Copies each window of images into a row (im2col), by runs of kw * c numbers that are neighbours in memory."""
    n, h, w, c = x.shape
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, padding
    if ph or pw:
        framed = np.zeros((n, h + 2 * ph, w + 2 * pw, c), x.dtype)
        framed[:, ph:ph + h, pw:pw + w] = x
    else:
        framed = np.ascontiguousarray(x)
    n_, h_, w_, c_ = framed.strides
    c_, w_ = framed.itemsize, c * framed.itemsize  # an axis of length 1 may have any stride, such as x[..., None]
    if c == 1:  # rows of the image are longer runs than rows of a window
        taps = np.lib.stride_tricks.as_strided(framed, (kh, kw, n, *out), (h_, w_, n_, sh * h_, sw * w_))
        return taps.reshape(kh * kw, -1).T
    runs = np.lib.stride_tricks.as_strided(framed, (n, *out, kh, kw * c), (n_, sh * h_, sw * w_, h_, c_))
    return runs.reshape(n * out[0] * out[1], kh * kw * c)
