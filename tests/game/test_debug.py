"""The origin of a number that is not finite: the first operation is found, and nothing is changed."""
import sys
from dataclasses import replace

import numpy as np
import pytest
from broken import Broken, broken_game
from helpers import fails

import tinygan as tg
from tinygan.game import Diverged, train
from tinygan.game.debug import Debug
from tinygan.zoo.sources import SOURCES


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize(("where", "name"), [("value", "forward"), ("derivative", "a pull-back")])
def test_debug_finds_the_first_operation(player, where, name):
    calls = 6 if player == "discriminator" else 2
    game, play = broken_game(Broken(calls, np.nan, where), player), Debug()
    with pytest.raises(Diverged, match=r"^step 2: "):
        train(game, 5, stepper=play)
    assert play.found.startswith(f"first in {name if where == 'derivative' else 'record'} (")
    if where == "value":
        assert f"in the {player}'s 1, with value (8, 4) from nan to nan" in play.found
    else:
        assert "broken.py" in play.found


def test_debug_changes_nothing():
    one, other = (train(broken_game(Broken(99, 1, "value")), 4, stepper=play) for play in (tg.game.step, Debug()))
    assert one.history == other.history
    np.testing.assert_array_equal(one.generator.theta, other.generator.theta)
    assert sys.getprofile() is None


def test_debug_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ring = SOURCES["ring"]

    def sometimes(n, rng):
        points = ring(n, rng)
        return points * np.float32(np.nan) if rng.random() > 0.7 else points
    monkeypatch.setitem(SOURCES, "ring", replace(ring, draw=sometimes))
    line = fails(capsys, "train", "ring", "--debug", "--out", "run", "--steps", "99", "--batch", "8")
    assert "is nan; a lower rate may help" in line
    assert "first in sometimes (test_debug.py, line" in line
    assert "in no layer, with points (8, 2) from" in line
    assert "keeps the checkpoint of step 0" in line
