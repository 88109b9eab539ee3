"""The arguments of release 0.1: each makes the same game, with a DeprecationWarning."""
import pytest
from networks import game

import tinygan as tg
from tinygan.game import Game, train
from tinygan.penalties import R1, GradientPenalty, InstanceNoise, Unrolled, WeightClipping

OLD = {"r1": 0.5, "gp": 2.0, "clip": 0.3, "instance_noise": 0.2, "unroll": 2, "unroll_rate": 0.3}
NEW = [R1(0.5), GradientPenalty(2.0), WeightClipping(0.3), InstanceNoise(0.2), Unrolled(2, 0.3)]


def old_game(**options):
    new = game("dense")
    return Game(new.generator, new.discriminator, new.data, new.noise, new.rng, batch=8, **options)


def test_the_arguments_of_release_0_1_make_the_same_game():
    with pytest.warns(DeprecationWarning, match="use remedies=") as caught:
        old = old_game(**OLD)
    assert caught[0].filename == __file__
    assert old.remedies == NEW
    with pytest.warns(DeprecationWarning, match="rate_d and rate_g"):
        old = old_game(rate=(1e-3, 2e-3))
    assert (old.rate_d, old.rate_g, old.rate) == (1e-3, 2e-3, (1e-3, 2e-3))
    adams = tg.updates.Adam(), tg.updates.Adam(0.5)
    with pytest.warns(DeprecationWarning, match="optimiser_d and optimiser_g"):
        old = old_game(optimisers=adams)
    assert old.optimisers == adams
    with pytest.warns(DeprecationWarning, match="rate_d and rate_g"):
        old.rate = 3e-3, 4e-3
    assert (old.rate_d, old.rate_g) == (3e-3, 4e-3)
    old.rate = 5e-3
    assert (old.rate_d, old.rate_g, old.rate) == (5e-3, 5e-3, 5e-3)
    with pytest.raises(AttributeError, match=r"r1 is now a number of one of game\.remedies"):
        old.r1 = 1.0
    with pytest.warns(DeprecationWarning, match="use stepper="):
        assert train(old, 1, play=lambda game, steps: tg.game.step(game, steps)).step == 1
