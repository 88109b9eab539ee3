"""The game between generator and discriminator: the players, their objectives, and the state of the game.

All random numbers of a step come from `game.rng`: a game that is restored with its rng continues with the same steps.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygan.distributed.group import SINGLE_PROCESS, SingleProcess
from tinygan.errors import TinyganError
from tinygan.game.history import Column, empty
from tinygan.game.release_0_1 import PairSettings, with_settings_of_0_1
from tinygan.nn import Module, Pack
from tinygan.nn.initial import generator
from tinygan.nn.theta import shared_parameter
from tinygan.objectives import OBJECTIVES, Objective
from tinygan.penalties import HOOKS
from tinygan.updates import Adam, Average


def latent(size: int) -> Callable:
    """The prior p(z) = N(0, I) of latents of `size` numbers (`latent`): a function (n, rng) -> z (n, size), float32."""
    return lambda n, rng: rng.standard_normal((n, size)).astype(np.float32)


class SettingError(TinyganError, ValueError):
    """A setting that a game cannot have."""


@with_settings_of_0_1
@dataclass
class Game(PairSettings):
    """Two players that share no parameter, their objectives, and the state of their game.

    data, noise: functions (n, rng) -> array of n examples, or of n latents; or -> tuple of arrays. The arrays after the
    examples are their condition c, which both players get, G(z, c) and D(x, c); fakes have the condition of the real
    batch (`conditional`). The arrays after the latents are further inputs of G. objective: a name in `OBJECTIVES`, or
    an `Objective`. k: moves of D for each move of G. simultaneous: both players move from the same point; by default G
    moves after D. rate_d, rate_g: the learning rates of D and G (setting `rate` sets both); with decay they fall
    linearly to 0 at the last step. remedies: objects that help it converge, such as `R1(1.0)` of `tinygan.penalties`
    (others are layers of D). optimiser_d, optimiser_g: called with a gradient, they return a direction. average: the
    moving average of G's theta, or None. schedule: called with the game and the number of the last step before each
    step; it may depend on nothing else, so that a run can be resumed. group: the processes that share every batch.

    history holds the columns `history.COLUMNS`, a row for each recorded step: the values of both objectives before the
    moves (without penalties), the means of D(x) and D(G(z)), the norms of both gradients.
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
        if not all(rate is None or 0 <= rate < np.inf for rate in (self.rate_d, self.rate_g)):  # None in a CUDA graph
            raise SettingError(f"rate_d is {self.rate_d} and rate_g is {self.rate_g}, expected finite numbers from 0")
        if self.simultaneous and self.k > 1:
            raise SettingError(f"simultaneous: both move once from the same point, but k is {self.k}")
        for remedy in self.remedies:
            if isinstance(remedy, type) or not any(hasattr(remedy, name) for name in HOOKS):
                raise SettingError(f"remedies: got {remedy!r}, expected an object with a method {', '.join(HOOKS)}")
        if shared := shared_parameter(self.generator, self.discriminator):
            raise SettingError("the players share a parameter: {} of the generator is {} of the discriminator; give "
                               "each its own, with copy.deepcopy(layer)".format(*shared))
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
        """The objectives of both players."""
        return self.objective if isinstance(self.objective, Objective) else OBJECTIVES[self.objective]


def parts(drawn) -> tuple:
    """The arrays that `data` or `noise` drew, as a tuple also if there is only one."""
    return drawn if isinstance(drawn, tuple) else (drawn,)
