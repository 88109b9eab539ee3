"""Games of two numbers: G is at theta, D at psi, and a field says which way each wants to go.

A field is a function (theta, psi) -> (v_theta, v_psi), of numbers, of arrays (many points at once) or of Tensors.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygan.ops.elementwise import abs, sigmoid
from tinygan.tensor import Tensor, grad, unwrap

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # E f(e), e ~ N(0, 1), is the weighed sum of f at the nodes


def bilinear(x, y):
    """min over x of max over y of x y (`bilinear`): x wants to go along -y, y along x; the equilibrium is (0, 0)."""
    return -y, x


# How the players pull at a logit a: D at that of a real example, D at that of a fake one, G at that of a fake one.
PULLS: dict[str, tuple[Callable, Callable, Callable]] = {
    "minimax": (lambda a: sigmoid(-a), lambda a: -sigmoid(a), sigmoid),
    "non-saturating": (lambda a: sigmoid(-a), lambda a: -sigmoid(a), lambda a: sigmoid(-a)),
    "two-sample": (lambda a: 1.0, lambda a: -1.0, lambda a: 1.0),
}


def dirac(objective="minimax", r1=0.0, noise=0.0, penalty=0.0, slope=1.0) -> Callable:
    """The field of the Dirac-GAN (`dirac`): all data are at 0, G puts all its examples at theta, D(x) = psi x.

    objective: a name in `PULLS`, whose players want what `OBJECTIVES` says. Weights and widths of remedies: r1 of the
    R1 penalty r1 / 2 psi^2; noise, the standard deviation of instance noise, added to real and fake examples; penalty
    of the gradient penalty penalty / 2 (|psi| - slope)^2.

    With f' = 1/2 and f'' = -1/4, the slopes of log sigmoid at 0, the eigenvalues at the equilibrium are +-i f'; with R1
    -r1 / 2 +- sqrt(r1^2 / 4 - f'^2); with noise f'' noise^2 +- sqrt(f''^2 noise^4 - f'^2). The critic of "two-sample"
    has f' = 1 and f'' = 0. Source: Mescheder et al. 2018, whose D has the other sign.
    """
    pull_real, pull_fake, pull_g = PULLS[objective]
    nodes = list(zip((noise * NODES).tolist(), WEIGHTS.tolist())) if noise else [(0.0, 1.0)]

    def field(theta, psi):
        v_theta = sum(w * psi * pull_g(psi * (theta + e)) for e, w in nodes)
        v_psi = sum(w * (e * pull_real(psi * e) + (theta + e) * pull_fake(psi * (theta + e))) for e, w in nodes)
        return v_theta, v_psi - r1 * psi - penalty * (abs(psi) - slope) * np.sign(unwrap(psi))
    return field


def consensus(field, weight) -> Callable:
    """The field v - weight grad(|v|^2 / 2): both players also want peace, |v| = 0 (Mescheder et al. 2017).

    With the Jacobian J of v, at an equilibrium the new one's Jacobian is J - weight J^T J.
    """
    def moved(theta, psi):
        bare = not isinstance(theta, Tensor)
        point = [Tensor(theta, requires_grad=True), Tensor(psi, requires_grad=True)] if bare else [theta, psi]
        v = field(*point)
        slopes = grad((v[0] * v[0] + v[1] * v[1]).sum() / 2, point, create_graph=True)
        v = [a - weight * s for a, s in zip(v, slopes)]
        return tuple(a.data for a in v) if bare else tuple(v)
    return moved
