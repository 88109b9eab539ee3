"""The config of a run: it is saved and loaded unchanged, and begins the same game again."""
import json

import numpy as np
import pytest
from helpers import one_line

import tinygan
from tinygan.game import SettingError
from tinygan.runs import Config, Run, RunError
from tinygan.runs.checkpoint import fingerprint
from tinygan.zoo import RECIPES

RING = {"recipe": "ring", "steps": 6, "seed": 3, "batch": 8, "dtype": "float32", "device": "cpu", "data": "ring"}


def config(**other):
    """The config of a small run of the ring."""
    return Config(**{**RING, **other})


@pytest.mark.parametrize("settings", [{}, {"rate": (1e-4, 2e-4), "objective": "hinge", "r1": 0}])
def test_a_config_survives_its_file(settings):
    before = config(settings=settings)
    after = Config.read(json.dumps(before.as_json()), "here")
    assert after.as_json() == before.as_json()
    assert (after.recipe, after.steps, after.seed, after.batch) == ("ring", 6, 3, 8)
    assert (after.dtype, after.device, after.data, after.version) == ("float32", "cpu", "ring", tinygan.__version__)
    assert after.build_recipe() == before.build_recipe()


def test_the_version_that_began_a_run_is_kept():
    assert Config.read(json.dumps({**config().as_json(), "version": "0.0.1"}), "here").version == "0.0.1"


@pytest.mark.parametrize(("text", "message"), [
    ("[]", "found a list"),
    ("{", "cannot be read: "),
    ("{}", "missing"),
    ('{"a": ' * 10_000, "nested too deeply|Expecting value"),  # Python 3.14 reads it to its end
    (json.dumps({**RING, "step": 5}), "'step'"),
    (json.dumps({**RING, "steps": "6"}), "steps: got '6', expected int"),
    (json.dumps({**RING, "steps": 6.0}), "steps: got 6.0, expected int"),
    (json.dumps({**RING, "seed": -1}), "seed: got -1"),
    (json.dumps({**RING, "batch": 2**63}), "batch: got 9223372036854775808"),
    (json.dumps({**RING, "dtype": "float16"}), "dtype: got 'float16', expected float32 or float64"),
    (json.dumps({**RING, "device": "tpu"}), "device: got 'tpu', expected cpu or gpu"),
    (json.dumps({**RING, "settings": []}), r"settings: got \[\], expected dict"),
    (json.dumps({**RING, "version": None}), "version: got None, expected str"),
    (json.dumps({**RING, "recipe": "rnig"}), "'rnig'"),
    (json.dumps({**RING, "settings": {"rat": 1}}), "'rat'; did you mean rate?"),
    (json.dumps({**RING, "settings": {"r1": "x"}}), "r1 is 'x', expected a number of at least 0"),
])
def test_what_is_no_config_is_refused_in_one_line_that_begins_with_its_place(text, message):
    with pytest.raises(RunError, match=message) as caught:
        Config.read(text, "here/config.json")
    assert one_line(caught).startswith("here/config.json")
    assert len(one_line(caught)) < 300


def test_what_is_no_config_is_refused_when_it_is_made():
    for name, value in (("steps", 1.5), ("batch", True), ("dtype", "int8"), ("device", "cuda"), ("settings", None)):
        with pytest.raises(SettingError, match=name):
            config(**{name: value})


def test_a_config_begins_its_game():
    game = config(settings={"rate": 0.5, "average": 0, "latent": 3}).start()
    assert (game.step, game.batch, game.rate, game.average) == (0, 8, 0.5, None)
    assert game.noise(2, np.random.default_rng(0)).shape == (2, 3)
    assert game.generator.theta.dtype == np.float32
    assert config(dtype="float64").start().generator.theta.dtype == np.float64
    assert [len(column) for column in game.history.values()] == [0] * 7


def test_the_seed_is_all_that_a_game_begins_with():
    first, again, other = config().start(), config().start(), config(seed=4).start()
    for player in ("generator", "discriminator"):
        theta = getattr(first, player).theta
        np.testing.assert_array_equal(getattr(again, player).theta, theta)
        assert not np.array_equal(getattr(other, player).theta, theta)
    drawn = [game.data(4, game.rng) for game in (first, again, other)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_settings_change_the_recipe_of_this_config_alone():
    assert config(settings={"r1": 7}).build_recipe().game["r1"] == 7
    assert config().build_recipe().game["r1"] != 7


def test_a_config_knows_how_its_data_are_measured():
    judge = config(data="grid").evaluator()
    real, noise = judge.baselines(500, np.random.default_rng(0))
    assert real["modes"] == 25  # of the grid, not of the recipe's ring
    assert noise["hq"] < 0.5 < real["hq"]


@pytest.mark.parametrize("recipe", ["ring", "sequence", "progressive", "style"])
def test_a_game_that_begins_is_the_game_that_is_opened(recipe, tmp_path):
    """So that ranks agree, of which the first creates the run and the others open it."""
    data = RECIPES[recipe].data
    begun = Run.create(tmp_path / "run", config(recipe=recipe, data=data, settings={"width": 8})).game
    assert fingerprint(begun) == fingerprint(Run.open(tmp_path / "run").game)
