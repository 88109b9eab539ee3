"""The script `quality.py` plays the same game with PyTorch as with tinygan, and makes its table."""
import sys

import numpy as np
import pytest
import quality

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("name", ["Q1", "Q2 raw", "Q6", *(
    pytest.param(name, marks=pytest.mark.slow) for name in ("Q4", "Q5", "Q6 projection", "Q6 shuffled"))])
def test_both_peers_play_the_same_game(torch, name):
    recipe = quality.TASKS[name].build_recipe()
    data = recipe.start(0).data(50, np.random.default_rng(1))
    x, *labels = data if isinstance(data, tuple) else (data,)
    z = recipe.start(0).noise(50, np.random.default_rng(1))
    (g, d), (their_g, their_d) = (play(recipe, 3, 3) for play in quality.PEERS.values())
    untrained = recipe.start(3)
    for ours, theirs, before, given in ((g, their_g, untrained.generator, z), (d, their_d, untrained.discriminator, x)):
        moved = np.abs(ours(given, *labels) - quality.generate(before, given, *labels)).mean()
        assert moved > .01
        # in float32, with Adam at its first steps
        assert np.abs(ours(given, *labels) - theirs(given, *labels)).mean() < .02 * moved


def test_labels_at_random():
    for name, share in (("Q6", 0.9), ("Q6 shuffled", 0)):
        task = quality.TASKS[name]
        x, labels = task.build_recipe().start(0).data(500, np.random.default_rng(0))
        assert share <= (task.evaluator().classify(x) == labels).mean() <= share + 0.2


def test_the_script_goes_on_and_makes_a_table(torch, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["quality.py", "Q1", "Q2", "--seeds", "0-1", "--steps", "2", "--out", "q.csv"])
    monkeypatch.chdir(tmp_path)
    quality.main()
    assert capsys.readouterr().out.count("\n") == 8
    quality.main()  # complete
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "argv", ["quality.py", "--table", "q.csv"])
    quality.main()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert len({len(row) for row in rows}) == 1
    assert [row[1] for row in rows[2:]] == ["mean", "sd", "d_gap", "modes", "hq", "reverse_kl"]
    assert rows[2][0] == "Q1: N(4, .5) in one dimension, 2 seeds"
    assert rows[5][-2:] == ["0 of 2", "0 of 2"]  # two steps reach no mode
    assert rows[5][4] == "8"
