"""Activations as layers."""
import numpy as np
from helpers import host, on

from tinygan import nn


def test_activations_are_the_functions(xp):
    x = on(xp, np.arange(-6.0, 6.0).reshape(2, 3, 2))
    for layer, expected in [(nn.ReLU(), np.maximum(host(x), 0)), (nn.Tanh(), np.tanh(host(x))),
                            (nn.LeakyReLU(0.5), np.where(host(x) > 0, host(x), host(x) / 2)),
                            (nn.Sigmoid(), 1 / (1 + np.exp(-host(x))))]:
        np.testing.assert_allclose(host(layer(x)), expected)
