"""The dynamics of two players in a field: updates, their paths, and the eigenvalues that predict convergence.

An update is a function (theta, psi) -> (theta, psi) that is made from a field (`tinygan.toys.fields`) and a rate h.

>>> from tinygan.toys.fields import dirac
>>> update = simultaneous(dirac(), 0.1)
>>> eigenvalues(dirac()).imag, abs(eigenvalues(update)).round(7)      # a centre; the steps diverge from it
(array([ 0.5, -0.5]), array([1.0012492, 1.0012492]))
>>> path = trajectory(update, (0.001, 0.0), 1000)
>>> round(float(np.linalg.norm(path[-1]) / np.linalg.norm(path[0])), 4)
3.4849
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygan.ops.elementwise import clip as clipped
from tinygan.tensor import Tensor, grad


def simultaneous(field, rate, clip=None) -> Callable:
    """An update that moves both players from the same point (`simultaneous`): w <- w + h v(w).

    If lambda is an eigenvalue of the field, 1 + h lambda is one of the update. clip: after the step psi is clipped to
    [-clip, clip], as in weight clipping.
    """
    def update(theta, psi):
        v_theta, v_psi = field(theta, psi)
        return theta + rate * v_theta, _within(psi + rate * v_psi, clip)
    return update


def alternating(field, rate, clip=None, k=1, first="d") -> Callable:
    """An update in which the players take turns (`alternating`): k steps of D and one of G; first: "d" or "g".

    At a centre with eigenvalues +-i f', those of the update are 1 - a^2 / 2 +- sqrt((1 - a^2 / 2)^2 - 1) with
    a = sqrt(k) h f': on the unit circle up to a = 2.
    """
    def move_d(theta, psi):
        for _ in range(k):
            psi = _within(psi + rate * field(theta, psi)[1], clip)
        return theta, psi

    def move_g(theta, psi):
        return theta + rate * field(theta, psi)[0], psi

    one, other = {"d": (move_d, move_g), "g": (move_g, move_d)}[first]
    return lambda theta, psi: other(*one(theta, psi))


def extragradient(field, rate) -> Callable:
    """An update with the field at the end of a trial step (`extragradient`): w <- w + h v(w + h v(w)).

    Its eigenvalues are 1 + h lambda + h^2 lambda^2. Source: Korpelevich 1976; Gidel et al. 2019.
    """
    look = simultaneous(field, rate)

    def update(theta, psi):
        v_theta, v_psi = field(*look(theta, psi))
        return theta + rate * v_theta, psi + rate * v_psi
    return update


def trajectory(update, start, steps) -> np.ndarray:
    """The path of (theta, psi) from `start`: (steps + 1, 2), or (steps + 1, 2, n) from n points at once."""
    path = np.empty((steps + 1, *np.shape(start)))
    path[0] = point = start
    for i in range(steps):
        path[i + 1] = point = update(*point)
    return path


def jacobian(function, point=(0.0, 0.0)) -> np.ndarray:
    """The Jacobian (2, 2) of a field or of an update at a point: row i holds the derivatives of component i."""
    inputs = [Tensor(float(x), requires_grad=True) for x in point]
    rows = [grad(y, inputs, allow_unused=True) for y in function(*inputs)]
    return np.array([[0.0 if s is None else s.item() for s in row] for row in rows])


def eigenvalues(function, point=(0.0, 0.0)) -> np.ndarray:
    """The eigenvalues of the Jacobian at an equilibrium.

    The equilibrium attracts if all real parts are negative (of a field), or if all moduli are below 1 (of an update).
    The angle of an update's eigenvalue is the angle by which a step rotates.
    """
    return np.linalg.eigvals(jacobian(function, point))


def _within(psi, bound):
    return psi if bound is None else clipped(psi, -bound, bound)
