"""Initial values: functions of (rng, shape, fan_in, fan_out) that give float32 arrays, drawn on the host."""
from __future__ import annotations

import numpy as np


def generator(rng) -> np.random.Generator:
    """What a layer draws from: `rng` itself, or for a seed, a whole number, a new generator."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(f"rng: got {rng!r:.60}, expected a numpy.random.Generator or a seed; "
                    "write rng=np.random.default_rng(0), or rng=0")


def he(rng, shape, fan_in, fan_out, slope=0.0):
    """Normal with variance 2 / ((1 + slope^2) fan_in): keeps a signal through (leaky) ReLUs (`he`; He et al. 2015)."""
    return _normal(rng, shape, np.sqrt(2 / ((1 + slope**2) * fan_in)))


def glorot(rng, shape, fan_in, fan_out):
    """Uniform with variance 2 / (fan_in + fan_out): for tanh and linear layers (Glorot & Bengio 2010)."""
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def uniform(rng, shape, fan_in, fan_out):
    """Uniform within 1 / sqrt(fan_in), what PyTorch draws by default."""
    limit = 1 / np.sqrt(fan_in)
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def normal(sd=0.02):
    """N(0, sd), whatever the layer's size: N(0, .02) is DCGAN's (Radford et al. 2016)."""
    return lambda rng, shape, fan_in, fan_out: _normal(rng, shape, sd)


def _normal(rng, shape, sd):
    return (sd * rng.standard_normal(shape)).astype(np.float32)
