"""What helps a game to converge: penalties on D, a gradient of a gradient; noise on the examples; a look ahead."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.distributed.group import current_group
from tinygan.ops.elementwise import sqrt
from tinygan.ops.normalise import all_reduce
from tinygan.ops.reduce import mean, sum
from tinygan.tensor import Tensor, grad


def r1(logits, x, weight=1.0):
    """weight / 2 * E_x[|grad_x D(x)|^2] on real examples (`r1`; Mescheder et al. 2018, eq. 9), to be added to D's loss.

    logits: D(x), shape (n, 1), computed from the Tensor x (n, ...), which has requires_grad=True. Each logit depends on
    its own example alone, so the gradient of their sum holds the gradient of each. (With batch normalisation in D that
    is nearly so: what is penalised then is the gradient of the sum. Where D is shown packs, an example is a pack.)
    """
    [slope] = grad(sum(logits), [x], create_graph=True)
    return (weight / 2 / len(logits)) * sum(slope * slope)


def gradient_penalty(discriminator, real, fake, rng, weight=10.0):
    """weight * E[(|grad_x D(x)| - 1)^2] at points x between real and generated examples (`gradient-penalty`).

    x = alpha real + (1 - alpha) fake, one alpha ~ U(0, 1) for each pair (Gulrajani et al. 2017, eq. 3); to be added to
    D's loss. discriminator: a function x -> D(x). real, fake: Tensors (n, ...). It holds D's slope near 1, and so keeps
    a critic near the functions over which `two_sample` is the Wasserstein distance. See `r1` for what a slope is.
    """
    if real.shape != fake.shape:
        raise ValueError(f"gradient_penalty: real {real.shape} and fake {fake.shape} differ in shape")
    alpha = rng.random((len(real), *[1] * (real.ndim - 1))).astype(real.dtype)
    x = fake + backend.to_device_of(alpha, real.data) * (real - fake)
    x = x if x.requires_grad else Tensor(x, requires_grad=True)
    logits = discriminator(x)
    [slope] = grad(sum(logits), [x], create_graph=True)
    norm = sqrt(sum((slope * slope).reshape((len(logits), -1)), axis=1) + 1e-12)  # at 0 it has a slope: 0
    return weight * mean((norm - 1) ** 2)


def instance_noise(x, sigma, rng):
    """x + sigma N(0, I) (`instance-noise`; Sonderby et al. 2017): real and generated examples that overlap."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    return x + sigma * backend.to_device_of(noise.astype(x.dtype, copy=False), x.data)


def unrolled(player, value, steps, rate):
    """`player` as it would be after `steps` steps of theta <- theta + rate * grad value (`unrolled`).

    value: a function without arguments, the scalar that the player ascends (with a negative rate, descends), computed
    with it. Returned is a function like the player, which stays as it is. Derivatives go through the imagined theta to
    all that `value` depends on: so G sees how D would answer (Metz et al. 2017, eq. 3 to 5).
    """
    theta = player.parameters()
    for _ in range(steps):
        with player.with_parameters(theta):
            slopes = grad(current_group().weighted_share(value()), theta, create_graph=True, allow_unused=True)
        theta = [p if slope is None else p + rate * all_reduce(slope) for p, slope in zip(theta, slopes)]

    def ahead(*inputs):
        with player.with_parameters(theta):
            return player(*inputs)
    return ahead
