"""Integral probability metrics between two sets of points: kernels and transport (`two-sample`)."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .checks import host, pair

CHUNK = 256  # rows of a kernel matrix in memory at a time


def cubic(a, b):
    """The kernel (a.b / f + 1)^3 of rows a (n, f) and b (m, f): (n, m)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def rbf(length: float = 1.0) -> Callable:
    """The kernel exp(-|a - b|^2 / (2 length^2)), as a function of rows a (n, f) and b (m, f)."""
    def kernel(a, b):
        square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
        return np.exp(-np.maximum(square, 0) / (2 * length**2))
    return kernel


def mmd_squared(a, b, kernel: Callable = cubic, biased: bool = False) -> float:
    """MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y) (`mmd`): the square of the two-sample value over the unit ball
    of the kernel's space.

    a (n, f), b (m, f). The unbiased estimate leaves out k(x, x): its mean is 0 if both distributions are equal, so it
    may be negative. biased: the square of the supremum over the ball for these points, at least 0.
    Source: Gretton et al. 2012, equations 3 and 5.
    """
    a, b = pair("mmd_squared", a, b, rows=1 if biased else 2)

    def mean(x, y, own=False):
        total, lone = 0.0, own and not biased
        for start in range(0, len(x), CHUNK):
            k = kernel(x[start:start + CHUNK], y)
            total += k.sum() - (np.trace(k, start) if lone else 0)
        return total / (len(x) * (len(y) - lone))

    value = mean(a, a, own=True) + mean(b, b, own=True) - 2 * mean(a, b)
    return float(max(0.0, value) if biased else value)


def kernel_distance(a, b) -> float:
    """The unbiased `mmd_squared` of features, kernel `cubic` (`kernel-distance`): the KID of Binkowski et al. 2018.

    Unlike the Frechet distance, it does not assume Gaussians and has no bias that depends on the number of samples.
    """
    return mmd_squared(a, b, cubic)


def wasserstein(a, b) -> float:
    """W1, the least mean distance of a transport of the points of a onto those of b (`wasserstein`).

    In one dimension, a (n,) or (n, 1) and b (m,) or (m, 1): the integral of |F - G|, by sorting. In more dimensions,
    (n, d) and (n, d): the best matching, in time n^3 (seconds for n = 500). Source: Villani 2009.

    >>> wasserstein([0.0, 1.0], [0.5, 1.5]), wasserstein([[0.0, 0.0], [0.0, 1.0]], [[3.0, 1.0], [3.0, 0.0]])
    (0.5, 3.0)
    """
    a, b = (host("wasserstein", name, x, "(n)")[:, None] if np.ndim(x) == 1 else x for name, x in (("a", a), ("b", b)))
    a, b = pair("wasserstein", a, b)
    if a.shape[1] == 1:
        return float(_by_sorting(a, b)[0])
    if len(a) != len(b):
        raise ValueError(f"wasserstein: a {a.shape} and b {b.shape} differ in number, expected as many of both")
    cost = np.sqrt(((a[:, None] - b) ** 2).sum(axis=2))
    return float(cost[np.arange(len(a)), matching(cost)].mean())


def sliced_wasserstein(a, b, rng: np.random.Generator, directions: int = 128) -> float:
    """The mean over random lines of W1 between the projections of a (n, f) and b (m, f) (`sliced-wasserstein`).

    A shift by s gives |s| E|u_1| with u uniform on the sphere: 2 / pi |s| in the plane.
    Source: Rabin et al. 2012, with the first power of the distance.
    """
    a, b = pair("sliced_wasserstein", a, b)
    if directions < 1:
        raise ValueError(f"sliced_wasserstein: directions is {directions}, expected at least 1")
    u = rng.standard_normal((a.shape[1], directions))
    u /= np.sqrt((u * u).sum(axis=0))
    return float(_by_sorting(a @ u, b @ u).mean())


def _by_sorting(a, b):
    """W1 of each column of a (n, c) and b (m, c): (c,). The quantile functions have steps of width 1/n and 1/m."""
    n, m = len(a), len(b)
    ends = np.union1d(m * np.arange(1, n + 1), n * np.arange(1, m + 1))  # in units of 1 / nm
    widths = np.diff(ends, prepend=0)
    i, j = (ends - 1) // m, (ends - 1) // n
    return widths @ np.abs(np.sort(a, axis=0)[i] - np.sort(b, axis=0)[j]) / (n * m)


def matching(cost) -> np.ndarray:
    """The matching of rows and columns of cost (n, n) with the least sum, as a column for each row: Hungarian method.

    u and v are the variables of the dual problem, u_i + v_j <= cost_ij: Kantorovich's potentials. Each row is added
    along the cheapest path that frees a column. Source: Kuhn 1955, in the form of Jonker & Volgenant 1987.

    >>> matching(np.array([[1.0, 2.0], [1.0, 4.0]]))
    array([1, 0])
    """
    n = len(cost)
    u, v = np.zeros(n), np.zeros(n + 1)
    row_of = np.full(n + 1, -1)  # the extra column n holds the row that is being added
    for i in range(n):
        row_of[n], j = i, n
        slack, before, seen = np.full(n, np.inf), np.full(n, n), np.zeros(n + 1, bool)
        while row_of[j] >= 0:
            seen[j] = True
            free = ~seen[:n]
            reduced = cost[row_of[j]] - u[row_of[j]] - v[:n]
            better = free & (reduced < slack)
            slack[better], before[better] = reduced[better], j
            j = int(np.where(free, slack, np.inf).argmin())
            step = slack[j]
            u[row_of[seen]] += step
            v[seen] -= step
            slack[free] -= step
        while j != n:
            row_of[j] = row_of[before[j]]
            j = before[j]
    columns = np.empty(n, int)
    columns[row_of[:n]] = np.arange(n)
    return columns
