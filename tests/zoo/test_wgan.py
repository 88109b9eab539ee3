"""Wasserstein GANs: the critic's advantage measures a distance; clipped weights pile up at the bound."""
import numpy as np
import pytest

from tinygan import nn
from tinygan.game import train
from tinygan.penalties import GradientPenalty
from tinygan.runs import generate
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change
from tinygan.zoo.sources import SOURCES


def distance(a, b):
    """The Wasserstein distance of two samples of one size on the line."""
    return np.abs(np.sort(a, axis=None) - np.sort(b, axis=None)).mean()


@pytest.mark.slow
def test_the_clipped_critics_advantage_follows_the_distance():
    """While G moves slowly from a distance of 4 to 1.5; the factor between the two is the critic's greatest slope."""
    small = change(RECIPES["wgan"], {"width": 32, "decay": False, "average": 0, "rate": (1e-3, 0)})
    game, rng, rows = small.start(data="gaussian", batch=128), np.random.default_rng(1), []
    train(game, 100)  # the critic learns the starting distance

    def look(game):
        if game.step % 10 == 0:
            true = distance(generate(game.generator, game.noise(2000, rng)), game.data(2000, rng))
            rows.append((true, game.history["d_value"][-1]))

    game.rate_d, game.rate_g = 1e-3, 1e-4
    train(game, 700, [look])
    true, advantage = np.array(rows).T
    assert true.max() - true.min() > 1
    assert np.corrcoef(true, advantage)[0, 1] > 0.9
    weights = np.abs(game.discriminator.theta)
    assert weights.max() == np.float32(0.1)
    assert (weights > 0.099).mean() > 0.5  # evenly spread it would be 1 %


@pytest.mark.slow
@pytest.mark.parametrize("shift", [1.0, -0.5])
def test_the_penalised_critics_advantage_is_the_distance(shift):
    """Of two Gaussians of one shape, |shift| apart. The best is |shift| (1 + |shift| / (2 gp)), as for T28."""
    small = change(RECIPES["wgan-gp"], {"width": 32, "latent": 1, "k": 1, "decay": False, "rate": (1e-3, 0)})
    game = small.start(data="gaussian")
    game.generator = nn.Dense(1, 1, rng=game.rng)
    game.generator.theta[:] = 0.5, 4 - shift
    train(game, 200)  # with a small penalty: against a large one a critic of the wrong sign could not pass the slope 0
    game.remedies = [GradientPenalty(20.0)]
    train(game, 1000)
    advantage = np.mean(game.history["d_value"][-300:])
    assert advantage == pytest.approx(abs(shift), rel=0.05)
    assert advantage == pytest.approx(abs(shift) * (1 + abs(shift) / 40), rel=0.02)


@pytest.mark.parametrize("name", ["wgan", "wgan-gp"])
def test_no_batch_norm_in_the_critic(name):
    game = RECIPES[name].start(batch=8)
    assert not any(isinstance(m, nn.BatchNorm) for _, m in game.discriminator.modules())
    assert (game.objective, game.k) == ("two-sample", 5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "hq"), [("wgan-gp", 0.8)])
def test_the_ring(name, hq):
    recipe = RECIPES[name]
    game = train(recipe.start(), recipe.steps)
    game.average.copy_to(game.generator)
    samples = generate(game.generator, game.noise(2500, np.random.default_rng(0)))
    figures = SOURCES["ring"].evaluate.figures(samples)
    assert figures["modes"] == 8
    assert figures["hq"] >= hq
