"""Over axes: sums, means, the largest and the smallest element, softmax."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.ops.elementwise import exp, log, sqrt, where
from tinygan.ops.registry import case, op, signed, unwrap
from tinygan.ops.shape import _total, broadcast_to
from tinygan.tensor import record


def _axes(name: str, x, axis) -> tuple[int, ...]:
    """The axes that NumPy's `axis` means, counted from 0; None is all of them."""
    ndim = np.ndim(unwrap(x))
    axes: Any = range(ndim) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    for a in axes:
        if not -ndim <= a < ndim:
            raise ValueError(f"{name}: x {np.shape(unwrap(x))} has no axis {a}")
    return tuple([a % ndim for a in axes])


def _kept(x, axes) -> tuple[int, ...]:
    """The shape of x with the axes that are reduced kept as 1."""
    return tuple([1 if i in axes else n for i, n in enumerate(np.shape(unwrap(x)))])


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def sum(x, axis=None, keepdims=False):
    """The sum over `axis` (all axes by default)."""
    if axis is None and not keepdims:  # the usual case, and the fast one
        return record(unwrap(x).sum(), (x, lambda g, y, x: broadcast_to(g, x.shape)))
    axes = _axes("sum", x, axis)
    kept = _kept(x, axes)
    return record(_total(unwrap(x), axes, keepdims),
                  (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape)))


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def mean(x, axis=None, keepdims=False):
    """The mean over `axis` (all axes by default)."""
    shape, axes = np.shape(unwrap(x)), _axes("mean", x, axis)
    n = math.prod([shape[a] for a in axes])
    if n == 0:
        raise ValueError(f"mean: x {shape} is empty over axis {axis}")
    kept = _kept(x, axes)
    return record(_mean(unwrap(x), axes, keepdims), (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape, n)))


@accelerated
def _mean(x, axes, keepdims):
    return x.mean(axis=axes, keepdims=keepdims)


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def var(x, axis=None, keepdims=False):
    """The variance over `axis`: the mean squared distance from the mean (divided by n, as in NumPy)."""
    distance = x - mean(x, axis, keepdims=True)
    return mean(distance * distance, axis, keepdims)


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def std(x, axis=None, keepdims=False):
    """The standard deviation over `axis`: the square root of `var`, so divided by n, as in NumPy."""
    return sqrt(var(x, axis, keepdims))


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3), axis=-1, keepdims=True))
def max(x, axis=None, keepdims=False):
    """The largest element over `axis`; equal ones share the slope."""
    axes = _axes("max", x, axis)
    kept = _kept(x, axes)

    def share(g, y, x):
        winners = unwrap(x) == unwrap(y).reshape(kept)
        return broadcast_to(g.reshape(kept), x.shape) * winners / winners.sum(axes, dtype=x.dtype, keepdims=True)
    return record(np.max(unwrap(x), axes, keepdims=keepdims), (x, share))


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3), axis=-1, keepdims=True))
def min(x, axis=None, keepdims=False):
    """The smallest element over `axis`; equal ones share the slope."""
    axes = _axes("min", x, axis)
    kept = _kept(x, axes)

    def share(g, y, x):
        smallest = unwrap(x) == unwrap(y).reshape(kept)
        each = g.reshape(kept) / smallest.sum(axes, dtype=x.dtype, keepdims=True)
        return where(smallest, broadcast_to(each, x.shape), 0)
    return record(np.min(unwrap(x), axes, keepdims=keepdims), (x, share))


@op(case((2, 3)), case((2, 3), axis=0))
def log_softmax(x, axis=-1):
    """log(exp(x) / sum(exp(x))) along `axis`, stable: the largest logit is taken off first."""
    x = x - np.max(signed("log_softmax", x), axis, keepdims=True)
    return x - log(sum(exp(x), axis, keepdims=True))


@op(case((2, 3)), case((2, 3), axis=0))
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`, stable."""
    return exp(log_softmax(x, axis))
