"""What helps a game to converge, beside penalties and averages: noise on the examples, a look ahead."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.tensor import grad


def instance_noise(x, sigma, rng):
    """x + sigma N(0, I) (`instance-noise`; Sonderby et al. 2017): real and generated examples that overlap."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    return x + sigma * backend.like(noise.astype(x.dtype, copy=False), x.data)


def unrolled(player, value, steps, rate):
    """`player` as it would be after `steps` steps of theta <- theta + rate * grad value (`unrolled`).

    value: a function without arguments, the scalar that the player ascends (descends, with a negative rate), computed
    with it. A function like the player comes back, and the player stays as it is. The imagined theta depends on all
    that `value` depends on, and derivatives go through it: so a generator sees how the discriminator would answer
    (Metz et al. 2017, eq. 3 to 5).
    """
    theta = player.parameters()
    for _ in range(steps):
        with player.at(theta):
            slopes = grad(value(), theta, create_graph=True, allow_unused=True)
        theta = [p if slope is None else p + rate * slope for p, slope in zip(theta, slopes)]

    def ahead(*inputs):
        with player.at(theta):
            return player(*inputs)
    return ahead
