"""Recipes: the game that one makes, and its data source."""
from dataclasses import replace

import numpy as np
import pytest

from tinygan import data
from tinygan.game import SettingError
from tinygan.updates import Adam
from tinygan.zoo import RECIPES, vanilla
from tinygan.zoo.recipe import Recipe
from tinygan.zoo.settings import change, usual

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


SMALL = {"latent": 2, "width": 4}
REMEDIES = {"packing": 2, "minibatch_std": True, "spectral_norm": True}


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.data in (
    "digits", "digits14", "digits16", "ring", "gaussian", "sines", "shapes")])
def test_players_have_at_most_the_weights_that_they_may(name):
    recipe = RECIPES[name]
    recipe = change(recipe, {key: value for key, value in {**SMALL, **REMEDIES}.items() if key in usual(recipe)})
    free = recipe.start(batch=4)
    count = sum(a.size for player in (free.generator, free.discriminator) for a in player.state_dict().values())
    bounded = recipe.start(batch=4, most=count)
    for player in ("generator", "discriminator"):
        np.testing.assert_array_equal(getattr(free, player).theta, getattr(bounded, player).theta)
    assert free.rng.bit_generator.state == bounded.rng.bit_generator.state
    biases = sum(a.size for player in (free.generator, free.discriminator) for key, a in player.state_dict().items()
                 if a.ndim == 1)
    with pytest.raises(SettingError, match=r"the players need more weights than the .* there are"):
        recipe.start(batch=4, most=count - biases - 1)
