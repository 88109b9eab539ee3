"""The evidence of the doctor: a visit sees the state of the game, and leaves no trace."""
import numpy as np
import pytest
from helpers import same, to_foreign

import tinygan as tg
from tinygan import nn
from tinygan.doctor.evidence import Evidence, visit
from tinygan.game import Game, latent, train
from tinygan.updates import Adam, Momentum
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change
from tinygan.zoo.settings import parse_settings as meant

# The evidence for the findings

def test_rates_of_different_optimisers_are_not_compared():
    game = RECIPES["ring"].start()
    game.rate_d, game.rate_g = 1e-1, 1e-4
    assert Evidence.of(game, 10, []).rates == (1e-1, 1e-4)
    game.optimiser_d, game.optimiser_g = Momentum(), Adam()
    assert Evidence.of(game, 10, []).rates is None


# A visit

def test_a_visit_sees_what_there_is():
    class Copy(nn.Module):
        def forward(self, z):
            return tg.Tensor(tg.data.ring(len(z), np.random.default_rng(5)))
    rng = np.random.default_rng(0)
    blind = nn.Sequential(nn.Dense(2, 4, rng=rng), nn.ReLU(), nn.Dense(4, 1, rng=rng))
    blind[0].weight.data[:], blind[0].bias.data[:] = 0, [-1, -1, -1, 1]
    seen = visit(Game(Copy(), blind, tg.data.ring, latent(2), rng), np.random.default_rng(1))
    assert (seen.step, seen.auc, seen.dead_g, seen.dead_d) == (0, 0.5, 0.0, 0.75)
    assert seen.std_ratio == pytest.approx(1, abs=0.1)
    assert seen.variety == pytest.approx(1, abs=0.2)
    assert -1.1 < seen.low < -0.9 < 0.9 < seen.high < 1.1
    blind[0].weight.data[:] = np.eye(2, 4)  # the output depends on the place, and all fakes are in one place
    blind[2].weight.data[:] = [[-1], [-1], [0], [0]]
    one = Game(nn.Sequential(nn.Dense(2, 2, rng=rng)), blind, tg.data.ring, latent(2), rng)
    one.generator[0].weight.data[:], one.generator[0].bias.data[:] = 0, 5
    seen = visit(one, np.random.default_rng(1))
    assert (seen.auc, seen.std_ratio) == (1.0, 0.0)
    assert seen.variety < 0.15


@pytest.mark.parametrize(("recipe", "settings"), [
    ("ring", ["packing=3", "spectral_norm=true"]), ("digits", []), ("conditional", []), ("style", []),
    ("progressive", [])])
def test_a_visit_leaves_no_trace(recipe, settings, tmp_path):
    games = [change(RECIPES[recipe], meant(RECIPES[recipe], settings)).start(batch=6) for _ in range(2)]
    for step in (1, 2):
        visit(games[1], np.random.default_rng(0))
        for game in games:
            train(game, step)
    assert same(*games)


def test_a_visit_on_a_device():
    rng = np.random.default_rng(0)
    g = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.BatchNorm(8), nn.ReLU(), nn.Dense(8, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.ReLU(), nn.Dense(8, 1, rng=rng))
    game = Game(g, d, tg.data.ring, latent(2), rng)
    on_host = visit(game, np.random.default_rng(0))
    to_foreign(g), to_foreign(d)
    assert visit(game, np.random.default_rng(0)) == pytest.approx(on_host, rel=1e-4)
