"""Games of a layer that breaks at a certain call."""
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.game import Game, latent
from tinygan.tensor import record


class Broken(nn.Module):
    """A student's layer: from the given call on, its value or its derivative is `bad`."""

    def __init__(self, calls, bad, where):
        self.calls, self.bad, self.where = calls, bad, where

    def forward(self, x):
        self.calls -= 1
        value, slope = (self.bad if self.calls < 0 and self.where == where else 1 for where in ("value", "derivative"))
        return record(x.data * np.float32(value), (x, lambda g, y, x: g * np.float32(slope)))


def broken_game(layer, player="discriminator"):
    rng = np.random.default_rng(0)
    layers = {"generator": [], "discriminator": []}
    layers[player] = [layer]
    g = nn.Sequential(nn.Dense(2, 4, rng=rng), *layers["generator"], nn.Dense(4, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 4, rng=rng), *layers["discriminator"], nn.Dense(4, 1, rng=rng))
    return Game(g, d, tg.data.ring, latent(2), rng, batch=8)
