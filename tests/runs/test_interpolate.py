"""Paths through latents: their points, and errors."""
import shutil

import numpy as np
import pytest

from tinygan import latent, zoo
from tinygan.runs import Config, Run
from tinygan.runs.interpolate import interpolate

SEED = np.random.default_rng
RECIPES = ["digits", "ring", "gaussian", "conditional", "conditional-ring"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs at step 0, made once."""
    folder = tmp_path_factory.mktemp("finished")
    for recipe in RECIPES:
        Run.create(folder / recipe, Config(recipe, 2, 0, 8, "float32", "cpu", zoo.RECIPES[recipe].data))
    return folder


@pytest.fixture
def _runs(finished, tmp_path, monkeypatch):
    """Copies of the runs in the folder where the commands run."""
    monkeypatch.chdir(shutil.copytree(finished, tmp_path / "runs"))


pytestmark = pytest.mark.usefixtures("_runs")


@pytest.mark.parametrize("kind", latent.PATHS)
@pytest.mark.parametrize("recipe", ["digits", "ring"])
def test_each_row_is_a_path_between_two_latents(recipe, kind):
    run = Run.open(recipe)
    examples = interpolate(run, 3, 5, kind, SEED(7))
    rng = SEED(7)
    a, b = run.game.noise(3, rng), run.game.noise(3, rng)
    assert examples.shape[:2] == (3, 5)
    for i, z in ((0, a), (2, latent.PATHS[kind](a, b, 0.5)), (4, b)):
        np.testing.assert_allclose(examples[:, i], run.generate(z), atol=1e-5)


def test_classes_on_a_path():
    run = Run.open("conditional")
    z = latent.path(*(run.game.noise(12, rng) for rng in [SEED(7)] * 2), 4, "spherical")
    for labels, expected in ([], np.arange(12) % 10), ([3], np.full(12, 3)):
        examples = interpolate(run, 12, 4, "spherical", SEED(7), labels)
        for i in range(4):
            np.testing.assert_allclose(examples[:, i], run.generate(z[:, i], expected), atol=1e-5)


@pytest.mark.parametrize("recipe", ["conditional", "conditional-ring"])
def test_between_two_classes_the_latent_stays(recipe):
    run = Run.open(recipe)
    z = run.game.noise(3, SEED(7))
    examples = interpolate(run, 3, 5, "spherical", SEED(7), [1, 6])
    for i, weights in ((0, [1, 0]), (1, [0.75, 0.25]), (4, [0, 1])):
        condition = np.zeros((3, run.classes), np.float32)
        condition[:, [1, 6]] = weights
        np.testing.assert_allclose(examples[:, i], run.generate(z, condition), atol=1e-5)
    np.testing.assert_allclose(examples[:, 0], run.generate(z, np.full(3, 1)), atol=1e-5)
    np.testing.assert_allclose(examples[:, -1], run.generate(z, np.full(3, 6)), atol=1e-5)
    assert not np.array_equal(examples[:, 0], examples[:, -1])
