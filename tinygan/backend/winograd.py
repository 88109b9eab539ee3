"""Convolutions with kernels twice as long as their stride, by 9 products in place of 16.

Such a convolution is one of 2 x 2 kernels on blocks of the image, each as large as the stride. For two neighbouring
outputs in one direction

    x0 w0 y0 + x1 w1 y0 + x1 w0 y1 + x2 w1 y1  =  (x0 - x1) w0 y0 + x1 (w0 + w1) (y0 + y1) + (x2 - x1) w1 y1

has three products in place of four (Winograd's F(2, 2); Lavin & Gray 2016), and in both directions 3 x 3 in place of
4 x 4. As in `ops/conv.py` the form is trilinear, and each partial derivative is a convolution: a linear map turns each
of its two inputs into nine arrays, these are multiplied pair by pair, and the adjoint of the third map combines the
nine products.
"""
from __future__ import annotations

import numpy as np

from tinygan.backend import parallel

CHUNK = 1 << 21  # elements of the nine arrays of images in a part of the batch


def pays(a, b, y, w, stride) -> bool:
    """Whether this is faster than a product of windows, for arrays a and b, outputs of shape y, a kernel of shape w.

    The bounds were measured. With fewer channels, the sums take more time than the products save; with fewer outputs,
    the sums of the kernel take too large a part of the time.
    """
    (n, high, wide, o), (kh, kw, c, _), (sh, sw) = y, w, stride
    return (kh == 2 * sh and kw == 2 * sw and high % 2 == wide % 2 == 0 and sh * sw * c >= 256 and o >= 128
            and n * high * wide >= 4 * o and type(a) is type(b) is np.ndarray and a.dtype == b.dtype
            and a.dtype.char in "fd")


def correlate(x, w, out, stride, padding):
    """dT/dy: x (n, h, w, c), w (kh, kw, c, o) -> (n, *out, o)."""
    kernels = _kernels(w, stride)

    def part(x):
        images = _twice(_images, _blocks(x, out, stride, padding))
        products = _rows(images) @ kernels
        return _back(_outputs_back, products.reshape(*images.shape[:-1], -1))
    return parallel.map_batch(part, _width(out, stride, w.shape[2]), x, chunk=CHUNK)


def correlate_weight(x, y, kernel, stride, padding):
    """dT/dw: x (n, h, w, c), y (n, h', w', o) -> (*kernel, c, o)."""
    out, c, o = y.shape[1:3], x.shape[-1], y.shape[-1]

    def part(x, y):
        images, outputs = _twice(_images, _blocks(x, out, stride, padding)), _twice(_outputs, y)
        return _rows(images).swapaxes(1, 2) @ _rows(outputs)
    nine = parallel.sum_batch(part, _width(out, stride, c), x, y, chunk=CHUNK).reshape(3, 3, *stride, c, o)
    rows = nine[:, 0::2] + nine[:, 1:2]
    blocks = rows[0::2] + rows[1]
    return blocks.transpose(1, 2, 0, 3, 4, 5).reshape(*kernel, c, o)


def transpose_correlate(y, w, size, stride, padding):
    """dT/dx, on images of a given size: y (n, h', w', o), w (kh, kw, c, o) -> (n, *size, c)."""
    (sh, sw), c, kernels = stride, w.shape[2], _kernels(w, stride)

    def part(y):
        outputs = _twice(_outputs, y)
        products = (_rows(outputs) @ kernels.swapaxes(1, 2)).reshape(*outputs.shape[:-1], sh, sw * c)
        return _unblocked(_back(_images_back, products), size, stride, padding)
    return parallel.map_batch(part, _width(y.shape[1:3], stride, c), y, chunk=CHUNK)


def _width(out, stride, c) -> int:
    """The number of elements of the nine arrays of one image."""
    return 9 * (out[0] * out[1] // 4) * stride[0] * stride[1] * c


def _rows(nine):
    """Nine arrays (3, 3, n, h, w, channels) as matrices."""
    return nine.reshape(9, -1, nine.shape[-1])


def _blocks(x, out, stride, padding):
    """Images with their padding, cut into blocks: (n, h' + 1, w' + 1, sh sw c)."""
    (n, h, w, c), (sh, sw), (ph, pw), (high, wide) = x.shape, stride, padding, [m + 1 for m in out]
    framed = np.zeros((n, high * sh, wide * sw, c), x.dtype)
    h, w = min(h, high * sh - ph), min(w, wide * sw - pw)
    framed[:, ph:ph + h, pw:pw + w] = x[:, :h, :w]
    return framed.reshape(n, high, sh, wide, sw * c).swapaxes(2, 3).reshape(n, high, wide, sh * sw * c)


def _unblocked(blocks, size, stride, padding):
    """Images from blocks (n, h' + 1, w' + 1, sh, sw c), without padding; zero at pixels that no window covers."""
    (n, high, wide, *_), (sh, sw), (ph, pw) = blocks.shape, stride, padding
    rows, columns = max(high, -(-(size[0] + ph) // sh)), max(wide, -(-(size[1] + pw) // sw))
    images = np.zeros((n, rows, sh, columns, blocks.shape[-1]), blocks.dtype)
    images[:, :high, :, :wide] = blocks.swapaxes(2, 3)
    return images.reshape(n, rows * sh, columns * sw, -1)[:, ph:ph + size[0], pw:pw + size[1]]


# The three maps and their adjoints, in one direction and in both. Columns come first, then rows: (3, 3, n, h, w, ...)

def _at(axis, *limits):
    return (slice(None),) * axis + (slice(*limits),)


def _twice(sums, x):
    return sums(sums(x, 1), 3)


def _back(adjoint, nine):
    return adjoint(adjoint(nine, 3), 1)


def _images(x, axis):
    """x0 - x1, x1, x2 - x1 along an axis; the x2 of one block is the x0 of the next."""
    even, odd = x[_at(axis, 0, None, 2)], x[_at(axis, 1, None, 2)]
    three = np.empty((3, *odd.shape), x.dtype)
    np.subtract(even[_at(axis, 0, -1)], odd, out=three[0])
    three[1] = odd
    np.subtract(even[_at(axis, 1, None)], odd, out=three[2])
    return three


def _images_back(three, axis):
    first, middle, last = three
    x = _twice_as_long(middle, axis, 1)
    even, odd = x[_at(axis, 0, None, 2)], x[_at(axis, 1, None, 2)]
    even[_at(axis, 0, 1)] = first[_at(axis, 0, 1)]
    np.add(first[_at(axis, 1, None)], last[_at(axis, 0, -1)], out=even[_at(axis, 1, -1)])
    even[_at(axis, -1, None)] = last[_at(axis, -1, None)]
    np.subtract(middle, first, out=odd)
    odd -= last
    return x


def _outputs(y, axis):
    """y0, y0 + y1, y1."""
    even, odd = y[_at(axis, 0, None, 2)], y[_at(axis, 1, None, 2)]
    return np.stack([even, even + odd, odd])


def _outputs_back(three, axis):
    first, middle, last = three
    y = _twice_as_long(middle, axis, 0)
    np.add(first, middle, out=y[_at(axis, 0, None, 2)])
    np.add(middle, last, out=y[_at(axis, 1, None, 2)])
    return y


def _twice_as_long(a, axis, more):
    return np.empty((*a.shape[:axis], 2 * a.shape[axis] + more, *a.shape[axis + 1:]), a.dtype)


def _kernels(w, stride):
    """w0, w0 + w1, w1 in both directions: (9, sh sw c, o)."""
    (sh, sw), (*_, c, o) = stride, w.shape
    nine = np.empty((3, 3, sh * sw * c, o), w.dtype)
    nine[0::2, 0::2] = w.reshape(2, sh, 2, sw, c, o).transpose(2, 0, 1, 3, 4, 5).reshape(2, 2, -1, o)
    np.add(nine[0::2, 0], nine[0::2, 2], out=nine[0::2, 1])
    np.add(nine[0], nine[2], out=nine[1])
    return nine.reshape(9, sh * sw * c, o)
