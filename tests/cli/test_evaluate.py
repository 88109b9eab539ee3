"""`tinygan evaluate`: a table or JSON, of a run or of several."""
import json

import pytest
from commands import untrained
from helpers import fails
from PIL import Image

from tinygan.cli import main


def test_evaluate_prints_a_table_and_json(run, capsys):
    assert main(["evaluate", "run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run at step 6"
    assert lines[1].split() == ["run", "real", "data", "noise", "better"]
    assert {line.split()[0]: line.split()[-1] for line in lines[2:]} == {
        "modes": "higher", "hq": "real", "reverse_kl": "lower", "sliced_wasserstein": "lower", "one_nn": "real"}
    assert main(["evaluate", "run", "--json", "-n", "500"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["step"] == 6
    assert figures["real"]["modes"] == 8
    assert figures["real"]["hq"] > .95 > figures["noise"]["hq"]
    assert 0 <= figures["hq"] <= 1


def test_evaluate_gives_medians_and_quartiles_of_several_runs(run, capsys):
    for seed in (1, 2):
        untrained("ring", f"run-{seed}", seed)
    assert main(["evaluate", "run", "run-1", "run-2", "-n", "300"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["run at step 6", "run-1 at step 0", "run-2 at step 0"]
    assert lines[3].startswith(" ")
    assert "median (quartiles)" in lines[3]
    assert main(["evaluate", "run", "run-1", "run-2", "-n", "300", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    each = sorted(row["sliced_wasserstein"] for row in figures["runs"])
    low, median, high = figures["quartiles"]["sliced_wasserstein"]
    assert each[0] <= low <= median == each[1] <= high <= each[2]
    assert figures["real"]["modes"] == 8
    untrained("gaussian", "other")
    assert fails(capsys, "evaluate", "run", "other") == (
        "tinygan evaluate: medians need runs of one kind: other has recipe gaussian, run ring")


def test_too_few_samples_are_the_options_mistake(run, capsys):
    assert fails(capsys, "evaluate", "run", "-n", "1") == (
        "tinygan evaluate: -n 1: one_nn_accuracy: real has 1 row, expected at least 2")


@pytest.mark.parametrize("recipe", ["digits14", pytest.param("digits", marks=pytest.mark.slow)])
def test_evaluate_digits(recipe, capsys):
    untrained(recipe, "run")
    assert main(["evaluate", "run", "-n", "300", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["real"]["fcd"] < figures["fcd"]
    assert figures["real"]["one_nn"] < figures["one_nn"]
    assert figures["noise"]["coverage"] < .02


@pytest.mark.slow
@pytest.mark.drawn
def test_sequences_are_judged_and_drawn(tmp_path, capsys):
    assert main(["train", "sequence", "--steps", "2", "--batch", "8", "--out", "run"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "run", "--json", "-n", "100"]) == 0
    assert {"purity", "least_share", "amplitude", "phase_bias"} <= set(json.loads(capsys.readouterr().out))
    assert main(["sample", "run", "-n", "12", "-o", "s.png"]) == 0
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size == (700, 600)
