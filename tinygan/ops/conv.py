"""Convolution as one trilinear form.

    T(x, w, y) = sum over n, i, j, a, b, c, o of  x[n, s i + a - p, s j + b - p, c] w[a, b, c, o] y[n, i, j, o]

Its three partial derivatives are the three operations below, so the pull-back of each is another of the three: the
family is closed under differentiation, and right to any order (equations `conv`, `conv-transpose`).

    x (n, h, w, c)    kernel w (kh, kw, c, o)    y (n, h', w', o),   h' = (h + 2 p - kh) // s + 1

The work is done by matrix products, on windows copied into rows (`windows`) or on blocks added up (`_spread`).
"""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.backend import parallel, winograd
from tinygan.backend.kernels import overlaps, windows
from tinygan.ops.registry import case, op, unwrap
from tinygan.tensor import record

FEW = 6  # numbers in a run of a kernel, up to which it is laid out the other way (see `_spread`): measured
_SAME = {"stride": 1, "padding": 1}
_HALF = {"stride": 2, "padding": 1}
_ODD = {"stride": (2, 3), "padding": (1, 0)}


@op(case((2, 4, 5, 2), (3, 3, 2, 3), **_SAME), case((2, 7, 6, 1), (4, 4, 1, 2), **_HALF),
    case((1, 6, 7, 2), (3, 2, 2, 2), **_ODD))
def conv2d(x, w, stride=1, padding=0):
    """The cross-correlation of images x with kernels w (`conv`): dT/dy.

    x (n, h, w, c), w (kh, kw, c, o) -> (n, h', w', o). stride, padding: a number, or one for each direction.
    """
    stride, padding = _pair("conv2d", "stride", stride, 1), _pair("conv2d", "padding", padding, 0)
    _meet("conv2d", "x", x, "w", w, -1, -2)
    size, kernel = x.shape[1:3], w.shape[:2]
    out = tuple([(n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding)])
    if min(out) < 1:
        raise ValueError(f"conv2d: x {x.shape} with padding {padding} is smaller than the kernel {kernel}")
    return record(_correlate(unwrap(x), unwrap(w), out, stride, padding),
                  (x, lambda g, y, x, w: _transpose_to(g, w, size, stride, padding)),
                  (w, lambda g, y, x, w: conv2d_weight(x, g, kernel, stride, padding)))


@op(case((2, 4, 5, 3), (3, 3, 2, 3), **_SAME), case((2, 3, 2, 2), (4, 4, 1, 2), output_padding=1, **_HALF),
    case((1, 2, 3, 2), (3, 2, 2, 2), output_padding=(0, 2), **_ODD))
def conv_transpose2d(x, w, stride=1, padding=0, output_padding=0):
    """The adjoint of conv2d with the same w (`conv-transpose`): dT/dx. Not its inverse.

    x (n, h, w, o), w (kh, kw, c, o) -> (n, h', w', c), h' = (h - 1) s - 2 p + kh + output_padding.
    """
    stride = _pair("conv_transpose2d", "stride", stride, 1)
    padding = _pair("conv_transpose2d", "padding", padding, 0)
    extra = _pair("conv_transpose2d", "output_padding", output_padding, 0)
    if any(e >= s for e, s in zip(extra, stride)):
        raise ValueError(f"conv_transpose2d: output_padding {extra} must be smaller than stride {stride}")
    _meet("conv_transpose2d", "x", x, "w", w, -1, -1)
    size = tuple([(n - 1) * s - 2 * p + k + e
                  for n, s, p, k, e in zip(x.shape[1:3], stride, padding, w.shape[:2], extra)])
    if min(size) < 1:
        raise ValueError(f"conv_transpose2d: x {x.shape}, kernel {w.shape[:2]} and padding {padding} leave no pixel")
    return _transpose_to(x, w, size, stride, padding)


def _transpose_to(x, w, size, stride, padding):
    """conv_transpose2d to images of a given size."""
    kernel = w.shape[:2]
    return record(_spread(unwrap(x), unwrap(w), size, stride, padding),
                  (x, lambda g, y, x, w: conv2d(g, w, stride, padding)),
                  (w, lambda g, y, x, w: conv2d_weight(g, x, kernel, stride, padding)))


@op(case((2, 4, 5, 2), (2, 4, 5, 3), kernel_size=3, **_SAME), case((2, 7, 6, 1), (2, 3, 3, 2), kernel_size=4, **_HALF),
    case((1, 6, 7, 2), (1, 3, 2, 2), kernel_size=(3, 2), **_ODD))
def conv2d_weight(x, y, kernel_size, stride=1, padding=0):
    """How inputs x and cotangents y of a convolution meet in its kernel: dT/dw.

    x (n, h, w, c), y (n, h', w', o) -> (kh, kw, c, o).
    """
    kernel = _pair("conv2d_weight", "kernel_size", kernel_size, 1)
    stride, padding = _pair("conv2d_weight", "stride", stride, 1), _pair("conv2d_weight", "padding", padding, 0)
    size = x.shape[1:3]
    out = tuple([(n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding)])
    if y.shape[:3] != (x.shape[0], *out):
        raise ValueError(f"conv2d_weight: y {y.shape} does not fit x {x.shape}: "
                         f"expected {(x.shape[0], *out)} before the channels")
    return record(_weigh(unwrap(x), unwrap(y), kernel, stride, padding),
                  (x, lambda g, _, x, y: _transpose_to(y, g, size, stride, padding)),
                  (y, lambda g, _, x, y: conv2d(x, g, stride, padding)))


# On bare arrays: the same three, by matrix products. Parts of the batch make use of a kernel that is read for each.

def _correlate(x, w, out, stride, padding):
    if winograd.pays(x, w, (len(x), *out, w.shape[-1]), w.shape, stride):
        return winograd.correlate(x, w, out, stride, padding)

    def part(x):
        rows = windows(x, w.shape[:2], out, stride, padding)
        return backend.matmul(rows, w.reshape(-1, w.shape[-1])).reshape(x.shape[0], *out, w.shape[-1])
    return parallel.map_batch(part, out[0] * out[1] * w[..., 0].size, x, chunk=max(parallel.CHUNK, 2 * w.size))


def _weigh(x, y, kernel, stride, padding):
    if winograd.pays(x, y, y.shape, (*kernel, x.shape[-1], y.shape[-1]), stride):
        return winograd.weigh(x, y, kernel, stride, padding)

    def part(x, y):
        rows = windows(x, kernel, y.shape[1:3], stride, padding)
        return backend.matmul(rows.T, y.reshape(-1, y.shape[-1])).reshape(*kernel, x.shape[-1], y.shape[-1])
    row = kernel[0] * kernel[1] * x.shape[-1]
    chunk = max(parallel.CHUNK, 2 * row * y.shape[-1])
    return parallel.sum_batch(part, y.shape[1] * y.shape[2] * row, x, y, chunk=chunk)


def _spread(y, w, size, stride, padding):
    """Kernels laid out at every pixel of y and added up where they overlap.

    A kernel is cut into runs: a row of it, as long as the stride. A run at one place of the kernel overlaps with none
    at the same place of another, so all of them are one matrix product and one addition, onto images cut likewise.
    Where a run holds few numbers, it is those of neighbouring pixels that are laid side by side.
    """
    if winograd.pays(y, w, y.shape, w.shape, stride):
        return winograd.spread(y, w, size, stride, padding)
    (n, h, w_, o), (kh, kw, c, _), (sh, sw) = y.shape, w.shape, stride
    if not isinstance(y, np.ndarray):  # one product and one gather: on a device it is launches that cost
        rows = backend.matmul(y.reshape(-1, o), w.reshape(-1, o).T)
        return overlaps(rows, (n, *size, c), (kh, kw), (h, w_), stride, padding)
    a, b = -(-kh // sh), -(-kw // sw)
    if (a * sh, b * sw) != (kh, kw):
        whole = np.zeros((a * sh, b * sw, c, o), w.dtype)
        whole[:kh, :kw], w = w, whole
    high, wide = [max(m + k - 1, -(-(length + p) // s))
                  for m, k, length, p, s in zip((h, w_), (a, b), size, padding, stride)]

    def part(y):
        if sw * c > FEW:
            products = y.reshape(-1, o) @ w.reshape(a * sh * b, sw * c, o).swapaxes(1, 2)
            products = products.reshape(a, sh, b, len(y), h, w_, sw * c)
            total = np.zeros((len(y), high, sh, wide, sw * c), products.dtype)
            for i, row, j in np.ndindex(a, sh, b):
                total[:, i:i + h, row, j:j + w_] += products[i, row, j]
        else:
            products = (w.reshape(-1, o) @ y.reshape(-1, o).T).reshape(a, sh, b, sw * c, len(y), h, w_)
            total = np.zeros((sh, sw * c, len(y), high, wide), products.dtype)
            for i, j in np.ndindex(a, b):
                total[..., i:i + h, j:j + w_] += products[i, :, j]
            total = total.transpose(2, 3, 0, 4, 1)
        total = total.reshape(len(y), high * sh, wide * sw, c)
        return total[:, padding[0]:padding[0] + size[0], padding[1]:padding[1] + size[1]]
    return parallel.map_batch(part, h * w_ * w[..., 0].size, y, chunk=max(parallel.CHUNK, 2 * w.size))


def _pair(name: str, option: str, value, least: int) -> tuple[int, int]:
    """`value` for each direction, checked."""
    pair = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(pair) != 2 or any(not isinstance(v, (int, np.integer)) or v < least for v in pair):
        raise ValueError(f"{name}: {option} is {value!r}, expected an integer of at least {least}, or two of them")
    return pair


def _meet(name: str, first: str, x, second: str, w, x_axis: int, w_axis: int):
    """Refuses images and kernels that do not fit."""
    for label, t, form in ((first, x, "(n, h, w, channels)"), (second, w, "(kh, kw, in, out)")):
        if t.ndim != 4:
            raise ValueError(f"{name}: {label} {t.shape} has {t.ndim} dimensions, expected {form}")
    if x.shape[x_axis] != w.shape[w_axis]:
        raise ValueError(f"{name}: {first} {x.shape} has {x.shape[x_axis]} channels, "
                         f"{second} {w.shape} expects {w.shape[w_axis]}")
