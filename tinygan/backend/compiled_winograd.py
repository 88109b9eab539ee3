"""Convolutions with kernels twice as long as their stride, by 9 products in place of 16, in compiled loops.

Such a convolution is one of 2 x 2 kernels on blocks of the image, each as large as the stride. For two neighbouring
outputs in one direction

    x0 w0 y0 + x1 w1 y0 + x1 w0 y1 + x2 w1 y1  =  (x0 - x1) w0 y0 + x1 (w0 + w1) (y0 + y1) + (x2 - x1) w1 y1

has three products in place of four (Winograd's F(2, 2); Lavin & Gray 2016), and in both directions 3 x 3 in place of
4 x 4. As in `ops/conv.py` the form is trilinear, and each partial derivative is a convolution: a linear map turns each
of its two inputs into nine arrays, these are multiplied pair by pair, and the adjoint of the third map combines the
nine products. A tile is two by two outputs, with the three by three blocks that they see.
"""
from __future__ import annotations

import numpy as np
from numba import prange

from tinygan.backend.compiled import form, loop, piece
from tinygan.backend.compiled_convolutions import parts, whole
from tinygan.backend.compiled_products import multiply


def pays(a, b, y, w, stride) -> bool:
    """Whether this is faster than a product of windows, for arrays a and b, outputs of shape y, a kernel of shape w.

    The bounds were measured. With fewer channels, the sums take more time than the products save; with fewer outputs,
    the sums of the kernel take too large a part of the time.
    """
    (n, high, wide, o), (kh, kw, c, _), (sh, sw) = y, w, stride
    return (kh == 2 * sh and kw == 2 * sw and high * wide >= 9 and sh * sw * c >= 128 and o >= 64
            and 2 * n * high * wide >= o and whole(a, b))


# The maps of a tile to nine numbers for each channel, and their adjoints. Loops are short, so that all become vectors.

@piece
def _images(x, top, left, stride, blocks, nine, m, k):
    """Blocks x0, x1, x2 to x0 - x1, x1, x2 - x1, in both directions: the pixels at (top, left) in each block."""
    c = x.shape[2]
    for i in range(3):
        for j in range(3):
            u, v = top + i * stride[0], left + j * stride[1]
            if 0 <= u < x.shape[0] and 0 <= v < x.shape[1]:
                for e in range(c):
                    blocks[i, j, e] = x[u, v, e]
            else:
                for e in range(c):
                    blocks[i, j, e] = 0
        for e in range(c):
            blocks[i, 0, e] -= blocks[i, 1, e]
            blocks[i, 2, e] -= blocks[i, 1, e]
    for j in range(3):
        for e in range(c):
            nine[0, j, m, k + e] = blocks[0, j, e] - blocks[1, j, e]
            nine[1, j, m, k + e] = blocks[1, j, e]
            nine[2, j, m, k + e] = blocks[2, j, e] - blocks[1, j, e]


@piece
def _images_back(nine, m, k, top, left, stride, blocks, x):
    c = x.shape[2]
    for j in range(3):
        for e in range(c):
            first, last = nine[0, j, m, k + e], nine[2, j, m, k + e]
            blocks[0, j, e] = first
            blocks[1, j, e] = nine[1, j, m, k + e] - first - last
            blocks[2, j, e] = last
    for i in range(3):
        for e in range(c):
            blocks[i, 1, e] -= blocks[i, 0, e] + blocks[i, 2, e]
        for j in range(3):
            u, v = top + i * stride[0], left + j * stride[1]
            if 0 <= u < x.shape[0] and 0 <= v < x.shape[1]:
                for e in range(c):
                    x[u, v, e] += blocks[i, j, e]


@piece
def _outputs(y, p, q, pair, nine, m):
    """Outputs y0, y1 to y0, y0 + y1, y1, in both directions; beyond an odd edge they are 0."""
    o = y.shape[2]
    for i in range(2):
        for j in range(2):
            if p + i < y.shape[0] and q + j < y.shape[1]:
                for e in range(o):
                    pair[i, j, e] = y[p + i, q + j, e]
            else:
                for e in range(o):
                    pair[i, j, e] = 0
    _sums(pair[0, 0], pair[0, 1], pair[1, 0], pair[1, 1], nine, m)


@piece
def _sums(a, b, c, d, nine, m):
    """The nine sums of a square of vectors, a b / c d."""
    for e in range(len(a)):
        nine[0, 0, m, e] = a[e]
        nine[0, 1, m, e] = a[e] + b[e]
        nine[0, 2, m, e] = b[e]
    for e in range(len(a)):
        nine[1, 0, m, e] = a[e] + c[e]
        nine[1, 1, m, e] = (a[e] + b[e]) + (c[e] + d[e])
        nine[1, 2, m, e] = b[e] + d[e]
    for e in range(len(a)):
        nine[2, 0, m, e] = c[e]
        nine[2, 1, m, e] = c[e] + d[e]
        nine[2, 2, m, e] = d[e]


@piece
def _sums_back(nine, m, i, j, vector):
    """The adjoint of `_sums`, for the vector in row i and column j of the square."""
    for e in range(len(vector)):
        vector[e] = (nine[i, j, m, e] + nine[i, j + 1, m, e]) + (nine[i + 1, j, m, e] + nine[i + 1, j + 1, m, e])


# The maps of all images, and of a kernel

@loop
def _all_images(x, back, tiles, stride, padding, nine):
    """The images x to nine arrays (3, 3, tiles, channels of a block); with `back`, the adjoint."""
    c = x.shape[3]
    for b in prange(len(x)):
        blocks = np.empty((3, 3, c), x.dtype)
        if back:
            x[b] = 0
        for tile in range(tiles[0] * tiles[1]):
            m = b * tiles[0] * tiles[1] + tile
            top = 2 * (tile // tiles[1]) * stride[0] - padding[0]
            left = 2 * (tile % tiles[1]) * stride[1] - padding[1]
            for r in range(stride[0]):
                for s in range(stride[1]):
                    k = (r * stride[1] + s) * c
                    if back:
                        _images_back(nine, m, k, top + r, left + s, stride, blocks, x[b])
                    else:
                        _images(x[b], top + r, left + s, stride, blocks, nine, m, k)


@loop
def _all_outputs(y, back, tiles, nine):
    """The outputs y to nine arrays (3, 3, tiles, channels); with `back`, the adjoint."""
    for b in prange(len(y)):
        pair = np.empty((2, 2, y.shape[3]), y.dtype)
        for tile in range(tiles[0] * tiles[1]):
            m, p, q = b * tiles[0] * tiles[1] + tile, 2 * (tile // tiles[1]), 2 * (tile % tiles[1])
            if back:
                for i in range(min(2, y.shape[1] - p)):
                    for j in range(min(2, y.shape[2] - q)):
                        _sums_back(nine, m, i, j, y[b, p + i, q + j])
            else:
                _outputs(y[b], p, q, pair, nine, m)


@loop
def _all_kernels(w, back, stride, nine):
    """The kernel w to nine matrices (3, 3, channels of a block, outputs); with `back`, the adjoint."""
    c = w.shape[2]
    for k in prange(stride[0] * stride[1] * c):
        r, s, e = k // (stride[1] * c), k // c % stride[1], k % c
        if back:
            for i in range(2):
                for j in range(2):
                    _sums_back(nine, k, i, j, w[i * stride[0] + r, j * stride[1] + s, e])
        else:
            below, beside = r + stride[0], s + stride[1]
            _sums(w[r, s, e], w[r, beside, e], w[below, s, e], w[below, beside, e], nine, k)


def _nine(rows, columns, kind):
    return np.empty((3, 3, rows, columns), kind)


def _matrices(nine):
    return nine.reshape(9, *nine.shape[2:])


def _of_kernel(w, stride):
    nine = _nine(stride[0] * stride[1] * w.shape[2], w.shape[3], w.dtype)
    _all_kernels(w, False, stride, nine)
    return nine


def _tiles(out):
    return -(-out[0] // 2), -(-out[1] // 2)


def _parts(n, tiles, columns):
    """Parts of the batch with so many columns in the nine arrays; at least as many tiles as columns, for the product."""
    count = tiles[0] * tiles[1]
    return parts(n, 9 * count * columns, columns // count)


@form("ops.conv.correlate", lambda x, w, out, stride, padding:
      pays(x, w, (len(x), *out, w.shape[-1]), w.shape, stride))
def correlate(x, w, out, stride, padding):
    """dT/dy: x (n, h, w, c), w (kh, kw, c, o) -> (n, *out, o)."""
    kernel, tiles, y = _of_kernel(w, stride), _tiles(out), np.empty((len(x), *out, w.shape[-1]), x.dtype)
    for part in _parts(len(x), tiles, kernel.shape[2]):
        m = len(x[part]) * tiles[0] * tiles[1]
        images, products = _nine(m, kernel.shape[2], x.dtype), _nine(m, kernel.shape[3], x.dtype)
        _all_images(x[part], False, tiles, stride, padding, images)
        multiply(_matrices(images), _matrices(kernel), _matrices(products))
        _all_outputs(y[part], True, tiles, products)
    return y


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: pays(y, w, y.shape, w.shape, stride))
def transpose_correlate(y, w, size, stride, padding):
    """dT/dx, on images of a given size: y (n, h', w', o), w (kh, kw, c, o) -> (n, *size, c)."""
    kernel, tiles, x = _of_kernel(w, stride), _tiles(y.shape[1:3]), np.empty((len(y), *size, w.shape[2]), y.dtype)
    for part in _parts(len(y), tiles, kernel.shape[2]):
        m = len(y[part]) * tiles[0] * tiles[1]
        outputs, products = _nine(m, kernel.shape[3], y.dtype), _nine(m, kernel.shape[2], y.dtype)
        _all_outputs(y[part], False, tiles, outputs)
        multiply(_matrices(outputs), _matrices(kernel).swapaxes(1, 2), _matrices(products))
        _all_images(x[part], True, tiles, stride, padding, products)
    return x


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      pays(x, y, y.shape, (*kernel, x.shape[-1], y.shape[-1]), stride))
def correlate_weight(x, y, kernel, stride, padding):
    """dT/dw: x (n, h, w, c), y (n, h', w', o) -> (*kernel, c, o)."""
    tiles, w = _tiles(y.shape[1:3]), np.empty((*kernel, x.shape[-1], y.shape[-1]), x.dtype)
    nine = _nine(stride[0] * stride[1] * x.shape[-1], y.shape[-1], x.dtype)
    for part in _parts(len(x), tiles, nine.shape[2]):
        m = len(x[part]) * tiles[0] * tiles[1]
        images, outputs = _nine(m, nine.shape[2], x.dtype), _nine(m, nine.shape[3], x.dtype)
        _all_images(x[part], False, tiles, stride, padding, images)
        _all_outputs(y[part], False, tiles, outputs)
        multiply(_matrices(images).swapaxes(1, 2), _matrices(outputs), _matrices(nine), part.start > 0)
    _all_kernels(w, True, stride, nine)
    return w
