"""Operations that move elements: shapes, indices, concatenation. They come in pairs, an operation and its adjoint."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.backend.accelerated import accelerated
from tinygan.ops.inputs import bare_index, may_repeat
from tinygan.ops.registry import case, op, unwrap
from tinygan.tensor import record


@op(case((2, 6), shape=(3, 4)), case((2, 6), shape=(-1,)))
def reshape(x, shape):
    """The same elements, in the same order, in another shape; one entry may be -1."""
    return record(unwrap(x).reshape(shape), (x, lambda g, y, x: g.reshape(x.shape)))


@op(case((2, 3)), case((2, 3, 4), axes=(1, 2, 0)))
def transpose(x, axes=None):
    """The axes in another order (reversed by default)."""
    value = unwrap(x).transpose(axes)
    back = None if axes is None else tuple([int(i) for i in np.argsort([i % x.ndim for i in axes])])
    return record(value, (x, lambda g, y, x: transpose(g, back)))


@op(case((3,), shape=(2, 3)), case((2, 1, 4), shape=(2, 3, 4)), case((), shape=(2, 2)),
    case((2, 1), shape=(2, 3), over=3))
def broadcast_to(x, shape, over=1):
    """x repeated along new and unit axes to `shape`, and divided by `over`; the adjoint is `unbroadcast` / over."""
    if len(x.shape) > len(shape):
        raise ValueError(f"broadcast_to: x {x.shape} has more axes than {shape}")
    return record(_repeat(unwrap(x), shape, over),
                  (x, lambda g, y, x: unbroadcast(g if over == 1 else g / over, x.shape)))


@accelerated
def _repeat(x, shape, over):
    repeated = np.broadcast_to(x, shape)
    return repeated.copy() if over == 1 else repeated / over


@op(case((2, 3), shape=(3,)), case((2, 3, 4), shape=(1, 3, 1)), case((2, 2), shape=()))
def unbroadcast(x, shape):
    """x summed down to `shape`, over the axes along which it was repeated (`unbroadcast`); adjoint: `broadcast_to`."""
    if x.shape == shape:
        return x
    new = x.ndim - len(shape)
    repeated = []
    if x.shape[new:] != shape or new < 0:
        repeated = [i for i, (n, m) in enumerate(zip(shape, x.shape[new:]), new) if n != m]
        if new < 0 or any(shape[i - new] != 1 for i in repeated):
            raise ValueError(f"unbroadcast: x {x.shape} is not a broadcast of shape {tuple(shape)}")
    return record(_total(unwrap(x), (*range(new), *repeated), False).reshape(shape),
                  (x, lambda g, y, x: broadcast_to(g, x.shape)))


@accelerated
def _total(x, axes, keepdims):
    return backend.reduce_wide("sum", x, axes, keepdims)


@op(case((3, 4), index=np.s_[::2, 1]), case((3, 4), index=[0, 2, 0]), case((3, 4), index=np.s_[..., None, 1:]))
def getitem(x, index):
    """x[index], by NumPy's rules; its adjoint is `scatter`."""
    index = bare_index(index, x)
    return record(unwrap(x)[index],
                  (x, lambda g, y, x: _scattered(g, index, backend.module(unwrap(g)).zeros(x.shape, g.dtype))))


@op(case((2,), index=(slice(None, None, 2), 1), shape=(3, 4)), case((3, 4), index=[0, 2, 0], shape=(3, 4)))
def scatter(x, index, shape):
    """Zeros of `shape` with x added at `index` (a repeated index adds each time); its adjoint is `getitem`."""
    index = bare_index(index, x)
    out = backend.module(unwrap(x)).zeros(shape, x.dtype)
    if out[index].shape != x.shape:
        raise ValueError(f"scatter: x {x.shape} does not fit: the index picks {out[index].shape} of {shape}")
    return _scattered(x, index, out)


def _scattered(x, index, out):
    """Adds x at `index` to `out`, an array of zeros."""
    if may_repeat(index):
        backend.module(out).add.at(out, index, unwrap(x))
    else:
        out[index] = unwrap(x)
    return record(out, (x, lambda g, y, x: getitem(g, index)))


@op(case((2, 3), (2, 1)), case((2, 3), (4, 3), axis=0), takes_list=True)
def concatenate(tensors, axis=-1):
    """Tensors joined along `axis`."""
    tensors = list(tensors)
    ends = [int(n) for n in np.cumsum([t.shape[axis] for t in tensors])]

    def piece(i):
        start = ends[i - 1] if i else 0
        where = (..., slice(start, ends[i]), *[slice(None)] * (-1 - axis)) if axis < 0 else \
                (*[slice(None)] * axis, slice(start, ends[i]))
        return lambda g, y, *_: getitem(g, where)
    return record(_concatenate([unwrap(t) for t in tensors], axis), *[(t, piece(i)) for i, t in enumerate(tensors)])


@accelerated
def _concatenate(arrays, axis):
    return np.concatenate(arrays, axis)


def split(x, parts, axis=-1):
    """Cuts x into pieces along `axis`: a list, which `concatenate` joins again.

    parts: the number of equal pieces, or a list of the indices at which to cut, as in numpy.split.
    """
    n = x.shape[axis] if -x.ndim <= axis < x.ndim else None
    if n is None or (isinstance(parts, (int, np.integer)) and (parts < 1 or n % parts)):
        raise ValueError(f"split: x {x.shape} cannot be divided into {parts} equal pieces along axis {axis}")
    cuts = range(n // parts, n, n // parts) if isinstance(parts, (int, np.integer)) else parts
    before = (slice(None),) * (axis % x.ndim)
    return [getitem(x, (*before, slice(start, stop))) for start, stop in zip([0, *cuts], [*cuts, n])]


@op(case((2, 3), (2, 3)), case((2, 3), (2, 3), axis=1), takes_list=True)
def stack(tensors, axis=0):
    """Tensors of equal shape joined along a new axis."""
    return concatenate([_unsqueeze(t, axis) for t in tensors], axis)


def _unsqueeze(x, axis):
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise ValueError(f"stack: tensors of shape {x.shape} can have no new axis {axis}")
    axis = axis % (x.ndim + 1)
    return x.reshape((*x.shape[:axis], 1, *x.shape[axis:]))


@op(case((2, 3), widths=((1, 0), (2, 1))))
def pad(x, widths):
    """x with zeros around it; widths: a pair (before, after) for each axis, as in numpy.pad."""
    if len(widths) != x.ndim or any(min(before, after) < 0 for before, after in widths):
        raise ValueError(f"pad: x {x.shape} and widths {widths}: expected for each axis two numbers of at least 0")
    inside = tuple([slice(before, before + n) for n, (before, _) in zip(x.shape, widths)])
    return scatter(x, inside, tuple([before + n + after for n, (before, after) in zip(x.shape, widths)]))


