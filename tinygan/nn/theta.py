"""The vector theta: the parameters of a network as one array, of which each parameter's data is a view."""
from __future__ import annotations

import numpy as np

from tinygan import backend


def theta_of(parameters: list):
    """The theta of a network with these parameters."""
    if not parameters:
        return np.zeros(0, np.float32)
    if parameters[0].home is not None:
        theta, first, _ = parameters[0].home
        end = first
        for p in parameters:
            if p.home is None or p.home[0] is not theta or p.home[1] != end or p.data is not p.home[2]:
                break
            end += p.size
        else:
            if not is_outdated(theta):
                return theta if end - first == theta.size else theta[first:end]
    return _gather(parameters)


def is_outdated(theta) -> bool:
    """Whether the vector is no longer the theta of a network. NumPy's arrays know it: they are then read-only."""
    return isinstance(theta, np.ndarray) and not theta.flags.writeable


def _gather(parameters):
    """Copies the parameters into one new vector and makes each a view of it.

    A vector that they leave becomes read-only, so that nobody writes to weights that no network uses any more.
    """
    first = parameters[0].data
    for p in parameters:
        if p.dtype != first.dtype:
            raise TypeError(f"theta: parameters of {first.dtype} and {p.dtype} meet; use astype")
    theta = np.concatenate([p.data.reshape(-1) for p in parameters])
    start = 0
    for p in parameters:
        view = theta[start:start + p.size].reshape(p.shape)
        backend.carry_changes(p.data, view)
        for left in (p.home[0], p.home[2]) if p.home else ():
            if isinstance(left, np.ndarray):
                left.flags.writeable = False
        p.data, p.home = view, (theta, start, view)
        start += p.size
    return theta
