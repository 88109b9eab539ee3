"""Remedies that help a game to converge: penalties on D, noise on the examples, bounded weights, a look ahead.

Each is a function and, after it, an object that brings it into a game: `Game(remedies=[R1(1.0), InstanceNoise(0.1)])`.
A remedy is any object with one or more of these methods, which Algorithm 1 calls (`tinygan.game.step`):

    examples(game, x, remaining) -> x                         the input of D in place of x, real or generated examples
    penalty(game, x, fake, condition, logits_real) -> scalar  a term that is added to D's loss
    after_move(game)                                          called after each move of D
    opponent(game, x, fake, condition) -> function            the function that G's move uses in place of D

remaining: the share of the game's steps that are still to come, from 1 to 0. x, fake: the inputs of D, Tensors.
condition: a list of the further inputs of both players. In `penalty`, x requires grad, unless the remedy has
`differentiates_x = False`. In `opponent`, fake is not detached, so that derivatives reach G. Random numbers come from
`game.rng`; with several processes, from `game.group.drawing(game.rng)`.
"""
from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tinygan import backend
from tinygan.distributed.group import current_group
from tinygan.ops.elementwise import sqrt
from tinygan.ops.normalise import all_reduce
from tinygan.ops.reduce import mean, sum
from tinygan.tensor import Tensor, grad
from tinygan.updates import clip

HOOKS = ("examples", "penalty", "after_move", "opponent")


class Remedy:
    """A base class that checks the numbers of a remedy: each is at least 0."""

    def __post_init__(self):
        for f in fields(self):  # type: ignore[arg-type]
            if not getattr(self, f.name) >= 0:
                raise ValueError(f"{type(self).__name__}: {f.name} is {getattr(self, f.name)}, expected at least 0")


def r1(logits, x, weight=1.0):
    """weight / 2 * E_x[|grad_x D(x)|^2] on real examples (`r1`; Mescheder et al. 2018, eq. 9), to be added to D's loss.

    logits: D(x), shape (n, 1), computed from the Tensor x (n, ...), which has requires_grad=True. Each logit depends
    only on its own example, so the gradient of the sum contains the gradient of each logit. (With batch normalisation
    in D this is only nearly true: the gradient of the sum is penalised. If D takes packs, an example is a pack.)
    """
    [slope] = grad(sum(logits), [x], create_graph=True)
    return (weight / 2 / len(logits)) * sum(slope * slope)


@dataclass
class R1(Remedy):
    """The penalty of `r1`."""

    weight: float = 1.0

    def penalty(self, game, x, fake, condition, logits_real):
        return r1(logits_real, x, self.weight)


def gradient_penalty(discriminator, real, fake, rng, weight=10.0):
    """weight * E[(|grad_x D(x)| - 1)^2] at points x between real and generated examples (`gradient-penalty`).

    x = alpha real + (1 - alpha) fake, one alpha ~ U(0, 1) for each pair (Gulrajani et al. 2017, eq. 3); to be added to
    D's loss. discriminator: a function x -> D(x). real, fake: Tensors (n, ...). The penalty keeps D's slope near 1, so
    that `two_sample` is near the Wasserstein distance. `r1` explains how the slopes are computed.
    """
    if real.shape != fake.shape:
        raise ValueError(f"gradient_penalty: real {real.shape} and fake {fake.shape} differ in shape")
    alpha = rng.random((len(real), *[1] * (real.ndim - 1))).astype(real.dtype)
    x = fake + backend.to_device_of(alpha, real.data) * (real - fake)
    x = x if x.requires_grad else Tensor(x, requires_grad=True)
    logits = discriminator(x)
    [slope] = grad(sum(logits), [x], create_graph=True)
    norm = sqrt(sum((slope * slope).reshape((len(logits), -1)), axis=1) + 1e-12)  # its slope at 0 is 0, not NaN
    return weight * mean((norm - 1) ** 2)


@dataclass
class GradientPenalty(Remedy):
    """The penalty of `gradient_penalty`."""

    weight: float = 10.0
    differentiates_x = False  # it differentiates D at points between x and fake

    def penalty(self, game, x, fake, condition, logits_real):
        return gradient_penalty(lambda between: game.discriminator(between, *condition), x, fake,
                                game.group.drawing(game.rng), self.weight)


@dataclass
class WeightClipping(Remedy):
    """Keeps D's weights within [-bound, bound]: `clip` after each of D's moves."""

    bound: float = 0.01

    def after_move(self, game):
        clip(game.discriminator.theta, self.bound)


def instance_noise(x, sigma, rng):
    """x + sigma N(0, I) (`instance-noise`; Sonderby et al. 2017): with noise, real and generated examples overlap."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    return x + sigma * backend.to_device_of(noise.astype(x.dtype, copy=False), x.data)


@dataclass
class InstanceNoise(Remedy):
    """Adds `instance_noise` to all inputs of D; sigma falls linearly to 0 at the last step."""

    sigma: float = 0.1

    def examples(self, game, x, remaining):
        return instance_noise(x, self.sigma * remaining, game.group.drawing(game.rng))


def unrolled(player, value, steps, rate):
    """The player after `steps` imagined steps theta <- theta + rate * grad value (`unrolled`), as a function.

    value: a function without arguments that computes, with the player, the scalar that the player ascends (descends, if
    rate is negative). The player itself does not change. Derivatives go through the imagined theta to everything that
    `value` depends on, so G takes D's reaction into account (Metz et al. 2017, eq. 3 to 5).
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


@dataclass
class Unrolled(Remedy):
    """G's move uses D after `steps` imagined plain steps on the batch, by `unrolled`, without penalties."""

    steps: int = 5
    rate: float = 0.1

    def opponent(self, game, x, fake, condition):
        d, goal = game.discriminator, game.goals.discriminator
        rate = self.rate if goal.direction == "ascend" else -self.rate
        return unrolled(d, lambda: goal(d(x, *condition), d(fake, *condition)), self.steps, rate)
