"""Matrix products on all cores, by one-threaded products of BLAS inside a compiled loop."""
from __future__ import annotations

import numpy as np
from numba import prange, types

from tinygan.backend import compiled
from tinygan.backend.compiled import DTYPES, form, loop, piece

MIN_PRODUCTS = 2_000_000  # multiplications of a product; with fewer, one core is as fast
ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # from cblas.h
ALIGNED = 16  # columns; a part of a matrix begins at a multiple of this
_FLAG, _SIZE, _ADDRESS = types.intc, types.int64, types.uintp


def _external(name, number):
    return types.ExternalFunction(name, types.void(
        _FLAG, _FLAG, _FLAG, _SIZE, _SIZE, _SIZE, number, _ADDRESS, _SIZE, _ADDRESS, _SIZE, number, _ADDRESS, _SIZE))


_sgemm, _dgemm = _external("tinygan_sgemm", types.float32), _external("tinygan_dgemm", types.float64)


@piece
def _product(a, of_a, b, of_b, out, add, rows, columns):
    """out[rows, columns] = a[rows] b[:, columns], or is increased by it; of_a, of_b: whether they are transposed."""
    size, (m, n) = out.itemsize, (rows[1] - rows[0], columns[1] - columns[0])
    k, wide_a, wide_b, wide = a.shape[0] if of_a else a.shape[1], a.shape[1], b.shape[1], out.shape[1]
    from_a = a.ctypes.data + size * rows[0] * (1 if of_a else wide_a)
    from_b = b.ctypes.data + size * columns[0] * (wide_b if of_b else 1)
    to = out.ctypes.data + size * (rows[0] * wide + columns[0])
    flag_a, flag_b = TRANSPOSED if of_a else PLAIN, TRANSPOSED if of_b else PLAIN
    beta = 1.0 if add else 0.0
    if size == 4:
        _sgemm(ROW_MAJOR, flag_a, flag_b, m, n, k, 1.0, from_a, wide_a, from_b, wide_b, beta, to, wide)
    else:
        _dgemm(ROW_MAJOR, flag_a, flag_b, m, n, k, 1.0, from_a, wide_a, from_b, wide_b, beta, to, wide)


@loop
def _products(a, of_a, b, of_b, out, add, parts):
    """Products of two stacks: each thread computes the same number, and all together divide the others."""
    stack, m, n = out.shape
    alone = stack - stack % parts
    for t in prange(parts):
        rows, columns = (0, m), (0, n)
        if n >= m:  # the longer side is divided
            first, last = n * t // parts // ALIGNED * ALIGNED, n * (t + 1) // parts // ALIGNED * ALIGNED
            columns = first, n if t + 1 == parts else last
        else:
            rows = m * t // parts, m * (t + 1) // parts
        for i in range(stack):
            if i >= alone and rows[0] < rows[1] and columns[0] < columns[1]:
                _product(a[i], of_a, b[i], of_b, out[i], add, rows, columns)
            elif i < alone and i % parts == t:
                _product(a[i], of_a, b[i], of_b, out[i], add, (0, m), (0, n))


def multiply(a, b, total=None, out=None):
    """a @ b, added to `total` if given, of matrices or stacks of matrices, each or its transpose in one piece."""
    add = total is not None
    if out is None:
        out = total if add else np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
    of_a, of_b = not a.flags.c_contiguous, not b.flags.c_contiguous
    if not compiled.parallel:
        return np.add(out, a @ b, out=out) if add else np.matmul(a, b, out=out)
    a, b = a.swapaxes(-1, -2) if of_a else a, b.swapaxes(-1, -2) if of_b else b
    stacks = [m.reshape(-1, *m.shape[-2:]) for m in (a, b, out)]
    _products(stacks[0], of_a, stacks[1], of_b, stacks[2], add, compiled.threads)
    return out


def _pays(a, b) -> bool:
    """Whether to divide a product of two matrices among the threads."""
    return (compiled.threads > 1 and type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2
            and a.dtype is b.dtype and a.dtype in DTYPES and a.shape[1] == len(b) > 0 and len(a) > 1 < b.shape[1]
            and a.size * b.shape[1] >= MIN_PRODUCTS and all(x.flags.carray or x.T.flags.carray for x in (a, b)))


@form("ops.linear.product", _pays)
def product(a, b):
    return multiply(a, b)


@form("ops.linear._linear", lambda x, w, b: _pays(x, w) and b.dtype is x.dtype and type(b) is np.ndarray)
def linear(x, w, b):
    out = np.empty((len(x), w.shape[1]), x.dtype)
    out[...] = b
    return multiply(x, w, out)
