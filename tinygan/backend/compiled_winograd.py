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

import numpy as np
from numba import prange

from tinygan.backend import compiled
from tinygan.backend.compiled import form, loop, piece
from tinygan.backend.compiled_convolutions import parts
from tinygan.backend.compiled_products import multiply

CHANNELS = 512  # mapped at once: their tile fits into the first-level cache


# The maps of a tile, blocks (3, 3, channels) or (2, 2, channels), to row m and columns from k of nine (3, 3, rows,
# columns), and their adjoints. The loops over channels are short, so that the compiler makes vectors of all.

@piece
def _images(tile, nine, m, k, width):
    """x0 - x1, x1, x2 - x1, in both directions."""
    for i in range(3):
        for e in range(width):
            tile[i, 0, e] -= tile[i, 1, e]
            tile[i, 2, e] -= tile[i, 1, e]
    for j in range(3):
        for e in range(width):
            nine[0, j, m, k + e] = tile[0, j, e] - tile[1, j, e]
            nine[1, j, m, k + e] = tile[1, j, e]
            nine[2, j, m, k + e] = tile[2, j, e] - tile[1, j, e]


@piece
def _images_back(tile, nine, m, k, width):
    for j in range(3):
        for e in range(width):
            tile[0, j, e] = nine[0, j, m, k + e]
            tile[1, j, e] = nine[1, j, m, k + e] - nine[0, j, m, k + e] - nine[2, j, m, k + e]
            tile[2, j, e] = nine[2, j, m, k + e]
    for i in range(3):
        for e in range(width):
            tile[i, 1, e] -= tile[i, 0, e] + tile[i, 2, e]


@piece
def _outputs(tile, nine, m, k, width):
    """y0, y0 + y1, y1, in both directions."""
    for i in range(2):
        for e in range(width):
            nine[2 * i, 0, m, k + e] = tile[i, 0, e]
            nine[2 * i, 1, m, k + e] = tile[i, 0, e] + tile[i, 1, e]
            nine[2 * i, 2, m, k + e] = tile[i, 1, e]
    for j in range(3):
        for e in range(width):
            nine[1, j, m, k + e] = nine[0, j, m, k + e] + nine[2, j, m, k + e]


@piece
def _outputs_back(tile, nine, m, k, width):
    for i in range(2):
        for j in range(2):
            for e in range(width):
                tile[i, j, e] = ((nine[i, j, m, k + e] + nine[i, j + 1, m, k + e])
                                 + (nine[i + 1, j, m, k + e] + nine[i + 1, j + 1, m, k + e]))


@loop
def _map(x, size, back, tiles, stride, padding, nine):
    """Maps all tiles, of size x size blocks, of the images x (n, h, w, c); with `back` the adjoint, which sets x."""
    n, h, w, c = x.shape
    pieces = -(-c // CHANNELS)
    for work in prange(n * pieces):
        b, first = work // pieces, work % pieces * CHANNELS
        width, tile = min(CHANNELS, c - first), np.empty((size, size, CHANNELS), x.dtype)
        if back:
            x[b, :, :, first:first + width] = 0
        for t in range(tiles[0] * tiles[1]):
            m = b * tiles[0] * tiles[1] + t
            for pixel in range(stride[0] * stride[1]):  # of a block
                top = 2 * (t // tiles[1]) * stride[0] + pixel // stride[1] - padding[0]
                left, k = 2 * (t % tiles[1]) * stride[1] + pixel % stride[1] - padding[1], pixel * c + first
                if back and size == 3:
                    _images_back(tile, nine, m, k, width)
                elif back:
                    _outputs_back(tile, nine, m, k, width)
                for i in range(size):
                    for j in range(size):
                        u, v = top + i * stride[0], left + j * stride[1]
                        inside = 0 <= u < h and 0 <= v < w
                        if inside and back:
                            for e in range(width):
                                x[b, u, v, first + e] += tile[i, j, e]
                        elif inside:
                            for e in range(width):
                                tile[i, j, e] = x[b, u, v, first + e]
                        elif not back:
                            for e in range(width):
                                tile[i, j, e] = 0
                if not back and size == 3:
                    _images(tile, nine, m, k, width)
                elif not back:
                    _outputs(tile, nine, m, k, width)


class _Layer:
    """One convolution in tiles: the maps of its images, outputs and kernel to nine matrices, and their adjoints."""

    def __init__(self, out, stride, padding):
        self.tiles, self.stride, self.padding = (-(-out[0] // 2), -(-out[1] // 2)), stride, padding

    def _mapped(self, x, size, tiles, stride, padding):
        nine = np.empty((3, 3, len(x) * tiles[0] * tiles[1], stride[0] * stride[1] * x.shape[-1]), x.dtype)
        _map(x, size, False, tiles, stride, padding, nine)
        return nine.reshape(9, *nine.shape[2:])

    def images(self, x):
        return self._mapped(x, 3, self.tiles, self.stride, self.padding)

    def images_back(self, nine, x):
        _map(x, 3, True, self.tiles, self.stride, self.padding, nine.reshape(3, 3, *nine.shape[1:]))

    def outputs(self, y):
        return self._mapped(y, 2, self.tiles, (1, 1), (0, 0))

    def outputs_back(self, nine, y):
        _map(y, 2, True, self.tiles, (1, 1), (0, 0), nine.reshape(3, 3, *nine.shape[1:]))

    def kernel(self, w):
        return self._mapped(w.reshape(1, *w.shape[:2], -1), 2, (1, 1), self.stride, (0, 0)).reshape(9, -1, w.shape[3])

    def kernel_back(self, nine, w):
        _map(w.reshape(1, *w.shape[:2], -1), 2, True, (1, 1), self.stride, (0, 0), nine.reshape(3, 3, 1, -1))

    def parts(self, n, columns):
        """Parts of the batch, with at least as many tiles as columns of the matrices: smaller products are slower."""
        count = self.tiles[0] * self.tiles[1]
        return parts(n, 9 * count * columns, columns // count)


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
    layer, y = _Layer(out, stride, padding), np.empty((len(x), *out, w.shape[-1]), x.dtype)
    kernel = layer.kernel(w)
    for part in layer.parts(len(x), kernel.shape[1]):
        layer.outputs_back(multiply(layer.images(x[part]), kernel), y[part])
    return y


@form("ops.conv.correlate_weight", lambda x, y, kernel, stride, padding:
      pays(x, y, y.shape, (*kernel, x.shape[-1], y.shape[-1]), stride))
def correlate_weight(x, y, kernel, stride, padding):
    layer, nine = _Layer(y.shape[1:3], stride, padding), None
    w = np.empty((*kernel, x.shape[-1], y.shape[-1]), x.dtype)
    for part in layer.parts(len(x), stride[0] * stride[1] * x.shape[-1]):
        nine = multiply(layer.images(x[part]).swapaxes(1, 2), layer.outputs(y[part]), nine)
    layer.kernel_back(nine, w)
    return w


@form("ops.conv.transpose_correlate", lambda y, w, size, stride, padding: pays(y, w, y.shape, w.shape, stride))
def transpose_correlate(y, w, size, stride, padding):
    layer, x = _Layer(y.shape[1:3], stride, padding), np.empty((len(y), *size, w.shape[2]), y.dtype)
    kernel = layer.kernel(w)
    for part in layer.parts(len(y), kernel.shape[1]):
        layer.images_back(multiply(layer.outputs(y[part]), kernel.swapaxes(1, 2)), x[part])
    return x
