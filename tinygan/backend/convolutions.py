"""Fast forms of the three convolutions of `ops/conv.py`: parts of the batch on NumPy, gathers on a GPU."""
from __future__ import annotations

import numpy as np

from tinygan.backend import cuda
from tinygan.backend.accelerated import PLAIN, form, run
from tinygan.backend.kernels import LARGE, owner_of

CHUNK = 1 << 18  # elements of the rows of a part: they fit into a second-level cache


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


# On NumPy arrays, in parts of the batch, so that memory does not grow with it

def _on_host(a, b, *_) -> bool:
    return type(a) is type(b) is np.ndarray


def parts(n, size) -> list[slice]:
    """Parts of a batch of n, of at most `size` examples, all about as large."""
    count = -(-n // max(1, size))
    return [slice(n * i // count, n * (i + 1) // count) for i in range(count)]


def _parts(n, width, kernel):
    """Parts whose rows, of `width` elements an example, fit into the cache; of a large kernel, rows twice as large."""
    return parts(n, max(CHUNK, 2 * kernel) // max(1, width))


@form("ops.conv.correlate", _on_host)
def _correlate(x, w, out, stride, padding):
    y = np.empty((len(x), *out, w.shape[-1]), np.result_type(x, w))
    for part in _parts(len(x), out[0] * out[1] * w[..., 0].size, w.size):
        rows = _windows(x[part], w.shape[:2], out, stride, padding)
        y[part] = (rows @ w.reshape(-1, w.shape[-1])).reshape(-1, *out, w.shape[-1])
    return y


@form("ops.conv.correlate_weight", _on_host)
def _weight(x, y, kernel, stride, padding):
    row = kernel[0] * kernel[1] * x.shape[-1]
    w = np.zeros((row, y.shape[-1]), np.result_type(x, y))
    for part in _parts(len(x), y.shape[1] * y.shape[2] * row, row * y.shape[-1]):
        w += _windows(x[part], kernel, y.shape[1:3], stride, padding).T @ y[part].reshape(-1, y.shape[-1])
    return w.reshape(*kernel, x.shape[-1], y.shape[-1])


@form("ops.conv.transpose_correlate", _on_host)
def _transpose(y, w, size, stride, padding):
    x = np.empty((len(y), *size, w.shape[2]), np.result_type(y, w))
    for part in _parts(len(y), y.shape[1] * y.shape[2] * w[..., 0].size, w.size):
        x[part] = PLAIN["ops.conv.transpose_correlate"](y[part], w, size, stride, padding)
    return x


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
    runs = np.lib.stride_tricks.as_strided(framed, (n, *out, kh, kw * c), (n_, sh * h_, sw * w_, h_, c_))
    return runs.reshape(n * out[0] * out[1], kh * kw * c)
