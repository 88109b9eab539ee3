"""One step of the game: Algorithm 1 of Goodfellow et al. (2014)."""
from __future__ import annotations

import numpy as np

from tinygan import backend, nn, penalties
from tinygan.game.game import Game, parts
from tinygan.nn.module import theta_of
from tinygan.objectives import OBJECTIVES
from tinygan.ops.shape import concatenate
from tinygan.tensor import Tensor, grad
from tinygan.updates import STEPS, clip, linear_decay, vector

DENSE = {nn.Sequential, nn.Dense, nn.ReLU, nn.LeakyReLU}  # layers that look at each example alone


def step(game: Game, steps: int, falling: tuple | None = None) -> tuple:
    """One step of Algorithm 1 (`d-ascent`, `g-minimax`, `g-non-saturating`), in a game that ends at `steps`.

    falling: what `scheduled` gives, unless it is given. Returns what is recorded of a step: D's value, its logits
    of real and of fake, its gradient; G's value and gradient.
    """
    goal_d, goal_g = OBJECTIVES[game.objective]
    move_d, move_g = _clipped(STEPS[goal_d.direction], game.clip), STEPS[goal_g.direction]
    direction_d, direction_g = game.optimisers
    rate_d, rate_g, sigma = falling or scheduled(game, steps)
    g, d = game.generator, game.discriminator
    weights_d, weights_g = d.parameters(), g.parameters()
    theta_d, theta_g = theta_of(weights_d), theta_of(weights_g)
    for _ in range(game.k):
        x, *condition = _draw(game, game.data, theta_d, requires_grad=game.r1 > 0)
        fake = g(*_draw(game, game.noise, theta_g), *condition)
        x, fake = _blurred(game, x, sigma), _blurred(game, fake, sigma)
        d_real, d_fake = _judged(game, x, fake.detach(), condition)
        d_value = goal_d(d_real, d_fake)
        d_gradient = _gradient(game, _penalised(game, d_value, d_real, x, fake.detach(), condition), weights_d)
        if not game.simultaneous:
            move_d(theta_d, direction_d(d_gradient), rate_d)

    # The last fakes serve G too: G has not moved. Only G's gradient is formed, none for D's own weights.
    opponent = _unrolled(game, x, fake, condition) if game.unroll else d
    g_value = goal_g(opponent(fake, *condition))
    g_gradient = _gradient(game, g_value, weights_g)
    if game.simultaneous:
        move_d(theta_d, direction_d(d_gradient), rate_d)
    move_g(theta_g, direction_g(g_gradient), rate_g)
    if game.average is not None:
        game.average(theta_g)
    return d_value, d_real, d_fake, d_gradient, g_value, g_gradient


def _draw(game, source, theta, requires_grad=False) -> list[Tensor]:
    """A batch from `source` on the device of theta and, whole numbers apart, in its dtype; the first differentiable."""
    arrays = [a if a.dtype.kind in "iu" else a.astype(theta.dtype, copy=False)
              for a in map(game.group.shard, parts(source(game.batch, game.rng)))]
    return [Tensor(backend.to_device_of(a, theta), requires_grad and i == 0) for i, a in enumerate(arrays)]


def _gradient(game, value, weights):
    """The gradient as one vector; 0 for weights that take no part, which a schedule may leave for later (growing).

    A mean over the batch is a sum over ranks, so its gradient is too: this all-reduce is all that they tell each other,
    but for statistics of the batch (`gradient-average`).
    """
    gradient = grad(game.group.weighted_share(value), weights, allow_unused=game.schedule is not None)
    return game.group.sum(vector([np.zeros_like(w.data) if g is None else g for w, g in zip(weights, gradient)]))


def _blurred(game, x, sigma):
    """What D sees of examples x: with instance noise, if there is any."""
    return penalties.instance_noise(x, sigma, game.group.drawing(game.rng)) if game.instance_noise else x


def _judged(game, x, fake, condition):
    """D(x) and D(fake). A dense D takes both in one pass: fewer products and larger ones, the same but for rounding."""
    d = game.discriminator
    if condition or game.r1 or x.shape != fake.shape or not all(type(m) in DENSE for _, m in d.modules()):
        return d(x, *condition), d(fake, *condition)
    both = d(concatenate([x, fake], 0))
    return both[:len(x)], both[len(x):]


def _penalised(game, d_value, d_real, x, fake, condition):
    """What D is moved by: its value, worsened by the penalties."""
    worse = -1 if OBJECTIVES[game.objective].discriminator.direction == "ascend" else 1
    if game.r1:
        d_value = d_value + penalties.r1(d_real, x, worse * game.r1)
    if game.gp:
        d_value = d_value + penalties.gradient_penalty(
            lambda between: game.discriminator(between, *condition), x, fake, game.group.drawing(game.rng),
            worse * game.gp)
    return d_value


def _clipped(move, bound):
    """A move, and after it the bound on the weights."""
    def move_and_clip(theta, direction, rate):
        move(theta, direction, rate)
        clip(theta, bound)
    return move_and_clip if bound else move


def _unrolled(game, x, fake, condition):
    """D as it would be after some steps on this batch, which G foresees; on its value alone, without the penalties."""
    d, goal = game.discriminator, OBJECTIVES[game.objective].discriminator
    rate = game.unroll_rate if goal.direction == "ascend" else -game.unroll_rate
    return penalties.unrolled(d, lambda: goal(d(x, *condition), d(fake, *condition)), game.unroll, rate)


def scheduled(game, steps) -> tuple[float, float, float]:
    """The rates of D and G at this step, and the sigma of the instance noise."""
    pair = game.rate if isinstance(game.rate, tuple) else (game.rate, game.rate)
    rate_d, rate_g = [linear_decay(rate, game.step, steps) for rate in pair] if game.decay else pair
    return rate_d, rate_g, linear_decay(game.instance_noise, game.step, steps)
