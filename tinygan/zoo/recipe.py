"""What a recipe is: an architecture, its data, and the settings with which it was seen to work."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygan import data
from tinygan.game import Game, latent
from tinygan.nn.module import Module
from tinygan.updates import Adam, Average


class Mixture(NamedTuple):
    """Points with known answers: where they come from, and the Gaussians they are of."""

    draw: Callable
    means: np.ndarray
    sigma: float


POINTS = {"ring": Mixture(data.ring, data.ring_means(), 0.01), "grid": Mixture(data.grid, data.grid_means(), 0.05),
          "gaussian": Mixture(data.gaussian, np.array([[4.0]], np.float32), 0.5)}


class Waves(NamedTuple):
    """Sequences with known answers: where they come from, the shape of one, and the frequencies in them."""

    draw: Callable
    shape: tuple[int, int]
    frequencies: tuple[float, ...]


SEQUENCES = {"sines": Waves(data.sines, (16, 1), data.SINES)}


@dataclass(frozen=True)
class Recipe:
    """A system that trains with its defaults.

    networks: a function (shape of an example, size of z, rng) -> (generator, discriminator). game: settings of `Game`.
    betas: of both players' Adam. average: the decay of G's moving average, or 0 for none.
    """

    name: str
    about: str
    references: str
    networks: Callable[[tuple[int, ...], int, np.random.Generator], tuple[Module, Module]]
    data: str
    latent: int
    steps: int
    batch: int = 64
    betas: tuple[float, float] = (0.5, 0.999)
    average: float = 0.0
    game: dict[str, Any] = field(default_factory=dict)

    def start(self, seed=0, batch=None, dtype="float32", device="cpu", data=None, rate=None) -> Game:
        """The game at step 0. Whatever is drawn, now and later, comes from one generator seeded with `seed`."""
        rng = np.random.default_rng(seed)
        draw, shape = source(data or self.data)
        generator, discriminator = (net.astype(dtype).to(device) for net in self.networks(shape, self.latent, rng))
        settings = self.game if rate is None else {**self.game, "rate": rate}
        return Game(generator, discriminator, draw, latent(self.latent), rng, batch=batch or self.batch,
                    optimisers=(Adam(*self.betas), Adam(*self.betas)),
                    average=Average(self.average) if self.average else None, **settings)


def source(name: str) -> tuple[Callable, tuple[int, ...]]:
    """A data source by name, or a .npy file of sequences, or a folder of images; and the shape of one example."""
    if name in POINTS:
        return POINTS[name].draw, POINTS[name].means.shape[1:]
    if name in SEQUENCES:
        return SEQUENCES[name].draw, SEQUENCES[name].shape
    if str(name).endswith(".npy"):
        own = data.load_sequences(name)
        return data.sampler(own), own.shape[1:]
    images = data.load(name)
    return data.sampler(images.x), images.x.shape[1:]
