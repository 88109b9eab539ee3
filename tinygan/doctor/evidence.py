"""The evidence of the doctor: the history and the settings of a game, and batches through both players at visits."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygan import backend, nn
from tinygan.game import Game, parts
from tinygan.metrics import reverse_kl
from tinygan.nn.inputs import input_of
from tinygan.objectives import Objective
from tinygan.ops.registry import unwrap
from tinygan.tensor import no_grad

EXAMPLES = 128  # in the batch of a visit
ANCHORS = 16  # real examples; each other example is assigned to the nearest


class Visit(NamedTuple):
    """Statistics of a batch of real examples x and of a batch of fakes, after `step` steps.

    low, high: the smallest and the largest number in x. auc: the probability that D's logit of a real example is above
    that of a fake, 1/2 for guessing. std_ratio: the ratio of the standard deviations, fakes / x, each averaged over the
    features. variety: each fake is assigned to the nearest of 16 further real examples; exp(entropy) of the assignment
    is their effective number, by `reverse-kl`, and variety is the ratio fakes / x. dead_g, dead_d: the share of units
    that are 0 on the whole batch, in the ReLU layer of the player with the largest share.
    """

    step: int
    low: float
    high: float
    auc: float
    std_ratio: float
    variety: float
    dead_g: float
    dead_d: float


@dataclass(frozen=True)
class Evidence:
    """The data for the findings: of a game of `steps` steps, its history and its visits; the last visit is now.

    rates: of D and G, or None if their optimisers are of different kinds. reach: the smallest and the largest number
    that G's last layer can give, or None. rows: the number of examples in the batches of each player's batch
    normalisation, by the player's name.
    """

    steps: int
    history: Mapping[str, Sequence[float]]
    visits: Sequence[Visit]
    objective: Objective
    rates: tuple[float, float] | None
    reach: tuple[float, float] | None
    rows: dict[str, int]

    @classmethod
    def of(cls, game: Game, steps: int, visits: Sequence[Visit]) -> Evidence:
        """The evidence of a game after its visits."""
        alike = type(game.optimiser_d) is type(game.optimiser_g)
        rows = {"G": (game.generator, game.batch), "D": (game.discriminator, game.batch // _pack(game))}
        return cls(steps, game.history, visits, game.goals, (game.rate_d, game.rate_g) if alike else None,
                   _reach(game.generator),
                   {name: n for name, (player, n) in rows.items()
                    if any(isinstance(m, nn.BatchNorm) for _, m in player.modules())})


def visit(game: Game, rng: np.random.Generator) -> Visit:
    """Runs copies of both players on examples drawn from `rng`; the game does not change, to the last bit."""
    g, d = _watched(game.generator), _watched(game.discriminator)
    n = -(-EXAMPLES // _pack(game)) * _pack(game)
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        x, *condition = _draw(game.data, n, rng, d)
        fake = g(*_draw(game.noise, n, rng, g), *condition)
        real_logits, fake_logits = (_host(d(batch, *condition)).ravel() for batch in (x, fake))
    anchors = _host(_draw(game.data, ANCHORS, rng, d)[0]).reshape(ANCHORS, -1)
    x, fake = (_host(a).reshape(n, -1) for a in (x, fake))
    above = np.sign(real_logits[:, None] - fake_logits).mean()
    return Visit(game.step, x.min().item(), x.max().item(), (1 + above.item()) / 2,
                 (fake.std(axis=0).mean() / max(x.std(axis=0).mean(), 1e-12)).item(),
                 float(np.exp(_heap(x, anchors) - _heap(fake, anchors))), _dead(g), _dead(d))


def _heap(x, anchors):
    """The reverse KL of the numbers of rows of x that are nearest to each anchor: 0 if they are equal."""
    square = (anchors * anchors).sum(axis=1) - 2 * x @ anchors.T  # without x * x, which is the same for all anchors
    return reverse_kl(np.bincount(square.argmin(axis=1), minlength=len(anchors)))


def _pack(game):
    """The number of examples in a pack of D, 1 without packs."""
    return next((m.size for _, m in game.discriminator.modules() if isinstance(m, nn.Pack)), 1)


def _reach(generator):
    layers = [m for _, m in generator.modules()
              if not any(m.children()) and not isinstance(m, (nn.Reshape, nn.Flatten))]
    return {nn.Tanh: (-1.0, 1.0), nn.Sigmoid: (0.0, 1.0)}.get(type(layers[-1])) if layers else None


def _draw(source, n, rng, player):
    """Draws n examples or latents and their further inputs, as inputs of the player."""
    return [input_of(player, a) for a in parts(source(n, rng))]


def _host(a):
    return np.asarray(backend.to(unwrap(a), "cpu"), np.float64)


class _Watched(nn.ReLU):
    """A ReLU that records which of its units were ever above 0."""

    on: Any = False

    def forward(self, x):
        a = unwrap(x)
        self.on = self.on | (a > 0).any(axis=tuple(range(a.ndim - 1)))
        return super().forward(x)


def _watched(player):
    """A copy of the player with _Watched in place of each ReLU."""
    player = deepcopy(player)
    for _, m in player.modules():
        if type(m) is nn.ReLU:
            m.__class__ = _Watched
    return player


def _dead(player):
    return max((1 - float(m.on.mean()) for _, m in player.modules() if isinstance(m, _Watched) and m.on is not False),
               default=0.0)
