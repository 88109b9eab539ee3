"""How far two sets of points are apart, by an integral probability metric: kernels and transport (`two-sample`)."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .checks import host, pair

CHUNK = 256  # rows of a kernel matrix that are in memory at once


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
    """MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y) (`mmd`): the two-sample value over the unit ball of the kernel's
    space.

    a (n, f), b (m, f). Without bias no point meets itself: 0 on average under equality, and then as often below 0.
    biased: the square of what the best function of the ball reaches on these very points, never below 0.
    Source: Gretton et al. 2012, equations 3 and 5; theory.md T34.
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
    """`mmd_squared` without bias, kernel `cubic`, on features (`kernel-distance`): the KID of Binkowski et al. 2018.

    Unlike the Frechet distance it has no bias from the number of samples, and assumes no Gaussian.
    """
    return mmd_squared(a, b, cubic)


def wasserstein(a, b) -> float:
    """W1, the least mean distance over which the points of a are carried onto those of b (`wasserstein`).

    In one dimension, a (n,) or (n, 1) and b (m,) or (m, 1): the integral of |F - G|, by sorting. In more, (n, d) and
    (n, d): the best of all matchings, in time n^3 (seconds for 500). Source: Villani 2009; theory.md T26, T27.

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
    """W1 of a and b seen along a line, the mean over its random directions (`sliced-wasserstein`). a (n, f), b (m, f).

    A shift by s gives |s| E|u_1|, u uniform on the sphere: 2 / pi of |s| in the plane.
    Source: Rabin et al. 2012, with the first power of the distance.
    """
    a, b = pair("sliced_wasserstein", a, b)
    if directions < 1:
        raise ValueError(f"sliced_wasserstein: directions is {directions}, expected at least 1")
    u = rng.standard_normal((a.shape[1], directions))
    u /= np.sqrt((u * u).sum(axis=0))
    return float(_by_sorting(a @ u, b @ u).mean())


def _by_sorting(a, b):
    """W1 of each column of a (n, c) and b (m, c): (c,). The quantile functions are steps of 1/n and of 1/m."""
    n, m = len(a), len(b)
    ends = np.union1d(m * np.arange(1, n + 1), n * np.arange(1, m + 1))  # in units of 1 / nm
    widths = np.diff(ends, prepend=0)
    i, j = (ends - 1) // m, (ends - 1) // n
    return widths @ np.abs(np.sort(a, axis=0)[i] - np.sort(b, axis=0)[j]) / (n * m)


def matching(cost) -> np.ndarray:
    """The column of each row of cost (n, n), each column once, with the least sum: the Hungarian method.

    u and v are the prices of the dual problem, u_i + v_j <= cost_ij: Kantorovich's potentials. Row after row is added
    along the cheapest path that frees a column. Source: Kuhn 1955, in the form of Jonker & Volgenant 1987.

    >>> matching(np.array([[1.0, 2.0], [1.0, 4.0]]))
    array([1, 0])
    """
    n = len(cost)
    u, v = np.zeros(n), np.zeros(n + 1)
    row_of = np.full(n + 1, -1)  # the last column stands for none: there the row that is added begins
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
