"""A recurrent GAN: G writes a sequence step by step, and D reads it step by step."""
from __future__ import annotations

from tinygan import nn
from tinygan.ops.reduce import mean
from tinygan.ops.shape import broadcast_to
from tinygan.zoo import players
from tinygan.zoo.recipe import Recipe

CELLS = {"gru": nn.GRUCell, "rnn": nn.RNNCell}


class Repeat(nn.Module):
    """z (n, latent) -> (n, length, latent): the same z at every step."""

    def __init__(self, length):
        self.length = length

    def forward(self, z):
        n, size = z.shape
        return broadcast_to(z.reshape((n, 1, size)), (n, self.length, size))


class Mean(nn.Module):
    """(n, time, hidden) -> (n, hidden): the mean over all steps."""

    def forward(self, x):
        return mean(x, 1)


def networks(shape, latent, rng, *, width=32, cell="gru", packing=1, minibatch_std=False):
    """Both players for sequences (n, time, features): G gets z at every step, D gives one logit for each sequence.

    The features of D are the mean of the hidden states h over all steps. width: the size of h. cell: a name in `CELLS`.
    `players.discriminator` explains the other options.
    """
    players.expect_shape(len(shape) == 2 and shape[0] >= 2, "sequences (n, time, features) of two steps or more", shape)
    length, features = shape
    g = nn.Sequential(Repeat(length), nn.Recurrent(CELLS[cell](latent, width, rng=rng)),
                      nn.Dense(width, features, rng=rng, initial=nn.initial.uniform))
    body = [nn.Recurrent(CELLS[cell](packing * features, width, rng=rng)), Mean()]
    return g, players.discriminator(body, width, rng, packing=packing, minibatch_std=minibatch_std,
                                    initial=nn.initial.uniform)


_SOURCES = ("Mogren 2016 (C-RNN-GAN); Esteban, Hyland & Ratsch 2017 (RCGAN); GRU: Cho et al. 2014; "
            "R1: Mescheder et al. 2018")

RECIPES = [
    Recipe("sequence", "a recurrent GAN on sines of two frequencies, 16 steps", _SOURCES, networks, "sines", latent=8,
           steps=3000, betas=(0.0, 0.99), average=0.999, game={"rate": 8e-3, "decay": True, "r1": 0.1}),
]
