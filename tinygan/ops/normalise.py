"""The operations of batch normalisation: moments of the whole batch, and the affine map that is made of them."""
from __future__ import annotations

from tinygan.backend import kernels
from tinygan.distributed.group import current_group
from tinygan.ops.elementwise import relu_backward, sqrt
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import stack
from tinygan.tensor import record


@op(case((2, 3)))
def all_reduce(x):
    """The sum of x over all ranks, on each of them (`all-reduce`); x itself where there is one rank.

    What is differentiated is the sum of the ranks' outputs. An element counts in every rank's sum, so its cotangent is
    the sum of theirs: an all-reduce is its own adjoint.
    """
    return record(current_group().sum(unwrap(x)), (x, lambda g, y, x: all_reduce(g)))


@op(case((5, 3)), case((2, 3, 2, 2)))
def moments(x):
    """Mean and variance of each channel (the last axis) over all others, and all ranks, as rows of (2, channels).

    Computed at once because batch normalisation needs both; their slopes with respect to an element are 1 / n and
    2 (x - mean) / n, so the pull-back is one affine map of x (`pooled-moments`).
    """
    if not x.size or x.dtype.kind != "f":
        raise ValueError(f"moments: x {x.shape} of {x.dtype}, expected floating point numbers, at least one a channel")
    n = current_group().global_count(x.size // x.shape[-1])
    return record(_pooled(kernels.moments(unwrap(x))),
                  (x, lambda g, y, x: affine(x, _moments_slope(all_reduce(g), y, n))))


def _pooled(both):
    """The moments of the whole batch from those of each rank's slice (`pooled-moments`)."""
    ranks = current_group()
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
def batch_norm_coefficients(both, weight, bias, eps=1e-5):
    """The affine map that batch normalisation is: rows (scale, shift), scale = weight / sqrt(variance + eps) and
    shift = bias - mean * scale, for the moments `both` = (mean, variance) (`batch-norm`)."""
    if both.shape != (2, *weight.shape) or both.ndim != 2 or bias.shape != weight.shape:
        raise ValueError(f"batch_norm_coefficients: moments {both.shape}, weight {weight.shape} and bias {bias.shape} "
                         "do not fit: expected (2, channels), (channels,), (channels,)")
    return record(kernels.batch_norm_coefficients(unwrap(both), unwrap(weight), unwrap(bias), eps),
                  (both, lambda g, y, both, weight, bias: _batch_norm_coefficients_slope(g, y, both, eps)),
                  (weight, lambda g, y, both, weight, bias: _weight_slope(g[0], g[1], both[0], both[1], eps)),
                  (bias, lambda g, y, both, weight, bias: g[1]))


@kernels.elementwise("raw T g, raw T y, raw T both, T eps", "T row", """
    int c = g.size() / 2, k = i % c;
    row = i < c ? -g[c + k] * y[k] : (g[c + k] * both[k] - g[k]) * y[k] / (2 * (both[c + k] + eps));""")
def _batch_norm_coefficients_slope(g, y, both, eps):
    return stack([-g[1] * y[0], (g[1] * both[0] - g[0]) * y[0] / (2 * (both[1] + eps))])


@kernels.elementwise("T a, T b, T mean, T variance, T eps", "T y", "y = (a - b * mean) / sqrt(variance + eps)")
def _weight_slope(a, b, mean, variance, eps):
    return (a - b * mean) / sqrt(variance + eps)


@op(case((3, 2), (2, 2)), case((2, 3, 3, 2), (2, 2)), case((3, 2), (2, 2), negative_slope=0.2))
def affine(x, rows, negative_slope=1.0):
    """leaky_relu(x * rows[0] + rows[1]), for rows (2, channels), along the last axis of x; by default without a bend.

    Batch normalisation is this map with a scale and a shift that depend on the batch; the activation that follows it
    comes along in the same pass over x.
    """
    negative_slope = unwrap(negative_slope)
    if not 0 <= negative_slope <= 1:
        raise ValueError(f"affine: negative_slope is {negative_slope}, expected 0 to 1")
    if rows.shape != (2, *x.shape[-1:]):
        raise ValueError(f"affine: x {x.shape} and rows {rows.shape} do not fit: expected (2, channels)")
    value = kernels.affine(unwrap(x), unwrap(rows), negative_slope)
    straight = record(value,  # before the bend; no rule asks for its value, so it has the value after it
                      (x, lambda g, _, x, rows: g * rows[0]),
                      (rows, lambda g, _, x, rows: affine_adjoint(x, g)))
    if negative_slope == 1:
        return straight
    return record(value, (straight, lambda g, y, _: relu_backward(g, y, negative_slope)))


@op(case((3, 2), (3, 2)), case((2, 3, 3, 2), (2, 3, 3, 2)))
def affine_adjoint(x, g):
    """How inputs x and cotangents g of `affine` meet in its rows: sums of g x and of g over all axes but the last."""
    if x.shape != g.shape:
        raise ValueError(f"affine_adjoint: x {x.shape} and g {g.shape} differ in shape")
    return record(kernels.affine_adjoint(unwrap(x), unwrap(g)),
                  (x, lambda h, _, x, g: g * h[0]),
                  (g, lambda h, _, x, g: affine(x, h)))
