"""Two-sample tests: the two-sample objective over four classes of functions, and two tests of equal distributions.

The value of the game (`two-sample`) is sup_f E_x[f(x)] - E_x'[f(x')] over a class of functions f: an integral
probability metric (IPM); f is the discriminator. Each function below computes this supremum for samples a (n, f) and
b (m, f). A class that is too large separates any two samples (all |f| <= 1 without bins); a class that is too small
misses differences (linear f: all but that of the means).
"""
from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tinygan.nn import Dense, Module, ReLU, Sequential
from tinygan.objectives import d_loss
from tinygan.tensor import Tensor, grad, no_grad
from tinygan.updates import Adam, descend

from .checks import pair
from .distances import mmd_squared, rbf, wasserstein


def bounded(a, b, bins: int = 20) -> float:
    """IPM over |f| <= 1 with f constant in each cell of a grid, `bins` a side: 2 TV of the histograms, from 0 to 2
    (`total-variation`)."""
    a, b = pair("bounded", a, b)
    if bins < 1:
        raise ValueError(f"bounded: bins is {bins}, expected at least 1")
    both = np.concatenate([a, b])
    low, width = both.min(axis=0), np.maximum(np.ptp(both, axis=0), 1e-300) / bins
    _, cell = np.unique(np.minimum((both - low) // width, bins - 1), axis=0, return_inverse=True)
    p, q = (np.bincount(x, minlength=cell.max() + 1) / len(x) for x in np.split(cell.ravel(), [len(a)]))
    return float(np.abs(p - q).sum())


def linear(a, b) -> float:
    """IPM over f(x) = w.x with |w| <= 1: |mean a - mean b| (`mean-distance`)."""
    a, b = pair("linear", a, b)
    return float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)))


def rkhs(a, b, length: float = 1.0) -> float:
    """IPM over the unit ball of the space of the kernel `rbf(length)`: the MMD (`mmd`)."""
    return mmd_squared(a, b, rbf(length), biased=True) ** 0.5


IPM: dict[str, Callable[..., float]] = {
    "bounded": bounded, "linear": linear, "rkhs": rkhs, "lipschitz": wasserstein}  # |f(x) - f(y)| <= |x - y|: W1


def permutation_test(a, b, statistic: Callable, rng: np.random.Generator, permutations: int = 199) -> float:
    """p, the share of random divisions of all points into two sets whose statistic is at least that of a and b
    (`permutation-p`).

    statistic: a function (a, b) -> number that is large if they differ, such as one of `IPM`. For any statistic, if the
    distributions are equal, p <= alpha has a probability of at most alpha. Source: Fisher 1935.
    """
    a, b = pair("permutation_test", a, b)
    if permutations < 1:
        raise ValueError(f"permutation_test: permutations is {permutations}, expected at least 1")
    both, n = np.concatenate([a, b]), len(a)
    observed = statistic(a, b)
    observed -= 1e-12 * abs(observed)  # sums in another order are equal up to rounding
    divisions = (rng.permutation(both) for _ in range(permutations))
    return (1 + sum(statistic(x[:n], x[n:]) >= observed for x in divisions)) / (1 + permutations)


class Verdict(NamedTuple):
    """The result of `classifier_test`: the accuracy on new points, and p."""

    accuracy: float
    p: float


def classifier_test(a, b, rng: np.random.Generator, network: Module | None = None, steps: int = 100,
                    rate: float = 0.02) -> Verdict:
    """Trains a discriminator on one half of a and of b, and tests it on the other halves: the C2ST (`classifier-p`).

    a, b (n, f), at least 4 rows. For equal distributions, the accuracy on the n new points is nearly N(1/2, 1 / 4n); it
    is at most 1/2 + TV/2. network: points -> logits (n, 1), by default with 32 hidden units, trained by `steps` of
    Adam. Source: Lopez-Paz & Oquab 2017.
    """
    a, b = pair("classifier_test", a, b, rows=4)
    if len(a) != len(b):
        raise ValueError(f"classifier_test: a {a.shape} and b {b.shape} differ in number, expected as many of both")
    f, half = a.shape[1], len(a) // 2
    net = network or Sequential(Dense(f, 32, rng=rng), ReLU(), Dense(32, 1, rng=rng))
    a, b = rng.permutation(a), rng.permutation(b)
    seen = np.concatenate([a[:half], b[:half]])
    centre, scale = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-12)
    dtype = net.theta.dtype
    seen_a, seen_b, new_a, new_b = (Tensor(((x - centre) / scale).astype(dtype))
                                    for x in (a[:half], b[:half], a[half:], b[half:]))
    adam = Adam()
    for _ in range(steps):
        descend(net.theta, adam(grad(d_loss(net(seen_a), net(seen_b)), net.parameters())), rate)
    with no_grad():
        right = np.concatenate([net(new_a).numpy() > 0, net(new_b).numpy() <= 0])
    n, accuracy = len(right), float(right.mean())
    return Verdict(accuracy, 1 - NormalDist(0.5, 0.5 / n**0.5).cdf(accuracy - 0.5 / n))  # continuity correction
