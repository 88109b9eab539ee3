"""Data sources by name: their examples, their descriptions, and their metrics."""
from dataclasses import replace

import numpy as np
import pytest
from helpers import one_line
from PIL import Image

from tinygan import data
from tinygan.data import DataError
from tinygan.lab.state import SETS
from tinygan.metrics import BETTER, Evaluator
from tinygan.zoo import RECIPES
from tinygan.zoo.sources import SOURCES, Source, describe, evaluator_of, mixture, source

FETCHED = {"mnist", "fashion", "cifar10"}
SEED = np.random.default_rng
NAMES = [*SOURCES, "digits", "digits14", "digits16"]
PLAIN = {"ring": data.ring, "grid": data.grid, "gaussian": data.gaussian, "moons": data.moons, "sines": data.sines,
         "shapes": data.shapes}


@pytest.fixture
def folder(tmp_path):
    """Forty images of noise in two folders, `dark` and `light`."""
    draw = SEED(0)
    for name, top in (("dark", 100), ("light", 255)):
        (tmp_path / name).mkdir()
        for i in range(20):
            Image.fromarray(draw.integers(0, top, (32, 32), np.uint8)).save(tmp_path / name / f"{i}.png")
    return str(tmp_path)


def sequences(tmp_path):
    """A file of 40 sequences."""
    np.save(tmp_path / "own.npy", data.sines(40, SEED(3)))
    return str(tmp_path / "own.npy")


@pytest.mark.parametrize("name", SOURCES)
def test_a_named_source_draws_what_the_function_of_its_name_draws(name):
    rng, other = SEED(7), SEED(7)
    for n in (1, 50, 3):
        got, expected = SOURCES[name](n, rng), PLAIN[name](n, other)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    assert rng.bit_generator.state == other.bit_generator.state


@pytest.mark.parametrize("name", ["digits", "digits14", "digits16"])
def test_a_set_of_images_is_drawn_with_replacement(name):
    images = data.load(name)
    rows = SEED(7).integers(len(images.x), size=20)
    np.testing.assert_array_equal(source(name)(20, SEED(7)), images.x[rows])
    x, labels = source(name, labels=True)(20, SEED(7))
    np.testing.assert_array_equal(x, images.x[rows])
    np.testing.assert_array_equal(labels, images.labels[rows])


@pytest.mark.parametrize("name", NAMES)
def test_a_source_says_what_it_draws(name):
    found = source(name)
    x = found.draw(300, SEED(0))
    assert x.shape == (300, *found.shape)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, found(300, SEED(0)))
    assert isinstance(found.evaluate, Evaluator)
    assert evaluator_of(name).count == found.evaluate.count


@pytest.mark.parametrize("name", ["ring", "grid", "digits", "digits14"])
def test_labels_change_nothing_else(name):
    plain, labelled = source(name), source(name, labels=True)
    rng, other = SEED(1), SEED(1)
    x, labels = labelled(2000, rng)
    np.testing.assert_array_equal(x, plain(2000, other))
    assert rng.bit_generator.state == other.bit_generator.state
    assert set(labels.tolist()) == set(range(plain.classes)) == set(range(labelled.classes))
    assert np.mean(plain.evaluate.classify(x) == labels) > 0.95


@pytest.mark.parametrize(("name", "message"), [
    ("sines", "data 'sines': the examples have no labels"), ("moons", "data 'moons': the examples have no labels"),
    ("gaussian", "data 'gaussian': there is one class, and a condition needs at least two")])
def test_labels_that_are_not_there(name, message):
    with pytest.raises(DataError) as caught:
        source(name, labels=True)
    assert one_line(caught) == message


def test_a_folder_of_images(folder):
    found, labelled = source(folder), source(folder, labels=True)
    assert (found.shape, found.classes, labelled.classes) == ((32, 32, 1), 2, 2)
    x, labels = labelled(200, SEED(0))
    np.testing.assert_array_equal(labels, x.max(axis=(1, 2, 3)) > 0)  # only a light image has light pixels
    assert source(f"{folder}@8").shape == (8, 8, 1)
    with pytest.raises(DataError, match="the examples have no labels; of a folder, put the images of each class in a"):
        source(f"{folder}/dark", labels=True)


def test_a_file_of_sequences(tmp_path):
    name = sequences(tmp_path)
    found = source(name)
    assert (found.shape, found.classes) == ((16, 1), 0)
    everything = data.load_sequences(name)
    assert all((row == everything).all(axis=(1, 2)).any() for row in found(30, SEED(0)))
    with pytest.raises(DataError, match="the examples have no labels"):
        source(name, labels=True)


@pytest.mark.parametrize("make", [lambda folder, tmp_path: folder, lambda folder, tmp_path: sequences(tmp_path)])
def test_what_has_no_held_out_part_is_measured_against_a_half_of_it(make, folder, tmp_path):
    found = source(make(folder, tmp_path))
    assert len(found.evaluate.real(1000, SEED(0))) == 20
    real, noise = found.evaluate.baselines(20, SEED(0))
    assert real["sliced_wasserstein"] < noise["sliced_wasserstein"]


@pytest.mark.parametrize("name", ["no-such-set", "no/such/folder", "none.npy"])
def test_data_that_are_not_there(name):
    with pytest.raises(DataError) as caught:
        source(name)
    assert name in one_line(caught)


def test_an_own_mixture_knows_its_classes():
    found = mixture(np.array([[0, 0], [3, 0], [0, 3]], np.float32), 0.1)
    x, labels = replace(found, draw=found.labelled)(600, SEED(0))
    assert found.classes == 3
    for k, mean in enumerate([[0, 0], [3, 0], [0, 3]]):
        np.testing.assert_allclose(x[labels == k].mean(axis=0), mean, atol=0.05)
        assert x[labels == k].std() > 0
    figures = found.evaluate.figures(x)
    assert figures["modes"] == 3
    assert figures["hq"] > 0.95


def test_a_source_of_ones_own_trains(monkeypatch):
    monkeypatch.setitem(SOURCES, "own", mixture(np.array([[-1, 0], [1, 0]], np.float32), 0.2))
    game = RECIPES["conditional-ring"].start(0, 8, data="own")
    assert game.generator.classes == 2
    assert game.data(5, SEED(0))[0].shape == (5, 2)


def test_every_recipe_has_a_source():
    for recipe in RECIPES.values():
        if recipe.data not in FETCHED:
            assert source(recipe.data, labels=recipe.conditional).shape


def test_the_tables_agree():
    assert set(SOURCES) == set(PLAIN)
    assert [(row.name, row.shape) for row in describe()] == [(name, found.shape) for name, found in SOURCES.items()]
    assert all(isinstance(found, Source) for found in SETS.values())


MEANS = {"ring": (data.ring_means(), 0.01), "grid": (data.grid_means(), 0.05), "gaussian": (np.array([[4.0]]), 0.5)}


@pytest.mark.parametrize("name", MEANS)
def test_the_class_of_a_point_is_the_nearest_mean(name):
    found, (means, sigma) = SOURCES[name], MEANS[name]
    np.testing.assert_array_equal(found.evaluate.classify(means), np.arange(len(means)))
    points, labels = found.labelled(200, SEED(0))
    np.testing.assert_array_equal(points, found.draw(200, SEED(0)))
    assert np.linalg.norm(points - means[labels], axis=1).max() < 6 * sigma


@pytest.mark.parametrize(("name", "shape"), [("ring", (2,)), ("gaussian", (1,)), ("shapes", (16, 16, 3)),
                                             ("sines", (16, 1)), ("digits14", (14, 14, 1)), ("mine.npy", (5, 2))])
def test_a_source_and_the_shape_of_an_example(name, shape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("mine.npy", SEED(0).standard_normal((9, 5, 2)))
    found = source(name)
    assert found.shape == shape
    assert found(3, SEED(0)).shape == (3, *shape)


@pytest.mark.parametrize(("name", "shape", "classes"), [("ring", (2,), 8), ("digits14", (14, 14, 1), 10)])
def test_labelled_sources(name, shape, classes):
    found = source(name, labels=True)
    x, labels = found(300, SEED(0))
    assert (found.shape, found.classes) == (shape, classes)
    assert x.shape == (300, *shape)
    assert set(labels.tolist()) == set(range(classes))


# --- the metrics of samples ---

HERE = sorted({*SOURCES, *(recipe.data for recipe in RECIPES.values())} - FETCHED)


@pytest.mark.parametrize("name", HERE)
def test_every_judge_tells_real_data_from_noise(name):
    real, noise = evaluator_of(name).baselines(600 if name == "gaussian" else 300, np.random.default_rng(0))
    assert list(real) == list(noise)
    assert set(real) <= set(BETTER)  # each has a better direction
    # noise may have all modes, and no bias; all over the moons it also covers them
    blind = {"modes", "phase_bias"} | ({"recall"} if name == "moons" else set())
    assert real.keys() - blind
    for figure in real.keys() - blind:
        assert {"higher": real[figure] > noise[figure], "lower": real[figure] < noise[figure],
                "as real": real[figure] != noise[figure]}[BETTER[figure]], figure


def test_the_ends_of_the_scale_are_drawn_from_the_rng_alone():
    evaluator = evaluator_of("ring")
    scales = [evaluator.baselines(300, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert scales[0] == scales[1] != scales[2]


def test_one_dimension_is_judged_by_its_moments():
    real, noise = evaluator_of("gaussian").baselines(2500, np.random.default_rng(0))
    assert real["mean"] == pytest.approx(4, abs=.03)
    assert real["sd"] == pytest.approx(.5, abs=.03)
    assert real["hq"] > .99
    assert real["wasserstein"] < .05 < noise["wasserstein"]


@pytest.fixture
def sixty(tmp_path):
    """60 grey images, 8 bright and dark pixels each."""
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 255, (32, 32), np.uint8)).save(tmp_path / f"{i}.png")
    return str(tmp_path)


@pytest.mark.parametrize(("n", "found"), [(1, "1 example;"), (11, "11 examples;"), (12, None)])
def test_few_examples_are_too_few_to_evaluate(n, found, tmp_path):
    path = str(tmp_path / "x.npy")
    np.save(path, np.random.default_rng(0).normal(size=(n, 4, 1)))
    samples = np.zeros((20, 4, 1), np.float32) + np.arange(20)[:, None, None]
    if found is None:
        assert evaluator_of(path).figures(samples)["recall"] <= 1
    else:
        with pytest.raises(DataError, match=rf"x.npy': found {found} .*, expected at least 12$"):
            evaluator_of(path).figures(samples)


def test_a_folder_is_judged_by_pixels_against_a_half_of_it(sixty):
    evaluator = evaluator_of(sixty)
    real = evaluator.real(2000, np.random.default_rng(0))
    assert real.shape == (30, 32, 32, 1)
    everything = data.load(sixty).x
    assert evaluator.figures(everything)["coverage"] == 1
    half = evaluator.figures(real)
    assert half["one_nn"] > .3  # none of these is in the other half
    others = [x for x in everything if not (x == real).all(axis=(1, 2, 3)).any()]
    assert evaluator.figures(np.stack(others))["one_nn"] == 0  # they are the half itself
