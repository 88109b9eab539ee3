"""What helps a game to converge: penalties on D, a gradient of a gradient; noise on the examples; a look ahead.

Each is a function, and beside it the remedy that brings it into a game: `Game(remedies=[R1(1.0), InstanceNoise(0.1)])`.
A remedy is any object with one or more of these methods, which Algorithm 1 calls (`tinygan.game.step`):

    examples(game, x, left) -> x                              what D is shown in place of x, real or generated
    penalty(game, x, fake, condition, logits_real) -> scalar  what is added to D's loss
    after_move(game)                                          after each move of D
    opponent(game, x, fake, condition) -> function            what G plays against in place of D

left: the share of the game's steps that are to come, from 1 to 0. x, fake: what D was shown, Tensors. For `penalty` x
requires grad, unless the remedy has `differentiates_x = False`; for `opponent` fake has its past, so that derivatives
reach G. condition: a list of what both players are given beside. Whatever is drawn comes from `game.rng`, among ranks
from `game.group.drawing(game.rng)`.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

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
    """What the remedies below have in common: their numbers are at least 0."""

    def __post_init__(self):
        for f in fields(self):  # type: ignore[arg-type]
            if not getattr(self, f.name) >= 0:
                raise ValueError(f"{type(self).__name__}: {f.name} is {getattr(self, f.name)}, expected at least 0")


def r1(logits, x, weight=1.0):
    """weight / 2 * E_x[|grad_x D(x)|^2] on real examples (`r1`; Mescheder et al. 2018, eq. 9), to be added to D's loss.

    logits: D(x), shape (n, 1), computed from the Tensor x (n, ...), which has requires_grad=True. Each logit depends on
    its own example alone, so the gradient of their sum holds the gradient of each. (With batch normalisation in D that
    is nearly so: what is penalised then is the gradient of the sum. Where D is shown packs, an example is a pack.)
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


@dataclass
class GradientPenalty(Remedy):
    """The penalty of `gradient_penalty`."""

    weight: float = 10.0
    differentiates_x = False  # but D between x and fake

    def penalty(self, game, x, fake, condition, logits_real):
        return gradient_penalty(lambda between: game.discriminator(between, *condition), x, fake,
                                game.group.drawing(game.rng), self.weight)


@dataclass
class WeightClipping(Remedy):
    """D's weights stay within [-bound, bound], by `clip` after each of its moves."""

    bound: float = 0.01

    def after_move(self, game):
        clip(game.discriminator.theta, self.bound)


def instance_noise(x, sigma, rng):
    """x + sigma N(0, I) (`instance-noise`; Sonderby et al. 2017): real and generated examples that overlap."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    return x + sigma * backend.to_device_of(noise.astype(x.dtype, copy=False), x.data)


@dataclass
class InstanceNoise(Remedy):
    """The noise of `instance_noise` on all that D is shown; sigma falls in a straight line to 0 at the last step."""

    sigma: float = 0.1

    def examples(self, game, x, left):
        return instance_noise(x, self.sigma * left, game.group.drawing(game.rng))


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


@dataclass
class Unrolled(Remedy):
    """G plays against D as `steps` plain steps on the batch would leave it, by `unrolled`; without D's penalties."""

    steps: int = 5
    rate: float = 0.1

    def opponent(self, game, x, fake, condition):
        d, goal = game.discriminator, game.goals.discriminator
        rate = self.rate if goal.direction == "ascend" else -self.rate
        return unrolled(d, lambda: goal(d(x, *condition), d(fake, *condition)), self.steps, rate)


def by_name(r1=0.0, gp=0.0, clip=0.0, instance_noise=0.0, unroll=0, unroll_rate=0.1) -> list[Any]:
    """The remedies with these numbers, each left out at 0: as `tinygan train --set r1=1 unroll=5` names them."""
    kinds: list[tuple[Callable, tuple]] = [(R1, (r1,)), (GradientPenalty, (gp,)), (WeightClipping, (clip,)),
                                           (InstanceNoise, (instance_noise,)), (Unrolled, (unroll, unroll_rate))]
    return [kind(*numbers) for kind, numbers in kinds if numbers[0] != 0]
