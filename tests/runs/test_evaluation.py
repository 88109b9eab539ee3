"""How the samples of each recipe are measured, and how figures are shown."""
import numpy as np
import pytest
from PIL import Image

from tinygan import data
from tinygan.metrics import BETTER
from tinygan.runs import report
from tinygan.runs.evaluation import evaluator_of
from tinygan.zoo import RECIPES

HERE = sorted({recipe.data for recipe in RECIPES.values()} - {"mnist", "fashion", "cifar10"})  # these are fetched


@pytest.fixture
def folder(tmp_path):
    """60 grey images, 8 bright and dark pixels each."""
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 255, (32, 32), np.uint8)).save(tmp_path / f"{i}.png")
    return str(tmp_path)


@pytest.mark.parametrize("name", HERE)
def test_every_judge_tells_real_data_from_noise(name):
    real, noise = evaluator_of(name).baselines(600, np.random.default_rng(0))
    assert list(real) == list(noise)
    assert set(real) <= set(BETTER)  # each says which way is better
    for figure, way in BETTER.items():
        if figure in real and figure not in ("modes", "phase_bias"):  # noise may have all, and no bias
            assert {"higher": real[figure] > noise[figure], "lower": real[figure] < noise[figure],
                    "as real": real[figure] != noise[figure]}[way], figure


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


def test_a_folder_is_judged_by_pixels_against_a_half_of_it(folder):
    evaluator = evaluator_of(folder)
    real = evaluator.real(2000, np.random.default_rng(0))
    assert real.shape == (30, 32, 32, 1)
    everything = data.load(folder).x
    assert evaluator.figures(everything)["coverage"] == 1
    half = evaluator.figures(real)
    assert half["one_nn"] > .3  # none of these is in the other half
    others = [x for x in everything if not (x == real).all(axis=(1, 2, 3)).any()]
    assert evaluator.figures(np.stack(others))["one_nn"] == 0  # they are the half itself


# Medians, quartiles and tables

RUNS = [{"fcd": 1.0, "modes": 10}, {"fcd": 2.0, "modes": 10}, {"fcd": 6.0, "modes": 8}]


def test_quartiles_of_runs():
    assert report.quartiles(RUNS) == {"fcd": (1.5, 2, 4), "modes": (9, 10, 10)}
    assert report.text(RUNS, "fcd") == "2 (1.5 to 4)"
    assert report.text(RUNS[2:], "fcd") == "6"


def test_a_table_has_a_line_a_figure_with_its_scale():
    lines = report.table(RUNS, {"fcd": 1.125, "modes": 10}, {"fcd": 117.9128}).splitlines()
    assert lines[0].split() == ["median", "(quartiles)", "real", "data", "noise", "better"]
    assert lines[1].split() == ["fcd", "2", "(1.5", "to", "4)", "1.125", "117.9", "lower"]
    assert lines[2].split() == ["modes", "10", "(9", "to", "10)", "10", "higher"]
    assert lines[1].index("1.125") == lines[0].index("real data")
    assert report.table(RUNS[:1], {}, {}).splitlines()[1].split() == ["fcd", "1", "lower"]
