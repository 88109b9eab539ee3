"""The game between generator and discriminator: who plays for what, and how far they are.

Everything a step draws comes from `game.rng`, so a game that is saved and restored with its rng goes on as if it had
never stopped.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.distributed.group import SINGLE_PROCESS, SingleProcess
from tinygan.errors import TinyganError
from tinygan.game.history import Column, empty
from tinygan.game.release_0_1 import pair_of_0_1, with_settings_of_0_1
from tinygan.nn import Module, Pack
from tinygan.nn.initial import generator
from tinygan.objectives import OBJECTIVES, Objective
from tinygan.penalties import HOOKS
from tinygan.updates import Adam, Average


def latent(size: int) -> Callable:
    """The prior p(z) = N(0, I) over `size` numbers (`latent`), as a function (n, rng) -> z (n, size), float32."""
    return lambda n, rng: rng.standard_normal((n, size)).astype(np.float32)


class SettingError(TinyganError, ValueError):
    """A setting with which there is no game."""


@with_settings_of_0_1
@dataclass
class Game:
    """Two players, what they play for, and the state of play.

    data, noise: functions (n, rng) -> array, of examples and of latents; or -> tuple of arrays: what follows the
    examples is their condition c, which both players see, G(z, c) and D(x, c), and fakes share it with the real batch
    (`conditional`); what follows the latents is more of them. objective: a name in `OBJECTIVES`, or an `Objective`.
    k: steps of the discriminator for each of the generator. simultaneous: both move from the same point, instead of
    the generator answering the discriminator's move. rate_d, rate_g: the rates of D and G (`rate` sets both); with
    decay they fall in a straight line to 0 at the last step. remedies: what helps it to converge, such as `R1(1.0)` of
    `tinygan.penalties`, where it says how to write one. (Others are layers of D: packs, minibatch statistics.)
    optimiser_d, optimiser_g: called with a gradient, giving a direction. average: the moving average of G's theta, or
    None. schedule: called with the game and the last step before each step; what it does depends on them alone, so that
    a game can go on. group: those who play the game together, each on its slice of every batch.

    history holds, for each step that was recorded, the columns `history.COLUMNS`: what each player's function was worth
    before its move (the penalty left out), the means of D(x) and D(G(z)), the norms of both gradients.
    """

    generator: Module
    discriminator: Module
    data: Callable
    noise: Callable
    rng: np.random.Generator
    objective: str | Objective = "non-saturating"
    batch: int = 64
    k: int = 1
    simultaneous: bool = False
    rate_d: float = 2e-4
    rate_g: float = 2e-4
    decay: bool = False
    remedies: list[Any] = field(default_factory=list)
    optimiser_d: Any = field(default_factory=lambda: Adam(0.5))
    optimiser_g: Any = field(default_factory=lambda: Adam(0.5))
    average: Average | None = None
    schedule: Callable | None = None
    group: SingleProcess = SINGLE_PROCESS
    step: int = 0
    history: dict[str, Column] = field(default_factory=empty)

    def __post_init__(self):
        if isinstance(self.rng, (int, np.integer)):
            self.rng = generator(self.rng)
        for name in ("data", "noise", "optimiser_d", "optimiser_g"):
            value, wanted = getattr(self, name), "(n, rng) -> array" if name in ("data", "noise") else "of the gradient"
            if isinstance(value, type) or not callable(value):
                got = value if isinstance(value, type) else type(value).__name__
                raise SettingError(f"{name}: got {got}, expected a function {wanted}")
        if not isinstance(self.remedies, (list, tuple)):
            raise SettingError(f"remedies: got {type(self.remedies).__name__}, expected a list")
        if not isinstance(self.objective, Objective) and self.objective not in OBJECTIVES:
            raise SettingError(f"objective: got {self.objective!r}, expected one of {', '.join(OBJECTIVES)}")
        if self.batch < 1 or self.k < 1:
            raise SettingError(f"batch is {self.batch} and k is {self.k}, expected at least 1")
        if self.simultaneous and self.k > 1:
            raise SettingError(f"simultaneous: both move once from the same point, but k is {self.k}")
        for remedy in self.remedies:
            if isinstance(remedy, type) or not any(hasattr(remedy, name) for name in HOOKS):
                raise SettingError(f"remedies: got {remedy!r}, expected an object with a method {', '.join(HOOKS)}")
        packs = [layer.size for _, layer in self.discriminator.modules() if isinstance(layer, Pack)]
        for size in packs:
            if self.batch % size:
                raise SettingError(f"packing: a batch of {self.batch} does not hold whole packs of {size}")
        try:
            self.group.divide(self.batch, max(packs, default=1))
        except ValueError as error:
            raise SettingError(error) from error

    @property
    def goals(self) -> Objective:
        """What the players play for."""
        return self.objective if isinstance(self.objective, Objective) else OBJECTIVES[self.objective]

    @property
    def rate(self) -> float | tuple[float, float]:
        """The rate of both players, or where they differ the pair (D, G). A number that is set is that of both."""
        return self.rate_d if self.rate_d == self.rate_g else (self.rate_d, self.rate_g)

    @rate.setter
    def rate(self, rate: float) -> None:
        self.rate_d, self.rate_g = pair_of_0_1("rate", rate) if isinstance(rate, tuple) else (rate, rate)

    @property
    def optimisers(self) -> tuple[Any, Any]:
        """Those of D and of G."""
        return self.optimiser_d, self.optimiser_g

    @optimisers.setter
    def optimisers(self, pair: tuple[Any, Any]) -> None:
        self.optimiser_d, self.optimiser_g = pair_of_0_1("optimisers", pair)


def parts(drawn) -> tuple:
    """The arrays that `data` or `noise` drew: of one alone a tuple too."""
    return drawn if isinstance(drawn, tuple) else (drawn,)
