"""Paths between latents, straight or spherical, and arithmetic with latents. For arrays of NumPy and CuPy."""
from __future__ import annotations

import numpy as np


def lerp(a, b, t: float):
    """(1 - t) a + t b, the straight path from a (t = 0) to b (t = 1) (`interpolation`).

    Between two latents of N(0, I) in many dimensions, the norm halfway is smaller by a factor sqrt(2). Hardly any
    latent has such a norm.

    >>> lerp(np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]), 0.5)
    array([[1., 1.]])
    """
    _refuse_other_shapes("lerp", a, b)
    return (1 - t) * a + t * b


def slerp(a, b, t: float):
    """The path along the arc from each row of a (t = 0) to that of b (t = 1), both (n, ...) (`interpolation`).

    With w the angle between a and b: (sin((1-t) w) a / |a| + sin(t w) b / |b|) / sin w, times (1 - t) |a| + t |b|. So
    the norm changes linearly from |a| to |b|. ValueError if a row is zero, or if rows of a and b are opposite, because
    then no arc is the shortest. Source: Shoemake 1985; for latents: White 2016.

    >>> slerp(np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]), 0.5)
    array([[1.41421356, 1.41421356]])
    """
    _refuse_other_shapes("slerp", a, b)
    size_a, size_b = _norms(a), _norms(b)
    if not ((size_a > 0).all() and (size_b > 0).all()):
        raise ValueError("slerp: a row is zero, and has no direction")
    u, v = a / size_a, b / size_b
    angle = 2 * np.arctan2(_norms(u - v), _norms(u + v))  # accurate also for small angles, unlike arccos(u v)
    if (angle > np.pi - 1e-3).any():
        raise ValueError("slerp: two rows are opposite, so no arc between them is the shortest; use a straight path")
    angle = np.maximum(angle, 1e-6)  # for equal rows the limit of the formula is the straight path
    size = (1 - t) * size_a + t * size_b
    return (np.sin((1 - t) * angle) / np.sin(angle) * (size / size_a) * a
            + np.sin(t * angle) / np.sin(angle) * (size / size_b) * b)


PATHS = {"straight": lerp, "spherical": slerp}


def path(a, b, steps: int, kind: str = "straight"):
    """The path of each row from a to b, both (n, ...), at `steps` equal intervals, with both ends: (n, steps, ...).

    kind: "straight" (`lerp`) or "spherical" (`slerp`).

    >>> path(np.array([[0.0]]), np.array([[3.0]]), 4)[0, :, 0]
    array([0., 1., 2., 3.])
    """
    if kind not in PATHS:
        raise ValueError(f"path: kind is {kind!r}, expected one of {', '.join(PATHS)}")
    if steps < 2:
        raise ValueError(f"path: steps is {steps}, expected at least 2, the ends")
    return np.stack([PATHS[kind](a, b, i / (steps - 1)) for i in range(steps)], axis=1)


def analogy(a, b, c):
    """c - a + b, which is to c as b is to a: the means of k latents each, a, b and c (k, ...) (`analogy`).

    One image has many properties; a mean keeps those that its latents share. With k = 3 the result has the distribution
    of a single latent: three means of variance 1/3. Source: Radford et al. 2016, section 6.3.2, with k = 3.

    >>> analogy(np.array([[1.0, 0.0]]), np.array([[1.0, 5.0]]), np.array([[7.0, 0.0]]))
    array([7., 5.])
    """
    return c.mean(axis=0) - a.mean(axis=0) + b.mean(axis=0)


def _norms(x):
    """The Euclidean norm of each row of x (n, ...), with the axes kept."""
    return np.sqrt((x * x).sum(axis=tuple(range(1, x.ndim)), keepdims=True))


def _refuse_other_shapes(name, a, b):
    if a.shape != b.shape or not a.ndim:
        raise ValueError(f"{name}: a {a.shape} and b {b.shape}, expected two arrays of rows of one shape")
