"""Recipes: the game that one makes, where its data come from, and what it draws from."""
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tinygan import data
from tinygan.updates import Adam
from tinygan.zoo import vanilla
from tinygan.zoo.recipe import POINTS, Recipe, labelled_source, source

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


@pytest.mark.parametrize("name", POINTS)
def test_the_class_of_a_point_is_the_nearest_mean(name):
    mixture = POINTS[name]
    np.testing.assert_array_equal(mixture.classes(mixture.means), np.arange(len(mixture.means)))
    points, labels = mixture.draw_labelled(200, np.random.default_rng(0))
    np.testing.assert_array_equal(points, mixture.draw(200, np.random.default_rng(0)))
    assert np.linalg.norm(points - mixture.means[labels], axis=1).max() < 6 * mixture.sigma


@pytest.mark.parametrize(("name", "shape"), [("ring", (2,)), ("gaussian", (1,)), ("shapes", (16, 16, 3)),
                                             ("sines", (16, 1)), ("digits14", (14, 14, 1)), ("mine.npy", (5, 2))])
def test_a_source_and_the_shape_of_an_example(name, shape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("mine.npy", np.random.default_rng(0).standard_normal((9, 5, 2)))
    draw, found = source(name)
    assert found == shape
    assert draw(3, np.random.default_rng(0)).shape == (3, *shape)


def test_labelled_sources(tmp_path):
    for name, shape, classes in [("ring", (2,), 8), ("digits14", (14, 14, 1), 10)]:
        draw, found, count = labelled_source(name)
        x, labels = draw(300, np.random.default_rng(0))
        assert (found, count) == (shape, classes)
        assert x.shape == (300, *shape)
        assert set(labels.tolist()) == set(range(classes))
    with pytest.raises(data.DataError, match="data 'gaussian': there is one class, and a condition needs at least two"):
        labelled_source("gaussian")
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(data.DataError, match="its images have no labels; put those of each class in a subfolder"):
        labelled_source(str(tmp_path))
