"""The state of the laboratory: two players and points of the plane. Either player can be moved alone."""
from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tinygan import data, penalties
from tinygan.game import Diverged, latent
from tinygan.metrics import sliced_wasserstein
from tinygan.objectives import OBJECTIVES
from tinygan.ops.elementwise import sigmoid
from tinygan.tensor import Tensor, grad, no_grad
from tinygan.updates import STEPS, Adam
from tinygan.zoo import vanilla
from tinygan.zoo.sources import SOURCES, mixture

SPAN = 1.6  # what is looked at: the square [-SPAN, SPAN]^2
CRITICS = ("two-sample", "least-squares", "hinge")  # objectives whose D is no probability


def drawn(points, sigma: float = 0.06) -> Callable:
    """The data source of points (N, 2) that somebody drew: a small Gaussian about each."""
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
    """What can be seen of the game: points (n, 2), arrows on the fakes (n, 2), and figures by name."""

    real: np.ndarray
    fake: np.ndarray
    arrows: np.ndarray
    figures: dict[str, float]


@dataclass
class Laboratory:
    """A GAN on points of the plane, and what is to be seen of it.

    source: a function (n, rng) -> points (n, 2). objective: a name in `OBJECTIVES`. rate_d, rate_g: learning rates.
    k: moves of D in a step. r1: the weight of the R1 penalty. All of them may be changed while the game goes on; width
    (units of a hidden layer) and seed count at the next `reset`.

    G, D: the players. moves: how often each has moved. seen: the examples and the fakes of the last batch that D or G
    was shown. history: a column a figure, a row a call of `look`.
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
        """New players, at step 0; the same ones for the same seed."""
        self.rng, self.prior = np.random.default_rng(self.seed), latent(2)
        self.G, self.D = (player.astype(self.dtype) for player in
                          vanilla.networks((2,), 2, self.rng, width=self.width))
        self.adam_d, self.adam_g = Adam(0.5, 0.9), Adam(0.5, 0.9)
        self.z = self.noise(self.shown)
        self.moves, self.seen, self.history = {"D": 0, "G": 0}, (), {}

    def noise(self, n):
        """z, n latents from the prior: (n, 2)."""
        return Tensor(self.prior(n, self.rng).astype(self.dtype))

    def step_d(self):
        """D's move: up or down its objective, and down the penalty."""
        goal = OBJECTIVES[self.objective].discriminator
        x = Tensor(self.source(self.batch, self.rng).astype(self.dtype), requires_grad=True)
        fake = self.G(self.noise(self.batch)).detach()
        real = self.D(x)
        worth = goal(real, self.D(fake))
        if self.r1:
            worth = worth + penalties.r1(real, x, self.r1 if goal.direction == "descend" else -self.r1)
        self.seen = x.numpy(), fake.numpy()
        STEPS[goal.direction](self.D.theta, self.adam_d(grad(worth, self.D.parameters())), self.rate_d)
        self._moved("D", self.D)

    def step_g(self):
        """G's move: up or down its objective, with D as a landscape that stays."""
        goal = OBJECTIVES[self.objective].generator
        fake = self.G(self.noise(self.batch))
        self.seen = np.empty((0, 2)), fake.numpy()
        STEPS[goal.direction](self.G.theta, self.adam_g(grad(goal(self.D(fake)), self.G.parameters())), self.rate_g)
        self._moved("G", self.G)

    def step(self):
        """A step of Algorithm 1: k moves of D, then one of G."""
        for _ in range(self.k):
            self.step_d()
        self.step_g()

    def slowly(self, frames: int = 8) -> Generator[tuple[str, float]]:
        """A step in slow motion: scenes to be looked at, each with what happens in it and for how many seconds.

        A player glides from where it was to where it moves; a caller who stops early leaves it there.
        """
        for player, move in [(self.D, self.step_d)] * self.k + [(self.G, self.step_g)]:
            name, goal = ("D", 0) if player is self.D else ("G", 1)
            way = OBJECTIVES[self.objective][goal].direction
            before = player.theta.copy()
            move()
            after = player.theta.copy()
            try:
                for share in np.linspace(0, 1, frames, dtype=after.dtype):
                    player.theta[:] = before + share * (after - before)
                    yield (f"{name} is shown a batch, the rings" if share == 0 else f"{name} {way}s its objective",
                           0.8 if share in (0, 1) else 0.05)
            finally:
                player.theta[:] = after
                self.seen = ()

    def look(self) -> View:
        """Points, arrows and figures of this moment, on latents that stay the same; adds a row to the history."""
        real = self.source(self.shown, np.random.default_rng(self.seed)).astype(self.dtype)
        with no_grad():
            fake = self.G(self.z)
            on_real, on_fake = self.D(Tensor(real)), self.D(fake)
        _finite("the samples", fake.numpy())
        goals = OBJECTIVES[self.objective]
        figures = {"moves": sum(self.moves.values()), "V_D": goals.discriminator(on_real, on_fake).item(),
                   "V_G": goals.generator(on_fake).item(), "real": self.output(on_real).mean().item(),
                   "fake": self.output(on_fake).mean().item(),
                   "distance": sliced_wasserstein(real, fake.numpy(), np.random.default_rng(0), 32)}
        _finite("the figures", list(figures.values()))
        if not self.history or self.history["moves"][-1] != figures["moves"]:
            for name, number in figures.items():
                self.history.setdefault(name, []).append(number)
        return View(real, fake.numpy(), self.arrows(fake.numpy()), figures)

    def arrows(self, fake) -> np.ndarray:
        """Where G's objective wants each fake (n, 2) to go: the direction of its steepest descent, or ascent.

        The slope of the fake's own term, not of the mean: at one fake it does not depend on how many there are.
        """
        goal = OBJECTIVES[self.objective].generator
        x = Tensor(fake, requires_grad=True)
        [slope] = grad(goal(self.D(x)), [x])
        return (len(fake) if goal.direction == "ascend" else -len(fake)) * slope.numpy()

    def field(self, n: int = 48) -> np.ndarray:
        """What D says on a lattice over the square, the edges included: (n, n), the lowest row first."""
        ticks = np.linspace(-SPAN, SPAN, n)
        points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2).astype(self.dtype)
        with no_grad():
            return self.output(self.D(Tensor(points))).reshape(n, n)

    def output(self, logits) -> np.ndarray:
        """What D says: D(x) in (0, 1), or of a critic the number itself."""
        return (logits if self.objective in CRITICS else sigmoid(logits)).numpy()

    def _moved(self, name, player):
        self.moves[name] += 1
        _finite(f"the weights of {name}", player.theta)


def _finite(name, values):
    if not np.isfinite(values).all():
        raise Diverged(f"{name} are no longer finite; a lower rate or more R1 may help")
