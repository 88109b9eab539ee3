"""Some runs of the matrix; the script runs them all."""
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from tinygan.doctor.ailments import AILMENTS
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change, parse_settings

matrix = SimpleNamespace(**run_path(str(Path(__file__).with_name("matrix.py"))))


def test_the_matrix_has_runs_for_each_ailment_that_the_recipes_can_have():
    assert len(matrix.ILL) >= 60
    assert len(matrix.WELL) >= 30
    assert len({(case.name, case.batch, case.steps) for case in matrix.ILL}) == len(matrix.ILL)
    found = {name for case in matrix.ILL for name in case.expected}
    assert {ailment.name for ailment in AILMENTS} - found == {  # they need other data, or are found beside another
        "the data are out of G's reach", "the data are not of about size 1", "the rates are far apart"}
    for case in matrix.ILL + matrix.WELL:
        change(RECIPES[case.recipe], parse_settings(RECIPES[case.recipe], case.settings.split()))


CASES = [case for case in matrix.ILL if case.name in (
    "ring width=64 rate=5", "digits14 width=64 rate=0:1e-3", "wgan width=64 clip=1e-6", "gaussian width=1",
    "gaussian width=32 optimiser=momentum betas=0.99:0.9 rate=0.1 r1=0")]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_real_runs_with_broken_settings(case, tmp_path):
    told, now, _ = matrix.play(case, tmp_path / "run")
    assert set(case.expected) & set(told) & set(now)


@pytest.mark.slow
def test_a_real_run_that_goes_well(tmp_path):
    told, now, metrics = matrix.play(matrix.WELL[0], tmp_path / "run")
    assert (told, now) == ({}, [])
    assert metrics["hq"] > 0.9
