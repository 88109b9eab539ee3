"""Training: steps of the game, and a history of them."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygan.distributed.group import using_group
from tinygan.errors import TinyganError
from tinygan.game.game import Game
from tinygan.game.step import step
from tinygan.ops.elementwise import sigmoid


class Diverged(TinyganError, ArithmeticError):
    """A quantity of the game is not finite."""


def train(game: Game, steps: int, callbacks: Iterable[Callable[[Game], Any]] = (), record_every: int = 1,
          stepper: Callable[[Game, int], tuple] = step, *, play: Callable | None = None) -> Game:
    """Plays until `game.step` is `steps`, and returns the game.

    Every `record_every` steps, and at the last step, a row is added to the history (this waits for the device), or
    Diverged is raised if a value is not finite. callbacks: called with the game after each step. stepper: plays a step:
    `step`, or a `Replay()` or a `Debug()` of `tinygan.game`. play: the name of stepper in release 0.1.0.
    """
    if play is not None:
        warnings.warn("train: play= is of release 0.1; use stepper=", DeprecationWarning, stacklevel=2)
        stepper = play
    game.generator.train(), game.discriminator.train()
    while game.step < steps:
        if game.schedule is not None:
            game.schedule(game, steps)
        with using_group(game.group), np.errstate(over="ignore", invalid="ignore"):  # _record raises Diverged instead
            played = stepper(game, steps)
            if game.step % record_every == 0 or game.step == steps - 1:
                _record(game, *played)
        game.step += 1
        for callback in callbacks:
            callback(game)
    return game


def _record(game, d_value, d_real, d_fake, d_gradient, g_value, g_gradient):
    """Adds a row to the history; Diverged names the first quantity of the row or of the weights that is not finite."""
    real, fake = (sigmoid(logits.data).mean().item() for logits in (d_real, d_fake))
    value_d, real, fake, value_g = game.group.mean(np.array([d_value.item(), real, fake, g_value.item()])).tolist()
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
    """The vector that holds the player's weights; after a step all parameters are views of one vector."""
    return next((p.home[0] for _, p in player.named_parameters()), np.zeros(0))


def _norm(v) -> float:
    return float(v @ v) ** 0.5
