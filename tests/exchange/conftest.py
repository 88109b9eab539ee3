"""A fixture that the tests of the exchange share: a run of every recipe after three steps."""
import numpy as np
import pytest
from exchange_cases import CASES, config, fill

from tinygan.game import train
from tinygan.runs import Run


@pytest.fixture(scope="session", params=CASES)
def run(request, tmp_path_factory):
    """A run after three steps."""
    run = Run.create(tmp_path_factory.mktemp("runs") / request.param, config(request.param))
    train(run.game, 3)
    for player in (run.game.generator, run.game.discriminator):
        fill(player, np.random.default_rng(1))
    if run.game.average is not None:
        run.game.average.theta[:] = run.game.generator.theta
    run.save()
    run.unlock()
    return Run.open(run.folder)
