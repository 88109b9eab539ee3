"""Convolutions with kernels twice as long as their stride, by 9 products in place of 16, in compiled loops.

Such a convolution is one of 2 x 2 kernels on blocks of the image, each as large as the stride. For two neighbouring
outputs in one direction

    x0 w0 y0 + x1 w1 y0 + x1 w0 y1 + x2 w1 y1  =  (x0 - x1) w0 y0 + x1 (w0 + w1) (y0 + y1) + (x2 - x1) w1 y1

has three products in place of four (Winograd's F(2, 2); Lavin & Gray 2016), and in both directions 3 x 3 in place of
4 x 4. As in `ops/conv.py` the form is trilinear, and each partial derivative is a convolution: a linear map turns each
of its two inputs into nine matrices, these are multiplied pair by pair, and the adjoint of the third map combines the
nine products. A tile is 2 x 2 outputs, with the 3 x 3 blocks that they see. The map of the kernel is that of the
outputs: a kernel is 2 x 2 blocks.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import form, loop, piece
from tinygan.backend.compiled_convolutions import divided
from tinygan.backend.compiled_products import multiply

CHANNELS = 512  # mapped at once, so that a tile is small


# The maps in one direction, of n numbers in each of two or three blocks, and their adjoints. The blocks begin at `at`
# in x and every `step` numbers, the three results at `to` in y, another array, and every `gap`. In loops over slices
# the compiler sees that no index is negative, and makes vectors of them.

@piece
def _combine(size, n, x, at, step, y, to, gap):
    """x0 - x1, x1, x2 - x1 of three blocks; x0, x0 + x1, x1 of two."""
    x0, x1, x2 = x[at:at + n], x[at + step:at + step + n], x[at + 2 * step:at + 2 * step + n]
    y0, y1, y2 = y[to:to + n], y[to + gap:to + gap + n], y[to + 2 * gap:to + 2 * gap + n]
    if size == 3:
        for e in range(n):
            y0[e], y1[e], y2[e] = x0[e] - x1[e], x1[e], x2[e] - x1[e]
    else:
        for e in range(n):
            y0[e], y1[e], y2[e] = x0[e], x0[e] + x1[e], x1[e]


@piece
def _combine_back(size, n, x, at, step, y, to, gap):
    x0, x1, x2 = x[at:at + n], x[at + step:at + step + n], x[at + 2 * step:at + 2 * step + n]
    y0, y1, y2 = y[to:to + n], y[to + gap:to + gap + n], y[to + 2 * gap:to + 2 * gap + n]
    if size == 3:
        for e in range(n):
            x0[e], x1[e], x2[e] = y0[e], y1[e] - (y0[e] + y2[e]), y2[e]
    else:
        for e in range(n):
            x0[e], x1[e] = y0[e] + y1[e], y1[e] + y2[e]


@piece
def _move(x, b, top, left, first, tile, size, stride, width, back):
    """Copies a row of pixels of each block of a tile from image b, channels from `first`; with `back` adds it there."""
    _, h, w, c = x.shape
    flat, wide = x.reshape(-1), size * stride[1]
    begin, end = max(0, -left), min(wide, w - left)
    runs, run = (1, (end - begin) * c) if width == c else (end - begin, width)  # all channels are one run of memory
    if not back and (begin > 0 or end < wide or top < 0 or top + (size - 1) * stride[0] >= h):
        tile[:] = 0
    for i in range(size):
        u = top + i * stride[0]
        if 0 <= u < h:
            for v in range(begin, begin + runs):
                at, to = ((b * h + u) * w + left + v) * c + first, (i * wide + v) * width
                there, here = flat[at:at + run], tile[to:to + run]
                if back:
                    for e in range(run):
                        there[e] += here[e]
                else:
                    for e in range(run):
                        here[e] = there[e]


@loop
def _map(x, nine, back, size, tiles, stride, padding):
    """Maps all tiles, of size x size blocks, of the images x (n, h, w, c), to nine matrices (9, rows, columns).

    With `back` the adjoint, which sets x. A row of pixels of each block is mapped from top to bottom, then from left to
    right.
    """
    n, _, _, c = x.shape
    flat, pieces = nine.reshape(-1), -(-c // CHANNELS)
    for work in prange(n * pieces):
        b, first = work // pieces, work % pieces * CHANNELS
        width = min(CHANNELS, c - first)
        run = stride[1] * width
        wide, length = size * run, run if width == c else width  # length: of neighbours in a row of nine
        tile, rows = np.empty(3 * wide, x.dtype), np.empty(3 * wide, x.dtype)
        if back:
            x[b, :, :, first:first + width] = 0
        for t in range(tiles[0] * tiles[1]):
            m, left = b * tiles[0] * tiles[1] + t, 2 * (t % tiles[1]) * stride[1] - padding[1]
            for line in range(stride[0]):
                top, to = 2 * (t // tiles[1]) * stride[0] + line - padding[0], m * nine.shape[2] + line * stride[1] * c
                if not back:
                    _move(x, b, top, left, first, tile, size, stride, width, False)
                    _combine(size, wide, tile, 0, wide, rows, 0, wide)
                for i in range(3):
                    for p in range(run // length):
                        at, k = i * wide + p * width, to + 3 * i * nine[0].size + p * c + first
                        if back:
                            _combine_back(size, length, rows, at, run, flat, k, nine[0].size)
                        else:
                            _combine(size, length, rows, at, run, flat, k, nine[0].size)
                if back:
                    _combine_back(size, wide, tile, 0, wide, rows, 0, wide)
                    _move(x, b, top, left, first, tile, size, stride, width, True)


def _mapped(x, size, tiles, stride, padding):
    nine = np.empty((9, len(x) * tiles[0] * tiles[1], stride[0] * stride[1] * x.shape[-1]), x.dtype)
    _map(x, nine, False, size, tiles, stride, padding)
    return nine


def _geometry(out, stride, padding):
    """Of images, of outputs and of the kernel, for `_map`: size and number of tiles, stride and padding."""
    tiles = -(-out[0] // 2), -(-out[1] // 2)
    return (3, tiles, stride, padding), (2, tiles, (1, 1), (0, 0)), (2, (1, 1), stride, (0, 0))


def _one_image(w):
    """A kernel (kh, kw, c, o) as one image with c * o channels."""
    return w.reshape(1, *w.shape[:2], -1)


def pays(a, b, y, w, stride) -> bool:
    """Whether this is faster than a product of windows, for arrays a and b, outputs of shape y, a kernel of shape w.

    The bounds were measured: the maps of few channels, or of a large kernel, take more time than the products save.
    """
    (n, high, wide, o), (kh, kw, c, _), (sh, sw) = y, w, stride
    return (kh == 2 * sh and kw == 2 * sw and high % 2 == wide % 2 == 0 and sh * sw * c >= 128 and o >= 64
            and n * high * wide >= o and type(a) is np.ndarray and compiled.take(a, b))


@form("ops.conv.correlate", lambda x, w, out, stride, padding:
      pays(x, w, (len(x), *out, w.shape[-1]), w.shape, stride))
def correlate(x, w, out, stride, padding):
    images, outputs, kernel = _geometry(out, stride, padding)
    y, of_w = np.empty((len(x), *out, w.shape[-1]), x.dtype), _mapped(_one_image(w), *kernel).reshape(9, -1, w.shape[3])
    for part in divided(len(x), images[1], of_w.shape[1], 9):
        _map(y[part], multiply(_mapped(x[part], *images), of_w), True, *outputs)
    return y


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      pays(x, y, y.shape, (*kernel, x.shape[-1], y.shape[-1]), stride))
def correlate_weight(x, y, kernel, stride, padding):
    images, outputs, of_kernel = _geometry(y.shape[1:3], stride, padding)
    w = np.empty((*kernel, x.shape[-1], y.shape[-1]), x.dtype)
    nine: Any = None
    for part in divided(len(x), images[1], stride[0] * stride[1] * x.shape[-1], 9):
        nine = multiply(_mapped(x[part], *images).swapaxes(1, 2), _mapped(y[part], *outputs), nine)
    _map(_one_image(w), nine.reshape(9, 1, -1), True, *of_kernel)
    return w


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: pays(y, w, y.shape, w.shape, stride))
def transpose_correlate(y, w, size, stride, padding):
    images, outputs, kernel = _geometry(y.shape[1:3], stride, padding)
    x, of_w = np.empty((len(y), *size, w.shape[2]), y.dtype), _mapped(_one_image(w), *kernel).reshape(9, -1, w.shape[3])
    for part in divided(len(y), images[1], of_w.shape[1], 9):
        _map(x[part], multiply(_mapped(y[part], *outputs), of_w.swapaxes(1, 2)), True, *images)
    return x
