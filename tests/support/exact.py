"""Expectations without random numbers: points or grids that stand for a distribution, the best D between two."""
import functools
from statistics import NormalDist

import numpy as np

import tinygan as tg
from tinygan.divergences import normal

GRID = np.linspace(-12, 16, 28_001)  # beyond it the densities of these tests are below 1e-30
MU = 1.0  # of the pair N(0, 1), N(MU, 1) in T8 to T10


@functools.cache
def points(n=20_000, mean=0.0, sd=1.0):
    """The n quantiles of N(mean, sd^2) at (i + 1/2) / n, (n, 1): a batch whose means are nearly expectations."""
    law = NormalDist(mean, sd)
    return np.array([[law.inv_cdf((i + 0.5) / n)] for i in range(n)])


def pair(mu):
    """N(0, 1) and N(mu, 1) on the grid."""
    return normal(GRID), normal(GRID, mu)


def best_logit(x, mu):
    """log p_d - log p_g of N(0, 1) against N(mu, 1): the logit of D*, for arrays and Tensors."""
    return mu * mu / 2 - mu * x


def slope(f, at):
    """f'(at) of a function of one number, by `tg.grad`."""
    theta = tg.Tensor(float(at), requires_grad=True)
    return tg.grad(f(theta), [theta])[0].item()
