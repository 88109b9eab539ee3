"""Operations over axes: sum, mean, variance, largest and smallest element, softmax."""
from __future__ import annotations

import math

import numpy as np

from tinygan import backend
from tinygan.backend.accelerated import accelerated
from tinygan.ops.choices import chosen
from tinygan.ops.elementwise import exp, log, sqrt, where
from tinygan.ops.inputs import kept_shape, reduced_axes, signed
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import _total, broadcast_to
from tinygan.tensor import record


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def sum(x, axis=None, keepdims=False):
    """The sum over `axis` (all axes by default)."""
    if axis is None and not keepdims:  # the most frequent case, kept fast
        return record(_total(unwrap(x), None, False), (x, lambda g, y, x: broadcast_to(g, x.shape)))
    kept = kept_shape(x, axes := reduced_axes("sum", x, axis))
    return record(_total(unwrap(x), axes, keepdims), (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape)))


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def mean(x, axis=None, keepdims=False):
    """The mean over `axis` (all axes by default)."""
    shape, axes = np.shape(unwrap(x)), reduced_axes("mean", x, axis)
    n = math.prod([shape[a] for a in axes])
    if n == 0:
        raise ValueError(f"mean: x {shape} is empty over axis {axis}")
    if n > 65504 and unwrap(x).dtype == np.float16:  # which cannot hold n
        return mean(x.astype(np.float32), axis, keepdims).astype(np.float16)
    kept = kept_shape(x, axes)
    return record(_mean(unwrap(x), axes, keepdims), (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape, n)))


@accelerated
def _mean(x, axes, keepdims):
    return backend.reduce_wide("mean", x, axes, keepdims)


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def var(x, axis=None, keepdims=False):
    """The variance over `axis`: the mean squared distance from the mean (divided by n, as in NumPy)."""
    if getattr(x, "dtype", None) == np.float16:  # whose squares may be infinite
        return var(x.astype(np.float32), axis, keepdims).astype(np.float16)
    distance = x - mean(x, axis, keepdims=True)
    return mean(distance * distance, axis, keepdims)


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def std(x, axis=None, keepdims=False):
    """The standard deviation over `axis`: the square root of `var` (divided by n, as in NumPy)."""
    if getattr(x, "dtype", None) == np.float16:
        return std(x.astype(np.float32), axis, keepdims).astype(np.float16)
    square = var(x, axis, keepdims)
    equal = square == 0  # the slope is set to 0 where all elements are equal
    return where(equal, 0, sqrt(where(equal, 1, square)))


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3), axis=-1, keepdims=True))
def max(x, axis=None, keepdims=False):
    """The largest element over `axis`; equal ones share the cotangent."""
    return _extreme(np.max, x, axis, keepdims)


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3), axis=-1, keepdims=True))
def min(x, axis=None, keepdims=False):
    """The smallest element over `axis`; equal ones share the cotangent."""
    return _extreme(np.min, x, axis, keepdims)


def _extreme(f, x, axis, keepdims):
    kept = kept_shape(x, axes := reduced_axes(f.__name__, x, axis))

    def among_equals(g, y, x):
        winners = (unwrap(x) == unwrap(y).reshape(kept)) | (unwrap(x) != unwrap(x))  # the value of a NaN is NaN
        each = g.reshape(kept) / winners.sum(axes, dtype=x.dtype, keepdims=True)
        return chosen(broadcast_to(each, x.shape), winners)
    return record(f(unwrap(x), axes, keepdims=keepdims), (x, among_equals))


@op(case((2, 3)), case((2, 3), axis=0))
def log_softmax(x, axis=-1):
    """log(exp(x) / sum(exp(x))) along `axis`; stable, because the largest logit is subtracted first."""
    x = x - np.max(signed("log_softmax", x), axis, keepdims=True)
    return x - log(sum(exp(x), axis, keepdims=True))


@op(case((2, 3)), case((2, 3), axis=0))
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`, stable."""
    return exp(log_softmax(x, axis))
