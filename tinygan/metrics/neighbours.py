"""Metrics from nearest neighbours: they assume no Gaussian, and they separate quality from variety."""
from __future__ import annotations

import numpy as np

from .checks import pair

CHUNK = 256  # rows of a distance matrix in memory at a time


def precision_recall_density_coverage(real, fake, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage of fake against real (`precision`, `recall`, `density`, `coverage`).

    real (n, f), fake (m, f), each with more than k rows. The ball of a point reaches to its k-th nearest neighbour in
    its own set, without itself.

    - precision: the share of fakes in at least one real ball;
    - recall: the share of reals in at least one fake ball;
    - density: the mean number of real balls that contain a fake, divided by k: 1 for equal distributions, may exceed 1;
    - coverage: the share of reals with a fake in their ball: 1 - 2^-k for equal distributions and n = m.

    Precision and density measure each fake alone and do not detect mode collapse; recall and coverage do. Sources:
    Kynkaanniemi et al. 2019, equation 2 (precision, recall); Naeem et al. 2020, section 3 (density, coverage).

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.standard_normal((2, 1000, 2))
    >>> scores = precision_recall_density_coverage(a, b)
    >>> abs(scores["coverage"] - (1 - 2 ** -5)) < .02
    True
    """
    metric = "precision_recall_density_coverage"
    real, fake = pair(metric, real, fake, names=("real", "fake"))
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"{metric}: k is {k!r}, expected a whole number of at least 1")
    for name, x in (("real", real), ("fake", fake)):
        if len(x) <= k:
            raise ValueError(f"{metric}: {name} has {len(x)} rows, {k} neighbours need at least {k + 1}")
    real, fake = _centred(real, fake)
    real_radius, fake_radius = radii(real, k), radii(fake, k)
    in_real_balls = np.empty(len(fake), np.int64)
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for rows, square in _squares(fake, real):
        inside = square < real_radius
        in_real_balls[rows] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= (square < fake_radius[rows, None]).any(axis=0)
    return {"precision": float((in_real_balls > 0).mean()), "recall": float(recalled.mean()),
            "density": float(in_real_balls.mean() / k), "coverage": float(covered.mean())}


def one_nn_accuracy(real, fake) -> float:
    """The accuracy of a nearest-neighbour classifier (`one-nn`): .5 for equal distributions, 1 for disjoint ones.
 real (n, f), fake (m, f), at least 2 rows each. It is the mean of the accuracies on reals and on fakes, so that unequal
numbers do not matter; a tie counts half. Below .5 the fakes lie too close to points of `real`: the generator
    has memorised them. It is the strictest metric: it may separate sets that a person cannot.
    Source: Lopez-Paz & Oquab 2017, section 2; Xu et al. 2018.

    >>> one_nn_accuracy([[0.0], [1.0]], [[5.0], [6.0]]), one_nn_accuracy([[0.0], [9.0]], [[0.1], [9.1]])
    (1.0, 0.0)
    """
    real, fake = _centred(*pair("one_nn_accuracy", real, fake, rows=2, names=("real", "fake")))
    own = radii(real, 1), radii(fake, 1)
    other = np.full(len(real), np.inf), np.empty(len(fake))
    for rows, square in _squares(fake, real):
        other[1][rows] = square.min(axis=1)
        np.minimum(other[0], square.min(axis=0), out=other[0])
    return float(np.mean([((a < b).mean() + (a <= b).mean()) / 2 for a, b in zip(own, other)]))


def _centred(real, fake):
    """Subtracts the mean of real from both: near the origin, distances from products lose fewer digits."""
    centre = real.mean(axis=0)
    return real - centre, fake - centre


def radii(x, k):
    """The squared distance of each row of x (n, f) to its k-th nearest other row: (n,)."""
    out = np.empty(len(x))
    for rows, square in _squares(x, x):
        square[np.arange(len(square)), np.arange(rows.start, rows.stop)] = np.inf  # a point is not its own neighbour
        out[rows] = np.partition(square, k - 1, axis=1)[:, k - 1]
    return out


def _squares(a, b):
    """Yields slices of the rows of a, each with the squared distances of its rows to all rows of b."""
    b_square = (b * b).sum(axis=1)
    for start in range(0, len(a), CHUNK):
        rows = slice(start, min(start + CHUNK, len(a)))
        part = a[rows]
        square = part @ (-2 * b.T)
        square += (part * part).sum(axis=1)[:, None]
        square += b_square
        yield rows, np.maximum(square, 0, out=square)
