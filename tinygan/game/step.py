"""One step of the game: Algorithm 1 of Goodfellow et al. (2014). Lecture 6 explains each line."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.game.game import Game, parts
from tinygan.nn.inputs import input_of
from tinygan.nn.module import Module
from tinygan.nn.theta import theta_of
from tinygan.tensor import Tensor, grad
from tinygan.updates import STEPS, linear_decay, vector


def step(game: Game, steps: int, now: tuple | None = None) -> tuple:
    """One step of Algorithm 1 (`d-ascent`, `g-minimax`, `g-non-saturating`): k moves of D, then one move of G.

    steps: the length of the game. now: the rates of D and G and the remaining share of the game; by default `scheduled`
    gives them. Returns D's value, its logits of real and of fake examples, its gradient; G's value and gradient.
    """
    rate_d, rate_g, remaining = now or scheduled(game, steps)
    if game.simultaneous:  # D's gradient does not depend on G's weights once the fakes are made, so G may move first
        batch = draw_batch(game, remaining)
        results_g = generator_step(game, rate_g, batch)
        return *discriminator_step(game, rate_d, batch), *results_g
    for _ in range(game.k):
        batch = draw_batch(game, remaining)
        results_d = discriminator_step(game, rate_d, batch)
    return *results_d, *generator_step(game, rate_g, batch)  # G uses the last fakes; Goodfellow draws new noise


def discriminator_step(game: Game, rate: float | None = None, batch: Batch | None = None) -> tuple:
    """D's move on a batch, by default a new one: up or down its objective, and down the penalties.

    Returns D's value before the move, its logits of real and of fake examples, its gradient.
    """
    x, fake, condition = batch or draw_batch(game)
    weights, objective = game.discriminator.parameters(), game.goals.discriminator
    fake = fake.detach()  # while D moves, the fakes are data
    logits_real, logits_fake = logits(game, x, fake, condition)
    value = objective(logits_real, logits_fake)
    slope = gradient(game, with_penalties(game, value, x, fake, condition, logits_real), weights)
    move(weights, objective, game.optimiser_d(slope), game.rate_d if rate is None else rate)
    for after_move in hooks(game, "after_move"):
        after_move(game)
    return value, logits_real, logits_fake, slope


def generator_step(game: Game, rate: float | None = None, batch: Batch | None = None) -> tuple:
    """G's move on the fakes of a batch, by default a new one: up or down its objective. D is fixed.

    The gradient flows through D, but not into D's weights. Returns G's value before the move and its gradient.
    """
    x, fake, condition = batch or draw_batch(game)
    weights, objective = game.generator.parameters(), game.goals.generator
    d: Any = game.discriminator
    for opponent in hooks(game, "opponent"):
        d = opponent(game, x, fake, condition)
    value = objective(d(fake, *condition))
    slope = gradient(game, value, weights)
    theta = move(weights, objective, game.optimiser_g(slope), game.rate_g if rate is None else rate)
    if game.average is not None:
        game.average(theta, game.generator)
    return value, slope


class Batch(NamedTuple):
    """Real examples x, examples that G made, and the condition: a list of further inputs of both players."""

    x: Tensor
    fake: Tensor
    condition: list[Tensor]


def draw_batch(game: Game, remaining: float = 1.0) -> Batch:
    """Draws a batch of real examples and of fakes, both with the game's instance noise."""
    x, *condition = draw(game, game.data, game.discriminator)
    fake = draw_fakes(game, condition)
    x, fake = with_noise(game, x, remaining), with_noise(game, fake, remaining)
    if any(getattr(remedy, "differentiates_x", hasattr(remedy, "penalty")) for remedy in game.remedies):
        x = Tensor(x, requires_grad=True)
    return Batch(x, fake, condition)


def draw_fakes(game: Game, condition=()) -> Tensor:
    """Draws latents z and returns G(z), or G(z, c) under a condition c."""
    return game.generator(*draw(game, game.noise, game.generator), *condition)


def draw(game: Game, source, player: Module) -> list[Tensor]:
    """Draws a batch from `source`, as inputs of the player; of several processes, each takes its slice."""
    return [input_of(player, game.group.shard(a)) for a in parts(source(game.batch, game.rng))]


@accelerated
def logits(game, x, fake, condition):
    """D's outputs for real and for generated examples: the logits of a probability, or a critic's numbers."""
    d = game.discriminator
    return d(x, *condition), d(fake, *condition)


def gradient(game, value, weights):
    """The gradient as one vector, summed over all processes (`gradient-average`).

    A mean over the batch is a sum over processes, and so is its gradient. The gradient is 0 for weights that `value`
    does not depend on; only a schedule may leave weights out (progressive growing).
    """
    slopes = grad(game.group.weighted_share(value), weights, allow_unused=game.schedule is not None)
    return game.group.sum(vector([np.zeros_like(w.data) if s is None else s for w, s in zip(weights, slopes)]))


def move(weights, objective, direction, rate):
    """theta <- theta + rate * direction if the player ascends, theta - rate * direction if it descends; gives theta."""
    theta = theta_of(weights)
    STEPS[objective.direction](theta, direction, rate)
    return theta


def with_noise(game, x, remaining):
    """Real or generated examples with instance noise, if the game has any."""
    for examples in hooks(game, "examples"):
        x = examples(game, x, remaining)
    return x


def with_penalties(game, value, *batch):
    """D's objective with the penalties subtracted (added, if D descends)."""
    for penalty in hooks(game, "penalty"):
        term = penalty(game, *batch)
        value = value - term if game.goals.discriminator.direction == "ascend" else value + term
    return value


def hooks(game, name):
    """The methods of this name of the game's remedies, in their order."""
    return [getattr(remedy, name) for remedy in game.remedies if hasattr(remedy, name)]


def scheduled(game, steps) -> tuple[float, float, float]:
    """The rates of D and G at this step, and the remaining share of the game, from 1 to 0."""
    remaining = linear_decay(1.0, game.step, steps)
    rates = game.rate_d, game.rate_g
    rate_d, rate_g = [linear_decay(rate, game.step, steps) for rate in rates] if game.decay else rates
    return rate_d, rate_g, remaining
