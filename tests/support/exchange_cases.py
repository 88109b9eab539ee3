"""Runs for the tests of the exchange, and their samples."""
import numpy as np

from tinygan.exchange.files import channels_first, inputs
from tinygan.runs import Config
from tinygan.zoo import RECIPES

HERE = {"mnist": "digits", "fashion": "digits", "cifar10": "shapes"}  # data of the same form that need not be fetched


CASES = {**{name: (name, {}) for name in RECIPES}, "sequence-rnn": ("sequence", {"cell": "rnn", "packing": 2}),
         "digits-remedies": ("digits", {"halvings": 1, "width": 8, "packing": 2, "minibatch_std": True,
                                        "spectral_norm": True})}


def config(case, steps=53):  # three steps of 53: players that grow are at stage 1 then, and half faded in
    name, settings = CASES[case]
    recipe = RECIPES[name]
    return Config(name, steps, 0, 8, "float32", "cpu", HERE.get(recipe.data, recipe.data), settings)


def fill(network, rng):
    """Changes the first values of all parameters, so that a layer left out is noticed."""
    network.theta[:] += 0.1 * rng.standard_normal(network.theta.shape, np.float32)
    for _, owner, name in network.named_buffers():
        getattr(owner, name)[...] = rng.uniform(0.5, 1.5, getattr(owner, name).shape)
    return network


def drawn(run, n):
    """The samples of the run, images with channels first, and the inputs from which another library draws the same."""
    z = run.game.noise(n, np.random.default_rng(7))
    given = inputs(run, z)
    x = run.generate(z, given.get("labels"))
    assert len(x) == n
    assert np.abs(x).mean() > 0.05
    return channels_first(x), given


def same(y, x):
    """Tolerance: 1e-5 of the largest number, but at least 1e-5 (images of players after few steps exceed 1)."""
    np.testing.assert_allclose(y, x, rtol=0, atol=1e-5 * max(1, np.abs(x).max()))
