"""The state of the laboratory: two players, and points of the plane. Each player can move alone."""
from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tinygan import data
from tinygan.game import Diverged, Game, discriminator_step, generator_step, latent
from tinygan.game.step import Batch, draw_batch, draw_fakes
from tinygan.metrics import sliced_wasserstein
from tinygan.nn.inputs import input_of
from tinygan.objectives import OBJECTIVES, Objective
from tinygan.ops.elementwise import sigmoid
from tinygan.penalties import R1
from tinygan.tensor import Tensor, grad, no_grad
from tinygan.updates import Adam
from tinygan.zoo import vanilla
from tinygan.zoo.sources import SOURCES, mixture

SPAN = 1.6  # the picture shows the square [-SPAN, SPAN]^2


def drawn(points, sigma: float = 0.06) -> Callable:
    """A data source around points (N, 2) that the user drew: an equal mixture of small Gaussians."""
    draw = data.sampler(np.asarray(points, np.float32))
    return lambda n, rng: draw(n, rng) + np.float32(sigma) * rng.standard_normal((n, 2), dtype=np.float32)


SETS = {
    "ring of eight": mixture(data.ring_means(), 0.05),
    "grid of sixteen": mixture(data.grid_means(4, 0.7), 0.05),
    "one Gaussian": mixture(data.ring_means(1, 0.6), 0.25),
    "two Gaussians": mixture(data.ring_means(2, 0.8), 0.2),
    "two moons": SOURCES["moons"],
}


class View(NamedTuple):
    """A snapshot of the game: points (n, 2), an arrow for each fake (n, 2), and metrics by name."""

    real: np.ndarray
    fake: np.ndarray
    arrows: np.ndarray
    figures: dict[str, float]


@dataclass
class Laboratory:
    """A GAN on points of the plane, with snapshots for a picture.

    source: a function (n, rng) -> points (n, 2). objective: a name in `OBJECTIVES`. rate_d, rate_g: learning rates.
    k: moves of D per step. r1: the weight of the R1 penalty. All of them may be changed during the game; width (units
    of a hidden layer) and seed take effect at the next `reset`.

    game: the game between the players G and D. moves: the number of moves of each. seen: the examples and the fakes of
    the last batch. history: a column for each metric, a row for each call of `look`.
    """

    source: Callable = SETS["ring of eight"]
    objective: str = "non-saturating"
    rate_d: float = 2e-3
    rate_g: float = 2e-3
    k: int = 1
    r1: float = 0.01
    batch: int = 128
    width: int = 64
    seed: int = 0
    shown: int = 400
    dtype: str = "float32"
    moves: dict[str, int] = field(init=False)
    seen: tuple = field(init=False)
    history: dict[str, list[float]] = field(init=False)

    def __post_init__(self):
        self.reset()

    def reset(self):
        """Makes new players, at step 0. The same seed gives the same players."""
        rng = np.random.default_rng(self.seed)
        self.G, self.D = (player.astype(self.dtype) for player in vanilla.networks((2,), 2, rng, width=self.width))
        self.game = Game(self.G, self.D, self.source, latent(2), rng, batch=self.batch, optimiser_d=Adam(0.5, 0.9),
                         optimiser_g=Adam(0.5, 0.9))
        self.z = input_of(self.G, self.game.noise(self.shown, rng))
        self.moves, self.seen, self.history = {"D": 0, "G": 0}, (), {}

    def step_d(self):
        """Makes one move of D: a gradient step on its objective with the penalty."""
        game = self._set()
        batch = draw_batch(game)
        discriminator_step(game, batch=batch)
        self.seen = batch.x.numpy(), batch.fake.numpy()
        self._moved("D", self.D)

    def step_g(self):
        """Makes one move of G: a gradient step on its objective; D is fixed."""
        game = self._set()
        fake = draw_fakes(game)
        generator_step(game, batch=Batch(fake, fake, []))  # it needs no real examples
        self.seen = np.empty((0, 2)), fake.numpy()
        self._moved("G", self.G)

    def step(self):
        """Makes one step of Algorithm 1: k moves of D, then one of G."""
        for _ in range(self.k):
            self.step_d()
        self.step_g()

    def slowly(self, frames: int = 8) -> Generator[tuple[str, float]]:
        """Makes one step in slow motion; yields scenes: a caption and a duration in seconds.

        The parameters of a player move along the line from old to new; if the caller stops early, they jump to the new.
        """
        for player, move in [(self.D, self.step_d)] * self.k + [(self.G, self.step_g)]:
            name, goal = ("D", self.goals.discriminator) if player is self.D else ("G", self.goals.generator)
            before = player.theta.copy()
            move()
            after = player.theta.copy()
            try:
                for share in np.linspace(0, 1, frames, dtype=after.dtype):
                    player.theta[:] = before + share * (after - before)
                    moving = f"{name} {goal.direction}s its objective"
                    yield (f"{name} receives a batch (the rings)" if share == 0 else moving,
                           0.8 if share in (0, 1) else 0.05)
            finally:
                player.theta[:] = after
                self.seen = ()

    def look(self) -> View:
        """Takes a snapshot, always with the same latents, and adds a row to the history."""
        real = self.source(self.shown, np.random.default_rng(self.seed)).astype(self.dtype)
        with no_grad():
            fake = self.G(self.z)
            on_real, on_fake = self.D(Tensor(real)), self.D(fake)
        _finite("the samples", fake.numpy())
        goals = self.goals
        figures = {"moves": sum(self.moves.values()), "V_D": goals.discriminator(on_real, on_fake).item(),
                   "V_G": goals.generator(on_fake).item(), "real": self.output(on_real).mean().item(),
                   "fake": self.output(on_fake).mean().item(),
                   "distance": sliced_wasserstein(real, fake.numpy(), np.random.default_rng(0), 32)}
        _finite("the metrics", list(figures.values()))
        if not self.history or self.history["moves"][-1] != figures["moves"]:
            for name, number in figures.items():
                self.history.setdefault(name, []).append(number)
        return View(real, fake.numpy(), self.arrows(fake.numpy()), figures)

    def arrows(self, fake) -> np.ndarray:
        """The direction in which G's objective improves fastest at each fake (n, 2).

        This is the gradient of the fake's own term, not of the mean, so it does not depend on the number of fakes.
        """
        goal = self.goals.generator
        x = Tensor(fake, requires_grad=True)
        [slope] = grad(goal(self.D(x)), [x])
        return (len(fake) if goal.direction == "ascend" else -len(fake)) * slope.numpy()

    def field(self, n: int = 48) -> np.ndarray:
        """The output of D on a lattice over the square, the edges included: (n, n), the lowest row first."""
        ticks = np.linspace(-SPAN, SPAN, n)
        points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2).astype(self.dtype)
        with no_grad():
            return self.output(self.D(Tensor(points))).reshape(n, n)

    def output(self, logits) -> np.ndarray:
        """The output of D: D(x) in (0, 1), or the number itself if D is a critic."""
        return (logits if self.goals.critic else sigmoid(logits)).numpy()

    @property
    def goals(self) -> Objective:
        """The objectives of both players."""
        return OBJECTIVES[self.objective]

    def _set(self) -> Game:
        """The game with the present settings."""
        game = self.game
        game.data, game.objective, game.rate_d, game.rate_g = self.source, self.objective, self.rate_d, self.rate_g
        game.remedies = [R1(self.r1)] if self.r1 else []
        return game

    def _moved(self, name, player):
        self.moves[name] += 1
        _finite(f"the weights of {name}", player.theta)


def _finite(name, values):
    if not np.isfinite(values).all():
        raise Diverged(f"{name} are no longer finite; a lower rate or more R1 may help")
