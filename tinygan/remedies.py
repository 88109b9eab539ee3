"""What helps a game to converge, beside penalties and averages: noise on the examples, a look ahead."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.ops.reduce import everywhere
from tinygan.ranks import present
from tinygan.tensor import grad


def instance_noise(x, sigma, rng):
    """x + sigma N(0, I) (`instance-noise`; Sonderby et al. 2017): real and generated examples that overlap."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    return x + sigma * backend.like(noise.astype(x.dtype, copy=False), x.data)


def unrolled(player, value, steps, rate):
    """`player` as it would be after `steps` steps of theta <- theta + rate * grad value (`unrolled`).

    value: a function without arguments, the scalar that the player ascends (with a negative rate, descends), computed
    with it. Returned is a function like the player, which stays as it is. Derivatives go through the imagined theta to
    all that `value` depends on: so G sees how D would answer (Metz et al. 2017, eq. 3 to 5).
    """
    theta = player.parameters()
    for _ in range(steps):
        with player.at(theta):
            slopes = grad(present().weighed(value()), theta, create_graph=True, allow_unused=True)
        theta = [p if slope is None else p + rate * everywhere(slope) for p, slope in zip(theta, slopes)]

    def ahead(*inputs):
        with player.at(theta):
            return player(*inputs)
    return ahead
