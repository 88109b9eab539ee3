"""Matrix products."""
from __future__ import annotations

from tinygan.backend.accelerated import accelerated
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record


def _flip(x):
    """x with its last two axes exchanged."""
    return x.T if x.ndim == 2 else x.transpose((*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@op(case((2, 3), (3, 4)), case((5, 2, 3), (3, 4)), case((2, 1, 2, 3), (4, 3, 2)), case((3,), (3, 4)),
    case((2, 3), (3,)))
def matmul(a, b):
    """The matrix product a @ b, with broadcasting over leading axes; vectors as in NumPy."""
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else -1]:
        rows = b.shape[-2 if b.ndim > 1 else -1] if b.ndim else "no"
        raise ValueError(f"matmul: a {a.shape} has {a.shape[-1] if a.ndim else 'no'} columns, "
                         f"b {b.shape} has {rows} rows")
    if a.ndim == 1:
        return matmul(a.reshape((1, -1)), b)[..., 0, :] if b.ndim > 1 else (a * b).sum()
    if b.ndim == 1:
        return matmul(a, b.reshape((-1, 1)))[..., 0]
    return record(product(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(product(g, _flip(b)), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(product(_flip(a), g), b.shape)))


@accelerated
def product(a, b):
    """a @ b of arrays or Tensors, without checks."""
    return a @ b


@op(case((3, 2), (2, 4), (4,)), case((2, 3, 2), (2, 4), (4,)))
def linear(x, w, b):
    """x @ w + b, the dense layer (`dense`)."""
    shape = w.shape
    if len(x.shape) < 2 or len(shape) != 2 or x.shape[-1:] + b.shape != shape:  # one test for all checks below
        if x.shape[-1:] != shape[:1]:
            raise ValueError(f"linear: x {x.shape} has {x.shape[-1] if x.ndim else 'no'} columns, w {shape} has "
                             f"{shape[0] if shape else 'no'} rows")
        if len(shape) != 2 or b.shape != shape[1:]:
            raise ValueError(f"linear: w {shape} and b {b.shape} do not fit: expected (inputs, outputs) and (outputs,)")
        return linear(x.reshape((1, -1)), w, b)[0]
    return record(_linear(unwrap(x), unwrap(w), unwrap(b)),
                  (x, lambda g, y, x, w, b: product(g, w.T)),
                  (w, lambda g, y, x, w, b: unbroadcast(product(_flip(x), g), w.shape)),
                  (b, lambda g, y, x, w, b: unbroadcast(g, b.shape)))


@accelerated
def _linear(x, w, b):
    return product(x, w) + b
