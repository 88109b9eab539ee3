"""Divergences of two known distributions, and their optimal discriminator: one function for each equation.

p and q are arrays or Tensors of one shape: probabilities that sum to 1. To use a density on a grid, multiply it by the
width of the cells (`normal`). With Tensors the functions can be differentiated, for example in a parameter of q.
0 log 0 is 0. The metrics of samples are in `tinygan.metrics`.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygan.ops.elementwise import abs, exp, log, where
from tinygan.ops.reduce import sum
from tinygan.tensor import unwrap


def normal(x, mean=0.0, sd=1.0):
    """N(mean, sd^2) on a grid x (k,) of equal cells: the probability of each cell, (k,)."""
    z = (x - mean) / sd
    return exp(-z * z / 2) * ((x[1] - x[0]) / math.sqrt(2 * math.pi)) / sd


def kl(p, q):
    """KL(p || q) = sum p log(p / q) (`kl`): infinite if q is 0 at a point where p is not."""
    _meet("kl", p, q)
    if bool(((unwrap(p) > 0) & (unwrap(q) == 0)).any()):
        return math.inf
    return sum(_weighed(p, p, q))


def js(p, q):
    """JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2 (`js`): from 0 to log 2."""
    _meet("js", p, q)
    return sum(_weighed(p, 2 * p, p + q) + _weighed(q, 2 * q, p + q)) / 2


def total_variation(p, q):
    """TV(p, q) = sum |p - q| / 2 (`total-variation`), from 0 to 1: the largest difference between the two
    probabilities of one event."""
    _meet("total_variation", p, q)
    return sum(abs(p - q)) / 2


def wasserstein(p, q, x):
    """W_1(p, q) on points x (k,) of a line, in rising order: the area between the distribution functions F and G
    (`wasserstein`), because the mass |F - G| must cross each gap. For arrays; it cannot be differentiated."""
    _meet("wasserstein", p, q)
    if x.shape != p.shape or bool((x[1:] < x[:-1]).any()):
        raise ValueError(f"wasserstein: x {x.shape} and p {p.shape}, expected a point of x for each, in rising order")
    surplus = (unwrap(p) - unwrap(q)).cumsum()
    return sum(abs(surplus[:-1]) * (x[1:] - x[:-1]))


def optimal_d(p, q):
    """D*(x) = p(x) / (p(x) + q(x)) (`optimal-d`): the discriminator that maximises V; 1/2 where p = q = 0."""
    _meet("optimal_d", p, q)
    both = unwrap(p) + unwrap(q) != 0
    return where(both, p, 0.5) / where(both, p + q, 1.0)


def jsd_value(p, q):
    """V(D*, G) = -log 4 + 2 JS(p, q) (`jsd-value`): the objective of G against the optimal discriminator."""
    return 2 * js(p, q) - math.log(4)


def normal_kl(mean1, sd1, mean2, sd2):
    """KL(N(mean1, sd1^2) || N(mean2, sd2^2)) = log(sd2 / sd1) + (sd1^2 + (mean1 - mean2)^2) / (2 sd2^2) - 1/2 (`kl`).

    >>> round(float(normal_kl(0, 1, 1, 2)), 6)
    0.443147
    """
    return log(sd2 / sd1) + (sd1**2 + (mean1 - mean2)**2) / (2 * sd2**2) - 0.5


class FDivergence(NamedTuple):
    """D_f(p || q) = sum q f(p / q), and its lower bound E_p[T] - E_q[conjugate(T)] for every critic T.

    conjugate: f*(t) = max over u of u t - f(u). critic: T = f'(u) of u = p / q, which attains the bound.
    Source: Nowozin et al. 2016, tables 1, 2 and 5.
    """

    f: Callable[[Any], Any]
    conjugate: Callable[[Any], Any]
    critic: Callable[[Any], Any]

    def __call__(self, p, q):
        """D_f(p || q), for p >= 0 and q > 0."""
        _meet("f-divergence", p, q)
        return sum(q * self.f(p / q))

    def bound(self, p, q, t):
        """E_p[T] - E_q[f*(T)] of a critic's values t, in the shape of p (`f-gan`): the critic ascends, G descends."""
        return sum(p * t) - sum(q * self.conjugate(t))


F_DIVERGENCES = {
    "kl": FDivergence(lambda u: _weighed(u, u, u**0), lambda t: exp(t - 1), lambda u: 1 + log(u)),
    "reverse-kl": FDivergence(lambda u: -log(u), lambda t: -1 - log(-t), lambda u: -1 / u),
    "pearson": FDivergence(lambda u: (u - 1)**2, lambda t: t**2 / 4 + t, lambda u: 2 * (u - 1)),
    "gan": FDivergence(lambda u: _weighed(u, u, u**0) - (u + 1) * log(u + 1), lambda t: -log(1 - exp(t)),
                       lambda u: log(u / (u + 1))),
}


def _weighed(w, p, q):
    """w log(p / q), or 0 where w is 0."""
    live = unwrap(w) != 0
    return where(live, w, 0.0) * log(where(live, p, 1.0) / where(live, q, 1.0))


def _meet(name, p, q):
    if np.shape(unwrap(p)) != np.shape(unwrap(q)):
        raise ValueError(f"{name}: p {np.shape(unwrap(p))} and q {np.shape(unwrap(q))} differ in shape")
