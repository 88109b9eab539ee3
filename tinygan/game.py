"""The game between generator and discriminator: Algorithm 1 of Goodfellow et al. (2014).

`Game` is who plays for what, and how far they are; `step` plays once, `train` to the end. Everything a step draws comes
from `game.rng`, so a game that is saved and restored with its rng goes on as if it had never stopped.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan import backend, nn, penalties, remedies
from tinygan.history import Column, empty
from tinygan.nn import Module, Pack
from tinygan.nn.module import theta_of
from tinygan.objectives import OBJECTIVES
from tinygan.ops.elementwise import sigmoid
from tinygan.ops.shape import concatenate
from tinygan.ranks import ALONE, Alone, among
from tinygan.tensor import Tensor, grad
from tinygan.updates import STEPS, Adam, Average, clip, linear_decay, vector

DENSE = {nn.Sequential, nn.Dense, nn.ReLU, nn.LeakyReLU}  # layers that look at each example alone


def latent(size: int) -> Callable:
    """The prior p(z) = N(0, I) over `size` numbers (`latent`), as a function (n, rng) -> z (n, size), float32."""
    return lambda n, rng: rng.standard_normal((n, size)).astype(np.float32)


class SettingError(ValueError):
    """A setting with which there is no game."""


@dataclass
class Game:
    """Two players, what they play for, and the state of play.

    data, noise: functions (n, rng) -> array, of examples and of latents; or -> tuple of arrays: what follows the
    examples is their condition c, which both players see, G(z, c) and D(x, c), and fakes share it with the real batch
    (`conditional`); what follows the latents is more of them. objective: a name in `OBJECTIVES`.
    k: steps of the discriminator for each of the generator. simultaneous: both move from the same point, instead of
    the generator answering the discriminator's move. rate: of both players, or a pair (D, G); with decay it falls in a
    straight line to 0 at the last step. optimisers: one for each player (D, G), called with a gradient, giving a
    direction. average: the moving average of G's theta, or None. schedule: called with the game and the last step
    before each step; what it does depends on them alone, so that a game can go on.

    Remedies, each off at 0. r1, gp: weights of the R1 and of the gradient penalty on D. clip: the bound of D's weights.
    instance_noise: sigma of the noise on whatever D sees; it falls in a straight line to 0 at the last step. unroll:
    plain steps of D, at unroll_rate, that G looks ahead. (Others are layers of D: packs, minibatch statistics.)

    ranks: those who play the game together, each on its slice of every batch.

    history holds, for each step that was recorded, the columns `history.COLUMNS`: what each player's function was worth
    before its move (the penalty left out), the means of D(x) and D(G(z)), the norms of both gradients.
    """

    generator: Module
    discriminator: Module
    data: Callable
    noise: Callable
    rng: np.random.Generator
    objective: str = "non-saturating"
    batch: int = 64
    k: int = 1
    simultaneous: bool = False
    rate: float | tuple[float, float] = 2e-4
    decay: bool = False
    r1: float = 0.0
    gp: float = 0.0
    clip: float = 0.0
    instance_noise: float = 0.0
    unroll: int = 0
    unroll_rate: float = 0.1
    optimisers: tuple[Any, Any] = field(default_factory=lambda: (Adam(0.5), Adam(0.5)))
    average: Average | None = None
    schedule: Callable | None = None
    ranks: Alone = ALONE
    step: int = 0
    history: dict[str, Column] = field(default_factory=empty)

    def __post_init__(self):
        if self.objective not in OBJECTIVES:
            raise SettingError(f"objective: got {self.objective!r}, expected one of {', '.join(OBJECTIVES)}")
        if self.batch < 1 or self.k < 1:
            raise SettingError(f"batch is {self.batch} and k is {self.k}, expected at least 1")
        if self.simultaneous and self.k > 1:
            raise SettingError(f"simultaneous: both move once from the same point, but k is {self.k}")
        for name in ("r1", "gp", "clip", "instance_noise", "unroll", "unroll_rate"):
            if not getattr(self, name) >= 0:
                raise SettingError(f"{name} is {getattr(self, name)}, expected at least 0")
        packs = [layer.size for _, layer in self.discriminator.modules() if isinstance(layer, Pack)]
        for size in packs:
            if self.batch % size:
                raise SettingError(f"packing: a batch of {self.batch} does not hold whole packs of {size}")
        try:
            self.ranks.divide(self.batch, max(packs, default=1))
        except ValueError as error:
            raise SettingError(error) from error


class Diverged(ArithmeticError):
    """A quantity of the game is no longer finite."""


def step(game: Game, steps: int, falling: tuple | None = None) -> tuple:
    """One step of Algorithm 1 (`d-ascent`, `g-minimax`, `g-non-saturating`), in a game that ends at `steps`.

    falling: what `falling_numbers` gives, unless it is given. Returns what is recorded of a step: D's value, its logits
    of real and of fake, its gradient; G's value and gradient.
    """
    goal_d, goal_g = OBJECTIVES[game.objective]
    move_d, move_g = _clipped(STEPS[goal_d.direction], game.clip), STEPS[goal_g.direction]
    direction_d, direction_g = game.optimisers
    rate_d, rate_g, sigma = falling or falling_numbers(game, steps)
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


def train(game: Game, steps: int, callbacks: Iterable[Callable[[Game], Any]] = (), record_every: int = 1,
          play: Callable[[Game, int], tuple] = step) -> Game:
    """Plays until `game.step` is `steps`.

    Every `record_every` steps, and at the last, a row is added to the history (this reads the device), and a value in
    it that is not finite raises Diverged. After each step every callback is called with the game. play: what plays a
    step, `step` or a `graph.Replay()`.
    """
    game.generator.train(), game.discriminator.train()
    while game.step < steps:
        if game.schedule is not None:
            game.schedule(game, steps)
        with among(game.ranks), np.errstate(over="ignore", invalid="ignore"):  # Diverged says it better than a warning
            played = play(game, steps)
            if game.step % record_every == 0 or game.step == steps - 1:
                _record(game, *played)
        game.step += 1
        for callback in callbacks:
            callback(game)
    return game


def parts(drawn) -> tuple:
    """The arrays that `data` or `noise` drew: of one alone a tuple too."""
    return drawn if isinstance(drawn, tuple) else (drawn,)


def _draw(game, source, theta, requires_grad=False) -> list[Tensor]:
    """A batch from `source` on the device of theta and, whole numbers apart, in its dtype; the first differentiable."""
    arrays = [a if a.dtype.kind in "iu" else a.astype(theta.dtype, copy=False)
              for a in map(game.ranks.mine, parts(source(game.batch, game.rng)))]
    return [Tensor(backend.like(a, theta), requires_grad and i == 0) for i, a in enumerate(arrays)]


def _gradient(game, value, weights):
    """The gradient as one vector; 0 for weights that take no part, which a schedule may leave for later (growing).

    A mean over the batch is a sum over ranks, so its gradient is too: this all-reduce is all that they tell each other,
    but for statistics of the batch (`gradient-average`).
    """
    gradient = grad(game.ranks.weighed(value), weights, allow_unused=game.schedule is not None)
    return game.ranks.sum(vector([np.zeros_like(w.data) if g is None else g for w, g in zip(weights, gradient)]))


def _blurred(game, x, sigma):
    """What D sees of examples x: with instance noise, if there is any."""
    return remedies.instance_noise(x, sigma, game.ranks.drawing(game.rng)) if game.instance_noise else x


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
            lambda between: game.discriminator(between, *condition), x, fake, game.ranks.drawing(game.rng),
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
    return remedies.unrolled(d, lambda: goal(d(x, *condition), d(fake, *condition)), game.unroll, rate)


def falling_numbers(game, steps) -> tuple[float, float, float]:
    """The rates of D and G at this step, and the sigma of the instance noise."""
    pair = game.rate if isinstance(game.rate, tuple) else (game.rate, game.rate)
    rate_d, rate_g = [linear_decay(rate, game.step, steps) for rate in pair] if game.decay else pair
    return rate_d, rate_g, linear_decay(game.instance_noise, game.step, steps)


def _record(game, d_value, d_real, d_fake, d_gradient, g_value, g_gradient):
    """Adds a row to the history; names the first quantity that is not finite, of these or of the weights."""
    real, fake = (sigmoid(logits.data).mean().item() for logits in (d_real, d_fake))
    value_d, real, fake, value_g = game.ranks.mean(np.array([d_value.item(), real, fake, g_value.item()])).tolist()
    row = {"step": game.step, "d_value": value_d, "d_real": real, "d_fake": fake, "d_gradient": _norm(d_gradient),
           "g_value": value_g, "g_gradient": _norm(g_gradient)}
    weights = {f"the norm of the {name}'s weights": _norm(_home(getattr(game, name)))
               for name in ("discriminator", "generator")}
    for name, number in {**row, **weights}.items():
        if not np.isfinite(number):
            raise Diverged(f"step {game.step}: {name} is {number}; a lower rate may help (it is {game.rate})")
    for name, number in row.items():
        game.history[name].append(number)


def _home(player):
    """The vector in which the player's weights stand; after a step, so that it is enough to ask the first."""
    return next((p.home[0] for _, p in player.named_parameters()), np.zeros(0))


def _norm(v) -> float:
    return float(v @ v) ** 0.5
