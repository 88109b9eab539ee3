"""What a recipe is: an architecture, its data, and the settings with which it was seen to work."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygan import data
from tinygan.game import Game, latent
from tinygan.nn.module import Module
from tinygan.penalties import by_name
from tinygan.updates import Adam, Average, Momentum, RMSProp


class Mixture(NamedTuple):
    """Points with known answers: where they come from, and the Gaussians they are of."""

    draw: Callable
    means: np.ndarray
    sigma: float

    def classes(self, points) -> np.ndarray:
        """The class of each point (n, d): the number of the nearest mean."""
        return ((points[:, None] - self.means) ** 2).sum(axis=2).argmin(axis=1)

    def draw_labelled(self, n, rng):
        """n points and their classes."""
        points = self.draw(n, rng)
        return points, self.classes(points)


POINTS = {"ring": Mixture(data.ring, data.ring_means(), 0.01), "grid": Mixture(data.grid, data.grid_means(), 0.05),
          "gaussian": Mixture(data.gaussian, np.array([[4.0]], np.float32), 0.5)}


class Waves(NamedTuple):
    """Sequences with known answers: where they come from, the shape of one, and the frequencies in them."""

    draw: Callable
    shape: tuple[int, int]
    frequencies: tuple[float, ...]


SEQUENCES = {"sines": Waves(data.sines, (16, 1), data.SINES)}

REMEDIES = {name: p.default for name, p in inspect.signature(by_name).parameters.items()}  # their numbers, unless set
OPTIMISERS: dict[str, Callable] = {"adam": Adam, "rmsprop": lambda beta1, beta2: RMSProp(beta2),
                                   "momentum": lambda beta1, beta2: Momentum(beta1)}


@dataclass(frozen=True)
class Recipe:
    """A system that trains with its defaults.

    networks: a function (shape of an example, size of z, rng, ...) -> (generator, discriminator). players: its further
    settings, which it takes by name; those of the game are in `game`, as `game_settings` takes them. conditional: the
    players are told the class of each example (`conditional`), and `networks` takes the number of classes after the
    rng. optimiser: of both players, a name in `OPTIMISERS`. betas: the decays of Adam's two moments; RMSProp has the
    second alone, momentum the first. average: the decay of G's moving average, or 0 for none. What can be changed in
    all this, and how: `tinygan.zoo.settings`. make_game: makes the game of players, data, noise and rng.
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

    def start(self, seed=0, batch=None, dtype="float32", device="cpu", data=None) -> Game:
        """The game at step 0. Whatever is drawn, now and later, comes from one generator seeded with `seed`."""
        rng = np.random.default_rng(seed)
        draw, shape, *classes = (labelled_source if self.conditional else source)(data or self.data)
        players = self.networks(shape, self.latent, rng, *classes, **self.players)
        generator, discriminator = (player.astype(dtype).to(device) for player in players)
        optimiser = OPTIMISERS[self.optimiser]
        return self.make_game(generator, discriminator, draw, latent(self.latent), rng, batch=batch or self.batch,
                              optimiser_d=optimiser(*self.betas), optimiser_g=optimiser(*self.betas),
                              average=Average(self.average) if self.average else None, **game_settings(self.game))


def game_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they are named in a recipe and by `--set`, as `Game` takes them.

    The numbers that `penalties.by_name` takes become remedies, a pair rate=(D, G) becomes rate_d and rate_g.
    """
    rest = {name: value for name, value in settings.items() if name not in REMEDIES}
    numbers = {name: value for name, value in settings.items() if name in REMEDIES}
    if isinstance(rest.get("rate"), tuple):
        rest["rate_d"], rest["rate_g"] = rest.pop("rate")
    return rest | {"remedies": [*rest.get("remedies", ()), *by_name(**numbers)]}


def source(name: str) -> tuple[Callable, tuple[int, ...]]:
    """A data source by name, or a .npy file of sequences, or a folder of images; and the shape of one example."""
    if name in POINTS:
        return POINTS[name].draw, POINTS[name].means.shape[1:]
    if name == "shapes":
        return data.shapes, (16, 16, 3)
    if name in SEQUENCES:
        return SEQUENCES[name].draw, SEQUENCES[name].shape
    if str(name).endswith(".npy"):
        own = data.load_sequences(name)
        return data.sampler(own), own.shape[1:]
    images = data.load(name)
    return data.sampler(images.x), images.x.shape[1:]


def labelled_source(name: str) -> tuple[Callable, tuple[int, ...], int]:
    """A source of examples and their classes, the shape of one example, and the number of classes."""
    if name in POINTS:
        draw, shape, classes = POINTS[name].draw_labelled, POINTS[name].means.shape[1:], len(POINTS[name].means)
    else:
        images = data.load(name)
        if images.labels is None:
            raise data.DataError(f"folder {name!r}: its images have no labels; put those of each class in a subfolder")
        draw, shape = data.sampler(images.x, images.labels), images.x.shape[1:]
        classes = int(images.labels.max()) + 1
    if classes < 2:
        raise data.DataError(f"data {name!r}: there is one class, and a condition needs at least two")
    return draw, shape, classes
