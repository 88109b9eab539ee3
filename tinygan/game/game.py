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
from tinygan.nn import Module, Pack
from tinygan.objectives import OBJECTIVES
from tinygan.updates import Adam, Average


def latent(size: int) -> Callable:
    """The prior p(z) = N(0, I) over `size` numbers (`latent`), as a function (n, rng) -> z (n, size), float32."""
    return lambda n, rng: rng.standard_normal((n, size)).astype(np.float32)


class SettingError(TinyganError, ValueError):
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

    group: those who play the game together, each on its slice of every batch.

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
    group: SingleProcess = SINGLE_PROCESS
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
            self.group.divide(self.batch, max(packs, default=1))
        except ValueError as error:
            raise SettingError(error) from error


def parts(drawn) -> tuple:
    """The arrays that `data` or `noise` drew: of one alone a tuple too."""
    return drawn if isinstance(drawn, tuple) else (drawn,)
