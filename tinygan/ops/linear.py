"""Matrix products."""
from __future__ import annotations

from tinygan import backend, kernels
from tinygan.ops.elementwise import gate
from tinygan.ops.registry import array, case, op
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record


def _flip(x):
    """The last two axes exchanged."""
    return x.T if x.ndim == 2 else x.transpose((*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@op(case((2, 3), (3, 4)), case((5, 2, 3), (3, 4)), case((2, 1, 2, 3), (4, 3, 2)), case((3,), (3, 4)),
    case((2, 3), (3,)))
def matmul(a, b):
    """a @ b: rows of a times columns of b, over broadcast leading axes; vectors as in NumPy."""
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else -1]:
        rows = b.shape[-2 if b.ndim > 1 else -1] if b.ndim else "no"
        raise ValueError(f"matmul: a {a.shape} has {a.shape[-1] if a.ndim else 'no'} columns, "
                         f"b {b.shape} has {rows} rows")
    if a.ndim == 1:
        return matmul(a.reshape((1, -1)), b)[..., 0, :] if b.ndim > 1 else (a * b).sum()
    if b.ndim == 1:
        return matmul(a, b.reshape((-1, 1)))[..., 0]
    return record(backend.matmul(array(a), array(b)),
                  (a, lambda g, y, a, b: unbroadcast(backend.matmul(g, _flip(b)), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(backend.matmul(_flip(a), g), b.shape)))


@op(case((3, 2), (2, 4), (4,)), case((2, 3, 2), (2, 4), (4,)))
def linear(x, w, b):
    """x @ w + b, the dense layer (`dense`): b is added in place to the product."""
    shape = w.shape
    if len(x.shape) < 2 or len(shape) != 2 or x.shape[-1:] + b.shape != shape:  # one look for what follows
        if x.shape[-1:] != shape[:1]:
            raise ValueError(f"linear: x {x.shape} has {x.shape[-1] if x.ndim else 'no'} columns, w {shape} has "
                             f"{shape[0] if shape else 'no'} rows")
        if len(shape) != 2 or b.shape != shape[1:]:
            raise ValueError(f"linear: w {shape} and b {b.shape} do not fit: expected (inputs, outputs) and (outputs,)")
        return linear(x.reshape((1, -1)), w, b)[0]
    value = backend.matmul(array(x), array(w))
    value += array(b)
    return record(value,
                  (x, lambda g, y, x, w, b: backend.matmul(g, w.T)),
                  (w, lambda g, y, x, w, b: unbroadcast(backend.matmul(_flip(x), g), w.shape)),
                  (b, lambda g, y, x, w, b: unbroadcast(g, b.shape)))


@op(case((3, 2), (2, 2)), case((2, 3, 3, 2), (2, 2)), case((3, 2), (2, 2), negative_slope=0.2))
def affine(x, rows, negative_slope=1.0):
    """leaky_relu(x * rows[0] + rows[1]), for rows (2, channels), along the last axis of x; by default without a bend.

    Batch normalisation is this map with a scale and a shift that depend on the batch; the activation that follows it
    comes along in the same pass over x.
    """
    negative_slope = array(negative_slope)
    if not 0 <= negative_slope <= 1:
        raise ValueError(f"affine: negative_slope is {negative_slope}, expected 0 to 1")
    if rows.shape != (2, *x.shape[-1:]):
        raise ValueError(f"affine: x {x.shape} and rows {rows.shape} do not fit: expected (2, channels)")
    value = kernels.affine(array(x), array(rows), negative_slope)
    straight = record(value,  # before the bend; no rule asks for its value, so it has the value after it
                      (x, lambda g, _, x, rows: g * rows[0]),
                      (rows, lambda g, _, x, rows: affine_adjoint(x, g)))
    if negative_slope == 1:
        return straight
    return record(value, (straight, lambda g, y, _: gate(g, y, negative_slope)))


@op(case((3, 2), (3, 2)), case((2, 3, 3, 2), (2, 3, 3, 2)))
def affine_adjoint(x, g):
    """How inputs x and cotangents g of `affine` meet in its rows: sums of g x and of g over all axes but the last."""
    if x.shape != g.shape:
        raise ValueError(f"affine_adjoint: x {x.shape} and g {g.shape} differ in shape")
    return record(kernels.affine_adjoint(array(x), array(g)),
                  (x, lambda h, _, x, g: g * h[0]),
                  (g, lambda h, _, x, g: affine(x, h)))
