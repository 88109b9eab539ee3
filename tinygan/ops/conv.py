"""Convolution: three operations from one trilinear form.

    T(x, w, y) = sum over n, i, j, a, b, c, o of  x[n, s i + a - p, s j + b - p, c] w[a, b, c, o] y[n, i, j, o]

Its three partial derivatives are the three operations below, so the pull-back of each is another of the three. The
family is closed under differentiation, hence correct to any order (equations `conv`, `conv-transpose`).

    x (n, h, w, c)    kernel w (kh, kw, c, o)    y (n, h', w', o),   h' = (h + 2 p - kh) // s + 1

Each is one matrix product: windows are copied into rows (`windows`), or rows are added up into images (`overlaps`).
"""
from __future__ import annotations

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.ops.inputs import check_channels, pair
from tinygan.ops.registry import case, op, unwrap
from tinygan.tensor import record

_SAME = {"stride": 1, "padding": 1}
_HALF = {"stride": 2, "padding": 1}
_ODD = {"stride": (2, 3), "padding": (1, 0)}


@op(case((2, 4, 5, 2), (3, 3, 2, 3), **_SAME), case((2, 7, 6, 1), (4, 4, 1, 2), **_HALF),
    case((1, 6, 7, 2), (3, 2, 2, 2), **_ODD))
def conv2d(x, w, stride=1, padding=0):
    """The cross-correlation of images x with kernels w (`conv`): dT/dy.

    x (n, h, w, c), w (kh, kw, c, o) -> (n, h', w', o). stride, padding: a number, or a pair (vertical, horizontal).
    """
    stride, padding = pair("conv2d", "stride", stride, 1), pair("conv2d", "padding", padding, 0)
    check_channels("conv2d", x, w, -1, -2)
    size, kernel = x.shape[1:3], w.shape[:2]
    out = tuple([(n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding)])
    if min(out) < 1:
        raise ValueError(f"conv2d: x {x.shape} with padding {padding} is smaller than the kernel {kernel}")
    return record(correlate(unwrap(x), unwrap(w), out, stride, padding),
                  (x, lambda g, y, x, w: _transpose_to(g, w, size, stride, padding)),
                  (w, lambda g, y, x, w: conv2d_weight(x, g, kernel, stride, padding)))


@op(case((2, 4, 5, 3), (3, 3, 2, 3), **_SAME), case((2, 3, 2, 2), (4, 4, 1, 2), output_padding=1, **_HALF),
    case((1, 2, 3, 2), (3, 2, 2, 2), output_padding=(0, 2), **_ODD))
def conv_transpose2d(x, w, stride=1, padding=0, output_padding=0):
    """The adjoint (not the inverse) of conv2d with the same w (`conv-transpose`): dT/dx.

    x (n, h, w, o), w (kh, kw, c, o) -> (n, h', w', c), h' = (h - 1) s - 2 p + kh + output_padding.
    """
    stride = pair("conv_transpose2d", "stride", stride, 1)
    padding = pair("conv_transpose2d", "padding", padding, 0)
    extra = pair("conv_transpose2d", "output_padding", output_padding, 0)
    if any(e >= s for e, s in zip(extra, stride)):
        raise ValueError(f"conv_transpose2d: output_padding {extra} must be smaller than stride {stride}")
    check_channels("conv_transpose2d", x, w, -1, -1)
    size = tuple([(n - 1) * s - 2 * p + k + e
                  for n, s, p, k, e in zip(x.shape[1:3], stride, padding, w.shape[:2], extra)])
    if min(size) < 1:
        raise ValueError(f"conv_transpose2d: x {x.shape}, kernel {w.shape[:2]} and padding {padding} leave no pixel")
    return _transpose_to(x, w, size, stride, padding)


def _transpose_to(x, w, size, stride, padding):
    """The transposed convolution to images of a given size."""
    kernel = w.shape[:2]
    return record(transpose_correlate(unwrap(x), unwrap(w), size, stride, padding),
                  (x, lambda g, y, x, w: conv2d(g, w, stride, padding)),
                  (w, lambda g, y, x, w: conv2d_weight(g, x, kernel, stride, padding)))


@op(case((2, 4, 5, 2), (2, 4, 5, 3), kernel_size=3, **_SAME), case((2, 7, 6, 1), (2, 3, 3, 2), kernel_size=4, **_HALF),
    case((1, 6, 7, 2), (1, 3, 2, 2), kernel_size=(3, 2), **_ODD))
def conv2d_weight(x, y, kernel_size, stride=1, padding=0):
    """The gradient of a convolution with respect to its kernel, from inputs x and cotangents y: dT/dw.

    x (n, h, w, c), y (n, h', w', o) -> (kh, kw, c, o).
    """
    kernel = pair("conv2d_weight", "kernel_size", kernel_size, 1)
    stride, padding = pair("conv2d_weight", "stride", stride, 1), pair("conv2d_weight", "padding", padding, 0)
    size = x.shape[1:3]
    out = tuple([(n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding)])
    if y.shape[:3] != (x.shape[0], *out):
        raise ValueError(f"conv2d_weight: y {y.shape} does not fit x {x.shape}: "
                         f"expected {(x.shape[0], *out)} before the channels")
    return record(correlate_weight(unwrap(x), unwrap(y), kernel, stride, padding),
                  (x, lambda g, _, x, y: _transpose_to(y, g, size, stride, padding)),
                  (y, lambda g, _, x, y: conv2d(x, g, stride, padding)))


# The same three on bare arrays, each by one matrix product. A window of the images is one row of a matrix.

@accelerated
def correlate(x, w, out, stride, padding):
    """dT/dy: the windows as rows, times the kernels as columns."""
    rows = windows(x, w.shape[:2], out, stride, padding)
    return (rows @ w.reshape(-1, w.shape[-1])).reshape(len(x), *out, w.shape[-1])


@accelerated
def correlate_weight(x, y, kernel, stride, padding):
    """dT/dw: each element of a window times the cotangent of its output, summed over all windows."""
    rows = windows(x, kernel, y.shape[1:3], stride, padding)
    return (rows.T @ y.reshape(-1, y.shape[-1])).reshape(*kernel, x.shape[-1], y.shape[-1])


@accelerated
def transpose_correlate(y, w, size, stride, padding):
    """dT/dx: the kernel times each pixel of y, added up where the windows overlap."""
    rows = y.reshape(-1, y.shape[-1]) @ w.reshape(-1, w.shape[-1]).T
    return overlaps(rows, (len(y), *size, w.shape[2]), w.shape[:2], y.shape[1:3], stride, padding)


def windows(x, kernel, out, stride, padding):
    """Copies each window of images x (n, h, w, c) into a row (im2col): (n h' w', kh kw c)."""
    (kh, kw), (oh, ow), (sh, sw), (ph, pw) = kernel, out, stride, padding
    framed = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    rows = np.empty_like(x, shape=(len(x), oh, ow, kh, kw, x.shape[-1]))
    for a in range(kh):
        for b in range(kw):
            rows[:, :, :, a, b] = framed[:, a:a + sh * oh:sh, b:b + sw * ow:sw]
    return rows.reshape(len(x) * oh * ow, kh * kw * x.shape[-1])


def overlaps(rows, shape, kernel, out, stride, padding):
    """Adds rows up to images of `shape` (n, h, w, c), where windows overlap (col2im): the adjoint of `windows`."""
    (n, h, w, c), (kh, kw), (oh, ow), (sh, sw), (ph, pw) = shape, kernel, out, stride, padding
    framed = np.zeros_like(rows, shape=(n, h + 2 * ph, w + 2 * pw, c))
    rows = rows.reshape(n, oh, ow, kh, kw, c)
    for a in range(kh):
        for b in range(kw):
            framed[:, a:a + sh * oh:sh, b:b + sw * ow:sw] += rows[:, :, :, a, b]
    return framed[:, ph:ph + h, pw:pw + w]
