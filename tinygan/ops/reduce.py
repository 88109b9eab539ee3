"""Over axes: sums, means, the largest element, softmax."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygan import kernels
from tinygan.ops.elementwise import exp, log, sqrt
from tinygan.ops.linear import affine
from tinygan.ops.registry import array, case, op, signed
from tinygan.ops.shape import broadcast_to, stack
from tinygan.ranks import present
from tinygan.tensor import record


def _axes(name: str, x, axis) -> tuple[int, ...]:
    """The axes that NumPy's `axis` means, counted from 0; None is all of them."""
    ndim = np.ndim(array(x))
    axes: Any = range(ndim) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    for a in axes:
        if not -ndim <= a < ndim:
            raise ValueError(f"{name}: x {np.shape(array(x))} has no axis {a}")
    return tuple([a % ndim for a in axes])


def _kept(x, axes) -> tuple[int, ...]:
    """The shape of x with the axes that are reduced kept as 1."""
    return tuple([1 if i in axes else n for i, n in enumerate(np.shape(array(x)))])


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3, 4), axis=(0, -1), keepdims=True))
def sum(x, axis=None, keepdims=False):
    """The sum over `axis` (all axes by default)."""
    if axis is None and not keepdims:  # the usual case, and the fast one
        return record(array(x).sum(), (x, lambda g, y, x: broadcast_to(g, x.shape)))
    axes = _axes("sum", x, axis)
    kept = _kept(x, axes)
    return record(kernels.total(array(x), axes, keepdims),
                  (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape)))


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def mean(x, axis=None, keepdims=False):
    """The mean over `axis` (all axes by default)."""
    shape, axes = np.shape(array(x)), _axes("mean", x, axis)
    n = math.prod([shape[a] for a in axes])
    if n == 0:
        raise ValueError(f"mean: x {shape} is empty over axis {axis}")
    kept = _kept(x, axes)
    return record(kernels.mean(array(x), axes, keepdims, n),
                  (x, lambda g, y, x: broadcast_to(g.reshape(kept), x.shape, n)))


@op(case((2, 3)), case((2, 3, 4), axis=(0, 2)), case((2, 3), axis=-1, keepdims=True))
def var(x, axis=None, keepdims=False):
    """The variance over `axis`: the mean squared distance from the mean (divided by n, as in NumPy)."""
    distance = x - mean(x, axis, keepdims=True)
    return mean(distance * distance, axis, keepdims)


@op(case((2, 3)))
def everywhere(x):
    """The sum of x over all ranks, on each of them (`all-reduce`); x itself where there is one rank.

    What is differentiated is the sum of the ranks' outputs. An element counts in every rank's sum, so its cotangent is
    the sum of theirs: an all-reduce is its own adjoint.
    """
    return record(present().sum(array(x)), (x, lambda g, y, x: everywhere(g)))


@op(case((5, 3)), case((2, 3, 2, 2)))
def moments(x):
    """Mean and variance of each channel (the last axis) over all others, and all ranks, as rows of (2, channels).

    Computed at once because batch normalisation needs both; their slopes with respect to an element are 1 / n and
    2 (x - mean) / n, so the pull-back is one affine map of x (`pooled-moments`).
    """
    if not x.size or x.dtype.kind != "f":
        raise ValueError(f"moments: x {x.shape} of {x.dtype}, expected floating point numbers, at least one a channel")
    n = present().whole(x.size // x.shape[-1])
    return record(_pooled(kernels.moments(array(x))),
                  (x, lambda g, y, x: affine(x, _moments_slope(everywhere(g), y, n))))


def _pooled(both):
    """The moments of the whole batch from those of each rank's slice (`pooled-moments`)."""
    ranks = present()
    if ranks.size == 1:
        return both
    pooled = ranks.mean(both)  # right for the mean; the variance lacks that between the slices
    pooled[1] += ranks.mean((both[0] - pooled[0]) ** 2)
    return pooled


@kernels.elementwise("raw T g, raw T y, T count", "T row", """
    int c = g.size() / 2;
    row = i < c ? 2 * g[c + i] / count : (g[i - c] - 2 * g[i] * y[i - c]) / count;""")
def _moments_slope(g, y, n):
    """The affine map of x that pulls a cotangent g of the moments y back."""
    return stack([g[1] * (2 / n), (g[0] - 2 * g[1] * y[0]) / n])


@op(case((2, 3), (3,), (3,), low=0.5))
def normaliser(both, weight, bias, eps=1e-5):
    """The affine map that batch normalisation is: rows (scale, shift), scale = weight / sqrt(variance + eps) and
    shift = bias - mean * scale, for the moments `both` = (mean, variance) (`batch-norm`)."""
    if both.shape != (2, *weight.shape) or both.ndim != 2 or bias.shape != weight.shape:
        raise ValueError(f"normaliser: moments {both.shape}, weight {weight.shape} and bias {bias.shape} do not fit: "
                         "expected (2, channels), (channels,), (channels,)")
    return record(kernels.normaliser(array(both), array(weight), array(bias), eps),
                  (both, lambda g, y, both, weight, bias: _normaliser_slope(g, y, both, eps)),
                  (weight, lambda g, y, both, weight, bias: _weight_slope(g[0], g[1], both[0], both[1], eps)),
                  (bias, lambda g, y, both, weight, bias: g[1]))


@kernels.elementwise("raw T g, raw T y, raw T both, T eps", "T row", """
    int c = g.size() / 2, k = i % c;
    row = i < c ? -g[c + k] * y[k] : (g[c + k] * both[k] - g[k]) * y[k] / (2 * (both[c + k] + eps));""")
def _normaliser_slope(g, y, both, eps):
    return stack([-g[1] * y[0], (g[1] * both[0] - g[0]) * y[0] / (2 * (both[1] + eps))])


@kernels.elementwise("T a, T b, T mean, T variance, T eps", "T y", "y = (a - b * mean) / sqrt(variance + eps)")
def _weight_slope(a, b, mean, variance, eps):
    return (a - b * mean) / sqrt(variance + eps)


@op(case((2, 3)), case((2, 3, 4), axis=1), case((2, 3), axis=-1, keepdims=True))
def max(x, axis=None, keepdims=False):
    """The largest element over `axis`; equal ones share the slope."""
    axes = _axes("max", x, axis)
    kept = _kept(x, axes)

    def share(g, y, x):
        winners = array(x) == array(y).reshape(kept)
        return broadcast_to(g.reshape(kept), x.shape) * winners / winners.sum(axes, dtype=x.dtype, keepdims=True)
    return record(np.max(array(x), axes, keepdims=keepdims), (x, share))


@op(case((2, 3)), case((2, 3), axis=0))
def log_softmax(x, axis=-1):
    """log(exp(x) / sum(exp(x))) along `axis`, stable: the largest logit is taken off first."""
    x = x - np.max(signed("log_softmax", x), axis, keepdims=True)
    return x - log(sum(exp(x), axis, keepdims=True))


@op(case((2, 3)), case((2, 3), axis=0))
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`, stable."""
    return exp(log_softmax(x, axis))
