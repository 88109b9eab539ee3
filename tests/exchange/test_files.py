"""The files of an exchange: a saved player is loaded unchanged."""
import numpy as np
import pytest

from tinygan.cli import main
from tinygan.runs import Run


@pytest.mark.oracle
@pytest.mark.parametrize("run", ["ring", "conditional-ring", "progressive", "style", "digits-remedies"], indirect=True)
def test_what_went_comes_back(run, capsys):
    pytest.importorskip("safetensors")
    file, back = run.folder / "mine.safetensors", run.folder / "back"
    other = run.folder / "other.safetensors"
    for player, path in (("generator", file), ("discriminator", other)):
        assert main(["export", str(run.folder), "--to", "safetensors", "--player", player, "-o", str(path)]) == 0
    assert main(["import", str(file), "--discriminator", str(other), "--out", str(back)]) == 0
    x = [r.samples(4, np.random.default_rng(3)) for r in (run, Run.open(back))]
    np.testing.assert_array_equal(*x)
    np.testing.assert_array_equal(run.game.discriminator.theta, Run.open(back).game.discriminator.theta)
    assert (back / "samples.png").exists()
