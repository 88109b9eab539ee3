"""Initial values of weights: functions of (rng, shape, fan_in, fan_out) that draw float32 arrays on the host."""
from __future__ import annotations

import numpy as np


def generator(rng) -> np.random.Generator:
    """The random generator of a layer: `rng` itself, or a new one if `rng` is a seed (an integer)."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(f"rng: got {rng!r:.60}, expected a numpy.random.Generator or a seed; "
                    "write rng=np.random.default_rng(0), or rng=0")


def he(rng, shape, fan_in, fan_out, slope=0.0):
    """Normal with variance 2 / ((1 + slope^2) fan_in): keeps the scale of signals through (leaky) ReLUs (`he`).

    Source: He et al. 2015.
    """
    return _normal(rng, shape, np.sqrt(2 / ((1 + slope**2) * fan_in)))


def glorot(rng, shape, fan_in, fan_out):
    """Uniform with variance 2 / (fan_in + fan_out): for tanh and linear layers (Glorot & Bengio 2010)."""
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def uniform(rng, shape, fan_in, fan_out):
    """Uniform in +-1 / sqrt(fan_in), the default of PyTorch."""
    limit = 1 / np.sqrt(fan_in)
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def normal(sd=0.02):
    """Normal with standard deviation `sd` for layers of any size; 0.02 as in DCGAN (Radford et al. 2016)."""
    return lambda rng, shape, fan_in, fan_out: _normal(rng, shape, sd)


def _normal(rng, shape, sd):
    return (sd * rng.standard_normal(shape)).astype(np.float32)
