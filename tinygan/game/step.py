"""One step of the game: Algorithm 1 of Goodfellow et al. (2014)."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.game.game import Game, parts
from tinygan.nn.module import Module, input_of, theta_of
from tinygan.tensor import Tensor, grad
from tinygan.updates import STEPS, linear_decay, vector


def step(game: Game, steps: int, now: tuple | None = None) -> tuple:
    """One step of Algorithm 1 (`d-ascent`, `g-minimax`, `g-non-saturating`), in a game that ends at `steps`.

    now: what `scheduled` gives, unless it is given. Returns what is recorded of a step: D's value, its logits of real
    and of fake, its gradient; G's value and gradient.
    """
    rate_d, rate_g, left = now or scheduled(game, steps)
    if game.simultaneous:  # D's gradient does not depend on G's weights once the fakes are made, so G may move first
        shown = show(game, left)
        played_g = generator_step(game, rate_g, shown)
        return *discriminator_step(game, rate_d, shown), *played_g
    for _ in range(game.k):
        shown = show(game, left)
        played_d = discriminator_step(game, rate_d, shown)
    return *played_d, *generator_step(game, rate_g, shown)  # the last fakes serve G too; Goodfellow draws new noise


class Shown(NamedTuple):
    """What D is shown: real examples x, examples that G made, and a list of what both players are given beside."""

    x: Tensor
    fake: Tensor
    condition: list[Tensor]


def show(game: Game, left: float = 1.0) -> Shown:
    """Draws a batch of examples and lets G make one of fakes."""
    x, *condition = batch(game, game.data, game.discriminator)
    fake = fakes(game, condition)
    x, fake = with_noise(game, x, left), with_noise(game, fake, left)
    if any(getattr(remedy, "differentiates_x", hasattr(remedy, "penalty")) for remedy in game.remedies):
        x = Tensor(x, requires_grad=True)
    return Shown(x, fake, condition)


def fakes(game: Game, condition=()) -> Tensor:
    """Draws a batch of latents; what G makes of them, under a condition if there is one."""
    return game.generator(*batch(game, game.noise, game.generator), *condition)


def discriminator_step(game: Game, rate: float | None = None, shown: Shown | None = None) -> tuple:
    """D's move on a batch, by default a new one: up or down its function, and down the penalties.

    Returns D's value before the move, its logits of real and of fake, its gradient.
    """
    x, fake, condition = shown or show(game)
    weights, goal = game.discriminator.parameters(), game.goals.discriminator
    logits_real, logits_fake = logits(game, x, fake.detach(), condition)
    value = goal(logits_real, logits_fake)
    slope = gradient(game, with_penalties(game, value, x, fake.detach(), condition, logits_real), weights)
    move(weights, goal, game.optimiser_d(slope), game.rate_d if rate is None else rate)
    for after_move in hooks(game, "after_move"):
        after_move(game)
    return value, logits_real, logits_fake, slope


def generator_step(game: Game, rate: float | None = None, shown: Shown | None = None) -> tuple:
    """G's move on the fakes of a batch, by default a new one: up or down its function. D stays as it is.

    Only G's gradient is formed, none for D's own weights. Returns G's value before the move and its gradient.
    """
    x, fake, condition = shown or show(game)
    weights, goal = game.generator.parameters(), game.goals.generator
    opponent: Any = game.discriminator
    for other in hooks(game, "opponent"):
        opponent = other(game, x, fake, condition)
    value = goal(opponent(fake, *condition))
    slope = gradient(game, value, weights)
    theta = move(weights, goal, game.optimiser_g(slope), game.rate_g if rate is None else rate)
    if game.average is not None:
        game.average(theta)
    return value, slope


@accelerated
def logits(game, x, fake, condition):
    """D's outputs for real and for generated examples: the logits of a probability, or a critic's numbers."""
    d = game.discriminator
    return d(x, *condition), d(fake, *condition)


def move(weights, goal, direction, rate):
    """theta <- theta + rate * direction for one who ascends, theta - rate * direction for one who descends; theta."""
    theta = theta_of(weights)
    STEPS[goal.direction](theta, direction, rate)
    return theta


def batch(game: Game, source, player: Module) -> list[Tensor]:
    """What `source` draws for a batch, as the player takes it."""
    return [input_of(player, game.group.shard(a)) for a in parts(source(game.batch, game.rng))]


def gradient(game, value, weights):
    """The gradient as one vector; 0 for weights that take no part, which a schedule may leave for later (growing).

    A mean over the batch is a sum over ranks, so its gradient is too: this all-reduce is all that they tell each other,
    but for statistics of the batch (`gradient-average`).
    """
    slopes = grad(game.group.weighted_share(value), weights, allow_unused=game.schedule is not None)
    return game.group.sum(vector([np.zeros_like(w.data) if s is None else s for w, s in zip(weights, slopes)]))


def with_noise(game, x, left):
    """What D sees of examples x, real or generated: with instance noise, if there is any."""
    for examples in hooks(game, "examples"):
        x = examples(game, x, left)
    return x


def with_penalties(game, value, *shown):
    """D's value with the penalties subtracted, or added if D descends it."""
    for penalty in hooks(game, "penalty"):
        worse = penalty(game, *shown)
        value = value - worse if game.goals.discriminator.direction == "ascend" else value + worse
    return value


def hooks(game, name):
    """The methods of this name that the game's remedies have, in their order."""
    return [getattr(remedy, name) for remedy in game.remedies if hasattr(remedy, name)]


def scheduled(game, steps) -> tuple[float, float, float]:
    """The rates of D and G at this step, and the share of the game that is left: instance noise falls with it."""
    left = linear_decay(1.0, game.step, steps)
    rates = game.rate_d, game.rate_g
    rate_d, rate_g = [linear_decay(rate, game.step, steps) for rate in rates] if game.decay else rates
    return rate_d, rate_g, left
