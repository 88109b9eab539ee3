"""The operations of batch normalisation: moments of the whole batch, and the affine map made from them."""
from __future__ import annotations

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.distributed.group import current_group
from tinygan.ops.elementwise import sqrt
from tinygan.ops.reduce import mean, sum, var
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import stack
from tinygan.tensor import record


@op(case((2, 3)))
def all_reduce(x):
    """The sum of x over all ranks, on each rank (`all-reduce`); with a single process, x itself.

    The differentiated scalar is the sum of the outputs of all ranks. An element of x is part of the sum on every rank,
    so its cotangent is the sum of all ranks' cotangents: an all-reduce is its own adjoint.
    """
    return record(current_group().sum(unwrap(x)), (x, lambda g, y, x: all_reduce(g)))


@op(case((5, 3)), case((2, 3, 2, 2)))
def moments(x):
    """Mean and variance of each channel (the last axis) over all other axes and all ranks: (2, channels).

    The derivatives of mean and variance with respect to an element are 1 / n and 2 (x - mean) / n, so the pull-back is
    an affine map of x (`pooled-moments`).
    """
    if not x.size or x.dtype.kind != "f":
        raise ValueError(f"moments: x {x.shape} of {x.dtype}, expected floating point numbers, at least one a channel")
    n = current_group().global_count(x.size // x.shape[-1])
    return record(_pooled(_moments(unwrap(x))),
                  (x, lambda g, y, x: affine(x, _moments_backward(all_reduce(g), y, n))))


@accelerated
def _moments(x):
    axes = tuple(range(x.ndim - 1))
    return np.stack([mean(x, axes), var(x, axes)])


def _pooled(moments):
    """The moments of the whole batch, from those of each rank's shard (`pooled-moments`)."""
    group = current_group()
    if group.size == 1:
        return moments
    pooled = group.mean(moments)  # the mean is complete; the variance between the shards is added next
    pooled[1] += group.mean((moments[0] - pooled[0]) ** 2)
    return pooled


@accelerated
def _moments_backward(g, y, n):
    """Scale and shift of the affine map of x that pulls back a cotangent g of the moments y."""
    return stack([g[1] * (2 / n), (g[0] - 2 * g[1] * y[0]) / n])


@op(case((2, 3), (3,), (3,), low=0.5))
def batch_norm_coefficients(moments, weight, bias, eps=1e-5):
    """Batch normalisation as an affine map (`batch-norm`): rows (scale, shift) of shape (2, channels).

    scale = weight / sqrt(variance + eps), shift = bias - mean * scale, where moments = (mean, variance).
    """
    if moments.shape != (2, *weight.shape) or moments.ndim != 2 or bias.shape != weight.shape:
        raise ValueError(f"batch_norm_coefficients: moments {moments.shape}, weight {weight.shape} and bias "
                         f"{bias.shape} do not fit: expected (2, channels), (channels,), (channels,)")
    return record(_coefficients(unwrap(moments), unwrap(weight), unwrap(bias), eps),
                  (moments, lambda g, y, moments, weight, bias: _coefficients_backward(g, y, moments, eps)),
                  (weight, lambda g, y, moments, weight, bias: _weight_backward(g[0], g[1], *moments, eps)),
                  (bias, lambda g, y, moments, weight, bias: g[1]))


@accelerated
def _coefficients(moments, weight, bias, eps):
    mean, variance = moments
    scale = weight / np.sqrt(variance + eps)
    return np.stack([scale, bias - mean * scale])


@accelerated
def _coefficients_backward(g, y, moments, eps):
    return stack([-g[1] * y[0], (g[1] * moments[0] - g[0]) * y[0] / (2 * (moments[1] + eps))])


@accelerated
def _weight_backward(g_scale, g_shift, mean, variance, eps):
    return (g_scale - g_shift * mean) / sqrt(variance + eps)


@op(case((3, 2), (2, 2)), case((2, 3, 3, 2), (2, 2)))
def affine(x, scale_shift):
    """x * scale + shift along the last axis of x; scale_shift holds both as rows: (2, channels).

    Batch normalisation is this map with a scale and a shift that depend on the batch.
    """
    if scale_shift.shape != (2, *x.shape[-1:]):
        raise ValueError(f"affine: x {x.shape} and scale_shift {scale_shift.shape} do not fit: expected (2, channels)")
    return record(_affine(unwrap(x), unwrap(scale_shift)),
                  (x, lambda g, y, x, scale_shift: g * scale_shift[0]),
                  (scale_shift, lambda g, y, x, scale_shift: affine_adjoint(x, g)))


@accelerated
def _affine(x, scale_shift):
    return x * scale_shift[0] + scale_shift[1]


@op(case((3, 2), (3, 2)), case((2, 3, 3, 2), (2, 3, 3, 2)))
def affine_adjoint(x, g):
    """The sums of g x and of g over all axes but the last: pulls a cotangent g of `affine` back to scale_shift."""
    if x.shape != g.shape:
        raise ValueError(f"affine_adjoint: x {x.shape} and g {g.shape} differ in shape")
    return record(_affine_adjoint(unwrap(x), unwrap(g)),
                  (x, lambda h, y, x, g: g * h[0]),
                  (g, lambda h, y, x, g: affine(x, h)))


@accelerated
def _affine_adjoint(x, g):
    axes = tuple(range(x.ndim - 1))
    return np.stack([sum(g * x, axes), sum(g, axes)])
