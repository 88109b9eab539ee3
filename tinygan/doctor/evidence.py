"""What the doctor looks at: the history and the settings of a game, and now and then a batch through both players."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygan import backend, nn
from tinygan.game import Game, parts
from tinygan.metrics import reverse_kl
from tinygan.nn.module import input_of
from tinygan.objectives import Objective
from tinygan.ops.registry import unwrap
from tinygan.tensor import no_grad

EXAMPLES = 128  # that go through both players at a visit
ANCHORS = 16  # real examples to which the others are nearest


class Visit(NamedTuple):
    """What a batch of real examples x and one of fakes showed after `step` steps.

    low, high: the least and the greatest number in x. auc: how often D's logit of a real example is above that of a
    fake, 1/2 for guessing. std_ratio: the standard deviation over the batch, averaged over the features,
    of the fakes as a multiple of x's. variety: of 16 further real examples, the effective number to which fakes are
    nearest, exp(entropy), as a multiple of x's; by `reverse-kl`. dead_g, dead_d: the share of units that are off on the
    whole batch, in the ReLU layer of the player where it is largest.
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
    """All that a finding is found in: of a game of `steps` steps its history, and its visits, of which the last is now.

    rates: of D and G, or None where optimisers of two kinds make them different things. reach: the least and the
    greatest number that G's last layer can give, or None. rows: by the player's name, the examples in a batch that its
    batch normalisation sees.
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
        """What there is to know of a game that was visited."""
        alike = type(game.optimiser_d) is type(game.optimiser_g)
        rows = {"G": (game.generator, game.batch), "D": (game.discriminator, game.batch // _pack(game))}
        return cls(steps, game.history, visits, game.goals, (game.rate_d, game.rate_g) if alike else None,
                   _reach(game.generator),
                   {name: n for name, (player, n) in rows.items()
                    if any(isinstance(m, nn.BatchNorm) for _, m in player.modules())})


def visit(game: Game, rng: np.random.Generator) -> Visit:
    """Looks at copies of both players with examples drawn from `rng`: the game stays as it is, bit for bit."""
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
    """How unevenly the rows of x fall to the anchors that are nearest."""
    square = (anchors * anchors).sum(axis=1) - 2 * x @ anchors.T  # and x * x, which is the same for all
    return reverse_kl(np.bincount(square.argmin(axis=1), minlength=len(anchors)))


def _pack(game):
    """How many examples D sees at once."""
    return next((m.size for _, m in game.discriminator.modules() if isinstance(m, nn.Pack)), 1)


def _reach(generator):
    layers = [m for _, m in generator.modules()
              if not any(m.children()) and not isinstance(m, (nn.Reshape, nn.Flatten))]
    return {nn.Tanh: (-1.0, 1.0), nn.Sigmoid: (0.0, 1.0)}.get(type(layers[-1])) if layers else None


def _draw(source, n, rng, player):
    """n examples or latents, and what comes with them, as the player takes them."""
    return [input_of(player, a) for a in parts(source(n, rng))]


def _host(a):
    return np.asarray(backend.to(unwrap(a), "cpu"), np.float64)


class _Watched(nn.ReLU):
    """A ReLU that remembers which of its units were ever on."""

    on: Any = False

    def forward(self, x):
        a = unwrap(x)
        self.on = self.on | (a > 0).any(axis=tuple(range(a.ndim - 1)))
        return super().forward(x)


def _watched(player):
    """A copy of the player whose ReLUs are watched."""
    player = deepcopy(player)
    for _, m in player.modules():
        if type(m) is nn.ReLU:
            m.__class__ = _Watched
    return player


def _dead(player):
    return max((1 - float(m.on.mean()) for _, m in player.modules() if isinstance(m, _Watched) and m.on is not False),
               default=0.0)
