"""A run at its edges: folders that cannot be used, numbers that are not finite, growth, styles, metrics."""
import json
from pathlib import Path

import numpy as np
import pytest
from helpers import one_line

from tinygan.game import Diverged, train
from tinygan.runs import Config, Run, RunError, run


def config(recipe="ring", data="ring", steps=6, **settings):
    """A config of a small run."""
    return Config(recipe, steps, 0, 8, "float32", "cpu", data, settings)


# The folder

def test_a_folder_holds_one_run(tmp_path):
    Run.create(tmp_path, config()).unlock()
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(RunError, match=r"holds a run already; continue it with --resume, or choose .*--out$") as caught:
        Run.create(tmp_path, config(steps=9))
    assert one_line(caught).startswith(str(tmp_path))
    assert (tmp_path / "config.json").read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/run: the run folder cannot be written: Not a directory \(frames\)$"):
        Run.create(tmp_path / "file" / "run", config())


def test_a_folder_with_a_config_has_a_checkpoint(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(run, "write", full)
        with pytest.raises(RunError, match=r"cannot be written: No space left on device$"):
            Run.create(tmp_path, config())
    assert (tmp_path / "checkpoint.npz").exists()
    assert not (tmp_path / "config.json").exists()
    assert Run.create(tmp_path, config()).game.step == 0  # the next start takes the folder


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(RunError, match=r"there is no run here \(no config\.json\)$"):
        Run.open(tmp_path)
    (tmp_path / "config.json").mkdir()
    with pytest.raises(RunError, match=r"config\.json is a folder, expected a file$") as caught:
        Run.open(tmp_path)
    one_line(caught)


def test_a_new_number_of_steps_is_written(tmp_path):
    made = Run.create(tmp_path, config())
    assert not made.config_changed
    made.config.steps = 9
    made.write_config()
    assert Run.open(tmp_path).config.as_json() == {**made.config.as_json(), "steps": 9}
    assert (tmp_path / "config.json").read_bytes().endswith(b"}\n")


def test_numbers_that_are_not_finite_are_not_saved(tmp_path):
    made = Run.create(tmp_path, config())
    train(made.game, 2)
    made.save()
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    made.game.generator.theta[3] = np.nan
    made.game.step = 3
    with pytest.raises(Diverged, match=r"step 3: generator/.* is not finite"):
        made.save()
    assert made.saved_step == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == kept


def test_opening_draws_and_writes_nothing(tmp_path):
    Run.create(tmp_path, config()).unlock()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    opened = Run.open(tmp_path)
    state = opened.game.rng.bit_generator.state
    opened.samples(3, np.random.default_rng(0)), opened.load_data()
    assert opened.game.rng.bit_generator.state == state
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


# The players

@pytest.mark.parametrize(("step", "stage", "alpha"), [(0, 0, 1.0), (3, 1, 4 * 3 / 53 / 0.15 - 1), (53, 2, 1.0)])
def test_players_that_grow_are_opened_at_their_size(step, stage, alpha, tmp_path):
    made = Run.create(tmp_path, config("progressive", "digits16", 53, width=2))
    made.game.step = step
    made.save()
    growth = Run.open(tmp_path).game.generator.growth
    assert growth.stage == stage
    assert growth.alpha == pytest.approx(alpha)


def test_only_styles_are_mixed(tmp_path):
    with pytest.raises(RunError, match=r"--mix: the recipe of nowhere has no styles$"):
        Run(Path("nowhere"), config(), config().start()).style_mixing(np.random.default_rng(0))
    styled = config("style", "shapes", width=2)
    mixed = Run(Path("styled"), styled, styled.start()).style_mixing(np.random.default_rng(0))
    assert mixed.shape == (81, 16, 16, 3)
    assert (mixed[0] == 1).all()  # the empty corner


# The metrics

def test_metrics_are_those_of_the_samples():
    made = Run("nowhere", config(), config().start())
    evaluator = made.config.evaluator()
    samples = made.samples(60, np.random.default_rng(1))
    assert made.evaluate(60, np.random.default_rng(1)) == evaluator.figures(samples)
    assert made.baselines(60, np.random.default_rng(1)) == evaluator.baselines(60, np.random.default_rng(1))


def test_without_a_number_metrics_are_of_as_many_samples_as_the_data_need(monkeypatch):
    made = Run("nowhere", config(), config().start())
    drawn = []
    monkeypatch.setattr(made, "samples", lambda n, rng: drawn.append(n) or np.zeros((n, 2), np.float32))
    made.evaluate(None, np.random.default_rng(0))
    assert drawn == [made.config.evaluator().count] == [2500]


def test_the_facts_of_drawn_data_are_in_the_config(tmp_path):
    Run.create(tmp_path, config()).unlock()
    assert json.loads((tmp_path / "config.json").read_text())["examples"] == {
        "shape": [2], "classes": 8, "names": [], "count": 0, "range": []}
