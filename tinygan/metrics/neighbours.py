"""Sets of points compared by who lies near whom: no Gaussian is assumed, and quality and variety are told apart."""
from __future__ import annotations

import numpy as np

from .checks import host

CHUNK = 256  # rows of a distance matrix that are in memory at once


def precision_recall_density_coverage(real, fake, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage of fake against real. real (n, f), fake (m, f), each more than k rows.

    A point's ball reaches to its k-th nearest neighbour in its own set, itself not counted.

    - precision: the share of fakes in at least one real ball;
    - recall: the share of reals in at least one fake ball;
    - density: the number of real balls that a fake lies in, on average, divided by k: 1 under equality, may exceed 1;
    - coverage: the share of reals with a fake in their ball: 1 - 2^-k under equality and equal numbers.

    Precision and density judge each fake alone and do not see mode collapse; recall and coverage do. Sources:
    Kynkaanniemi et al. 2019, equation 2 (precision, recall); Naeem et al. 2020, section 3 (density, coverage).

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.standard_normal((2, 1000, 2))
    >>> scores = precision_recall_density_coverage(a, b)
    >>> abs(scores["coverage"] - (1 - 2 ** -5)) < .02
    True
    """
    metric = "precision_recall_density_coverage"
    real = host(metric, "real", real, "(n, f)").astype(np.float64)
    fake = host(metric, "fake", fake, "(m, f)").astype(np.float64)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"{metric}: real {real.shape} and fake {fake.shape} differ in features")
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"{metric}: k is {k!r}, expected a whole number of at least 1")
    for name, x in (("real", real), ("fake", fake)):
        if len(x) <= k:
            raise ValueError(f"{metric}: {name} has {len(x)} rows, {k} neighbours need at least {k + 1}")
    centre = real.mean(axis=0)  # distances from products lose fewer digits near the origin
    real, fake = real - centre, fake - centre
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


def radii(x, k):
    """The squared distance of each row of x (n, f) to its k-th nearest other row: (n,)."""
    out = np.empty(len(x))
    for rows, square in _squares(x, x):
        square[np.arange(len(square)), np.arange(rows.start, rows.stop)] = np.inf  # a point is not its own neighbour
        out[rows] = np.partition(square, k - 1, axis=1)[:, k - 1]
    return out


def _squares(a, b):
    """Slices of the rows of a, each with the squared distances of those rows to all of b."""
    b_square = (b * b).sum(axis=1)
    for start in range(0, len(a), CHUNK):
        rows = slice(start, min(start + CHUNK, len(a)))
        part = a[rows]
        square = part @ (-2 * b.T)
        square += (part * part).sum(axis=1)[:, None]
        square += b_square
        yield rows, np.maximum(square, 0, out=square)
