"""Metrics from nearest neighbours: they assume no Gaussian, and they separate quality from variety."""
from __future__ import annotations

import numpy as np

from .checks import pair

CHUNK = 256  # rows of a distance matrix in memory at a time
ROUNDING = 1e-12  # squared distances are equal up to this share of the squared sizes of both points


def precision_recall_density_coverage(real, fake, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage of fake against real (`precision`, `recall`, `density`, `coverage`).

    real (n, f), fake (m, f), each with more than k rows. The ball of a point reaches to its k-th nearest neighbour in
    its own set, without itself. The ball is closed: a point on its surface is inside.

    - precision: the share of fakes in at least one real ball;
    - recall: the share of reals in at least one fake ball;
    - density: the sum over the real balls that contain a fake of 1 / k, on average over the fakes: 1 for equal
      distributions, may exceed 1;
    - coverage: the share of reals with a fake in their ball: 1 - 2^-k for equal distributions and n = m.

    Precision and density measure each fake alone and do not detect mode collapse; recall and coverage do.

    Equal points, such as copies of a picture, are one neighbour: the k-th nearest is that among distinct points, so
    copies do not shrink the balls. In the averages each copy counts, and for density a ball counts 1 / (the number of
    other reals in it), which is 1 / k without copies. A set of at most k distinct points has balls of radius 0.

    Sources: Kynkaanniemi et al. 2019, equation 2 (precision, recall, closed balls); Naeem et al. 2020, section 3
    (density, coverage). Both assume continuous distributions, without equal points; the rule for these is ours.

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
    (real_radius, others), (fake_radius, _) = balls(real, k), balls(fake, k)
    precise, weight = np.empty(len(fake), bool), np.empty(len(fake))
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for rows, square in _squares(fake, real):
        inside = square <= real_radius
        precise[rows], weight[rows] = inside.any(axis=1), inside @ (1 / others)
        covered |= inside.any(axis=0)
        recalled |= (square <= fake_radius[rows, None]).any(axis=0)
    return {"precision": float(precise.mean()), "recall": float(recalled.mean()),
            "density": float(weight.mean()), "coverage": float(covered.mean())}


def one_nn_accuracy(real, fake) -> float:
    """The accuracy of a nearest-neighbour classifier (`one-nn`): .5 for equal distributions, 1 for disjoint ones.

    real (n, f), fake (m, f), at least 2 rows each. It is the mean of the accuracies on reals and on fakes, so that
    unequal numbers do not matter; a tie counts half, as for a point with a copy in both sets. Below .5 the fakes lie
    too close to points of `real`: the generator has memorised them. It is the strictest metric: it may separate sets
    that a person cannot.
    Source: Lopez-Paz & Oquab 2017, section 2; Xu et al. 2018.

    >>> one_nn_accuracy([[0.0], [1.0]], [[5.0], [6.0]]), one_nn_accuracy([[0.0], [9.0]], [[0.1], [9.1]])
    (1.0, 0.0)
    """
    real, fake = _centred(*pair("one_nn_accuracy", real, fake, rows=2, names=("real", "fake")))
    own = _nearest_other(real), _nearest_other(fake)
    other = np.full(len(real), np.inf), np.empty(len(fake))
    for rows, square in _squares(fake, real):
        other[1][rows] = square.min(axis=1)
        np.minimum(other[0], square.min(axis=0), out=other[0])
    return float(np.mean([((a + noise < b).mean() + (a <= b + noise).mean()) / 2
                          for a, b, noise in zip(own, other, (_noise(real), _noise(fake)))]))


def _centred(real, fake):
    """Subtracts the mean of real from both: near the origin, distances from products lose fewer digits."""
    centre = real.mean(axis=0)
    return real - centre, fake - centre


def balls(x, k):
    """The squared radius of the ball of each row of x (n, f), to its k-th nearest distinct neighbour, and the number of
    other rows in the ball (at least 1): (n,), (n,)."""
    first, noise = np.empty(len(x), np.intp), _noise(x)  # the first of all rows that are equal
    for rows, square in _squares(x, x):
        first[rows] = (square <= noise[rows, None]).argmax(axis=1)
    distinct, index, copies = np.unique(first, return_inverse=True, return_counts=True)
    copies = copies.astype(float)  # for products of floats
    radius, count = np.zeros(len(distinct)), copies.copy()
    if len(distinct) > k:
        for rows, square in _squares(x[distinct], x[distinct]):
            radius[rows] = np.partition(square, k, axis=1)[:, k]  # the nearest is the point itself
            count[rows] = (square <= (radius + noise[distinct])[rows, None]) @ copies
    return radius[index] + noise, np.maximum(count - 1, 1)[index]


def _noise(x):
    """The rounding of squared distances near each row of x (n, f): (n,)."""
    return ROUNDING * (x * x).sum(axis=1)


def _nearest_other(x):
    """The squared distance of each row of x (n, f) to the nearest other row, which may be equal: (n,)."""
    out = np.empty(len(x))
    for rows, square in _squares(x, x):
        square[np.arange(len(square)), np.arange(rows.start, rows.stop)] = np.inf
        out[rows] = square.min(axis=1)
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
