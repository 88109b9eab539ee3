"""Games of two numbers, theta of G and psi of D, as vector fields: the direction in which each player moves.

A field is a function (theta, psi) -> (v_theta, v_psi), of numbers, of arrays (many points at once) or of Tensors.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygan.objectives import OBJECTIVES
from tinygan.ops.elementwise import abs
from tinygan.tensor import Tensor, grad, unwrap

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # E f(e), e ~ N(0, 1), is the weighted sum of f at the nodes


def bilinear(x, y):
    """min over x of max over y of x y (`bilinear`): x moves along -y, y moves along x; the equilibrium is (0, 0)."""
    return -y, x


def pull(goal, *logits) -> tuple:
    """The player's force on each logit: the slope of the logit's own term of the mean, times -1 if the player descends.

    goal: a `Goal` whose function is a mean over the batch. All or none of the logits are Tensors.
    """
    sign = 1 if goal.direction == "ascend" else -1
    return tuple([sign * a.size * slope for a, slope in zip(logits, _slopes(goal, logits))])


def _slopes(goal, logits):
    if goal.gradient:
        slopes = goal.gradient(*logits)
        return slopes if isinstance(slopes, tuple) else (slopes,)
    if isinstance(logits[0], Tensor):
        return grad(goal(*logits), logits, create_graph=True)
    leaves = [Tensor(a, requires_grad=True) for a in logits]
    return [slope.data for slope in grad(goal(*leaves), leaves)]


def dirac(objective="minimax", r1=0.0, noise=0.0, penalty=0.0, slope=1.0) -> Callable:
    """The field of the Dirac-GAN (`dirac`): all data are at 0, all fakes are at theta, and D(x) = psi x.

    objective: a name in `OBJECTIVES`, or an `Objective`. r1: the weight of the R1 penalty r1 / 2 psi^2. noise: the
    standard deviation of instance noise on real and fake examples (by quadrature, for smooth functions). penalty: the
    weight of the gradient penalty penalty / 2 (|psi| - slope)^2.

    With f' = 1/2 and f'' = -1/4, the slopes of log sigmoid at 0, the eigenvalues at the equilibrium are +-i f'; with R1
    -r1 / 2 +- sqrt(r1^2 / 4 - f'^2); with noise f'' noise^2 +- sqrt(f''^2 noise^4 - f'^2). The critic of "two-sample"
    has f' = 1 and f'' = 0. Source: Mescheder et al. 2018, whose D has the other sign.
    """
    objective = OBJECTIVES[objective] if isinstance(objective, str) else objective
    nodes, weights = (noise * NODES, WEIGHTS) if noise else (np.zeros(1), np.ones(1))

    def field(theta, psi):
        column = -1, *[1] * np.ndim(unwrap(theta * psi))
        e, w = nodes.reshape(column), weights.reshape(column)
        x, g_z = 0 * theta + e, theta + e
        pull_real, pull_fake = pull(objective.discriminator, psi * x, psi * g_z)
        [pull_g] = pull(objective.generator, psi * g_z)
        v_theta, v_psi = (w * psi * pull_g).sum(0), (w * (x * pull_real + g_z * pull_fake)).sum(0)
        return v_theta, v_psi - r1 * psi - penalty * (abs(psi) - slope) * np.sign(unwrap(psi))
    return field


def consensus(field, weight) -> Callable:
    """The field v - weight grad(|v|^2 / 2): both players also minimise |v|^2 (Mescheder et al. 2017).

    If J is the Jacobian of v at an equilibrium, that of the new field is J - weight J^T J.
    """
    def moved(theta, psi):
        bare = not isinstance(theta, Tensor)
        point = [Tensor(theta, requires_grad=True), Tensor(psi, requires_grad=True)] if bare else [theta, psi]
        v = field(*point)
        slopes = grad((v[0] * v[0] + v[1] * v[1]).sum() / 2, point, create_graph=True)
        v = [a - weight * s for a, s in zip(v, slopes)]
        return tuple(a.data for a in v) if bare else tuple(v)
    return moved
