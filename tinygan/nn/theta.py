"""The vectors of a network: theta, of which each parameter's data is a view, and a copy of its buffers."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.ops.shape import concatenate


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
            if not _outdated(theta):
                return theta if end - first == theta.size else theta[first:end]
    return _gather(parameters)


def shared_parameter(network, other) -> tuple[str, str] | None:
    """The names in both networks of the first parameter that they share; None if they share none."""
    names = {p: name for name, p in other.named_parameters()}
    return next(((name, names[p]) for name, p in network.named_parameters() if p in names), None)


def check_current(name: str, theta) -> None:
    """ValueError where no network uses this vector as its theta any more."""
    if _outdated(theta):
        raise ValueError(f"{name}: this theta is outdated, no network uses it; write network.theta at each use")


def _outdated(theta) -> bool:
    """Whether a vector, or the longer one of which it is a part, is read-only."""
    return any(isinstance(a, np.ndarray) and not a.flags.writeable for a in (theta, getattr(theta, "base", None)))


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


def buffers_of(network):
    """The floating point buffers of a network, copied into one vector; None if it has none."""
    found = _floating(network)
    return concatenate([a.reshape(-1) for a in found]) if found else None


def load_buffers(network, values) -> None:
    """Copies a vector like that of `buffers_of`, a moving average, into the buffers; then calls `after_average` of the
    modules that have it."""
    start = 0
    for a in _floating(network):
        a[...] = values[start:start + a.size].reshape(a.shape)
        start += a.size
    for _, m in network.modules():
        if hasattr(m, "after_average"):
            m.after_average()


def _floating(network):
    found = [getattr(owner, attribute) for _, owner, attribute in network.named_buffers()]
    return [a for a in found if a.dtype.kind == "f"]
