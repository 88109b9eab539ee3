"""Recipes: the game that one makes, and its data source."""
from dataclasses import replace

import numpy as np

from tinygan import data
from tinygan.updates import Adam
from tinygan.zoo import vanilla
from tinygan.zoo.recipe import Recipe

PLAIN = Recipe("plain", "", "", vanilla.networks, "ring", latent=3, steps=10, batch=6, betas=(0.3, 0.7), average=0.9,
               game={"k": 2, "rate": 0.01}, players={"width": 5})


def test_a_recipe_makes_its_game():
    game = PLAIN.start()
    assert (game.step, game.batch, game.k, game.rate) == (0, 6, 2, 0.01)
    assert [(type(o), o.beta1, o.beta2) for o in game.optimisers] == [(Adam, 0.3, 0.7)] * 2
    assert game.average.decay == 0.9
    assert game.generator[0].weight.shape == (3, 5)
    assert game.noise(4, np.random.default_rng(0)).shape == (4, 3)
    assert game.data(4, np.random.default_rng(0)).shape == (4, 2)
    other = PLAIN.start(batch=7, dtype="float64", data="grid")
    assert (other.batch, other.generator.theta.dtype) == (7, np.float64)
    np.testing.assert_array_equal(other.data(5, np.random.default_rng(0)), data.grid(5, np.random.default_rng(0)))
    assert replace(PLAIN, average=0).start().average is None


def test_the_seed_is_all_that_is_drawn_from():
    games = [PLAIN.start(seed) for seed in (0, 0, 1)]
    first, same, other = (np.concatenate([g.generator.theta, g.discriminator.theta, [g.rng.random()]]) for g in games)
    np.testing.assert_array_equal(first, same)
    assert (first != other).mean() > 0.8
