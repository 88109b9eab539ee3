"""A recipe: an architecture, its data, and settings that work."""
from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.game import Game, SettingError, latent
from tinygan.game.release_0_1 import by_name
from tinygan.nn.module import Module
from tinygan.updates import SGD, Adam, Average, Momentum, RMSProp
from tinygan.zoo.sources import Source, source

REMEDIES = {name: p.default for name, p in inspect.signature(by_name).parameters.items()}  # their default numbers
OPTIMISERS: dict[str, Callable] = {"adam": Adam, "rmsprop": lambda beta1, beta2: RMSProp(beta2),
                                   "momentum": lambda beta1, beta2: Momentum(beta1),
                                   "sgd": lambda beta1, beta2: SGD()}


@dataclass(frozen=True)
class Recipe:
    """A GAN with its data and settings: it trains well with its defaults.

    networks: a function (shape of an example, size of z, rng, ...) -> (generator, discriminator). players: further
    arguments of `networks`, by name. game: settings of the game, in the form of `game_settings`. conditional: both
    players get the class of each example (`conditional`), and `networks` takes the number of classes after the rng.
    optimiser: of both players, a name in `OPTIMISERS`. betas: the decays of Adam's two moments; RMSProp has the second
    alone, momentum the first. average: the decay of G's moving average, or 0 for none. `tinygan.zoo.settings`
    changes them. make_game: makes the game from players, data, noise and rng.
    """

    name: str
    about: str
    references: str
    networks: Callable[..., tuple[Module, Module]]
    data: str
    latent: int
    steps: int
    batch: int = 64
    betas: tuple[float, float] = (0.5, 0.999)
    average: float = 0.0
    game: dict[str, Any] = field(default_factory=dict)
    optimiser: str = "adam"
    players: dict[str, Any] = field(default_factory=dict)
    conditional: bool = False
    make_game: Callable[..., Game] = Game

    def start(self, seed=0, batch=None, dtype="float32", device="cpu", data: str | Source | None = None,
              most: int | None = None) -> Game:
        """Makes the game at step 0. All random numbers, now and later, come from one generator seeded with `seed`.

        data: a name or a path, as in `source`, or a source. most: SettingError, before memory is taken for them, if the
        players need more weights.
        """
        rng = np.random.default_rng(seed)
        found = source(self.data if data is None else data, labels=self.conditional)
        weights = rng if most is None else _Sparing(rng, most)
        players = self.networks(found.shape, self.latent, weights, *[found.classes] * self.conditional, **self.players)
        generator, discriminator = (player.astype(dtype).to(device) for player in players)
        optimiser = OPTIMISERS[self.optimiser]
        return self.make_game(generator, discriminator, found.draw, latent(self.latent), rng, batch=batch or self.batch,
                              optimiser_d=optimiser(*self.betas), optimiser_g=optimiser(*self.betas),
                              average=Average(self.average) if self.average else None, **game_settings(self.game))


class _Sparing(np.random.Generator):
    """Draws the numbers of `rng`, at most `most` of them, by the functions that initial weights are drawn with."""

    def __init__(self, rng, most):
        super().__init__(rng.bit_generator)
        self.most = self.left = most

    def _spend(self, shape):
        self.left -= math.prod(shape) if isinstance(shape, tuple) else shape or 1
        if self.left < 0:
            raise SettingError(f"the players need more weights than the {self.most:,} there are")

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        self._spend(size)
        return super().standard_normal(size, dtype, out)

    def uniform(self, low=0.0, high=1.0, size=None):
        self._spend(size)
        return super().uniform(low, high, size)


def game_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Converts settings of a recipe or of `--set` to arguments of `Game`.

    The numbers that `by_name` takes become remedies; a pair rate=(D, G) becomes rate_d and rate_g.
    """
    rest = {name: value for name, value in settings.items() if name not in REMEDIES}
    numbers = {name: value for name, value in settings.items() if name in REMEDIES}
    if isinstance(rest.get("rate"), tuple):
        rest["rate_d"], rest["rate_g"] = rest.pop("rate")
    return rest | {"remedies": [*rest.get("remedies", ()), *by_name(**numbers)]}
