"""A recurrent GAN: both players read or write a sequence step by step."""
from __future__ import annotations

from tinygan import nn
from tinygan.data import DataError
from tinygan.ops.reduce import mean
from tinygan.ops.shape import broadcast_to
from tinygan.zoo.recipe import Recipe


class Repeat(nn.Module):
    """z (n, latent) -> (n, length, latent): the same at every step."""

    def __init__(self, length):
        self.length = length

    def forward(self, z):
        n, size = z.shape
        return broadcast_to(z.reshape((n, 1, size)), (n, self.length, size))


class Mean(nn.Module):
    """(n, time, hidden) -> (n, hidden): the mean over all steps."""

    def forward(self, x):
        return mean(x, 1)


def generator(shape, latent, rng, hidden=32):
    """z (n, latent), seen at every step -> sequences (n, time, features)."""
    length, features = shape
    return nn.Sequential(Repeat(length), nn.Recurrent(nn.GRUCell(latent, hidden, rng=rng)),
                         nn.Dense(hidden, features, rng=rng, initial=nn.initial.uniform))


def discriminator(shape, rng, hidden=32):
    """Sequences (n, time, features) -> logits (n, 1): the mean of what each step says, having read so far."""
    return nn.Sequential(nn.Recurrent(nn.GRUCell(shape[1], hidden, rng=rng)), Mean(),
                         nn.Dense(hidden, 1, rng=rng, initial=nn.initial.uniform))


def networks(shape, latent, rng):
    """Both players for sequences of any length from 2."""
    if len(shape) != 2 or shape[0] < 2:
        raise DataError("this recipe is for sequences (n, time, features) of two steps or more; "
                        f"the data are of shape (n, {', '.join(map(str, shape))})")
    return generator(shape, latent, rng), discriminator(shape, rng)


_SOURCES = ("Mogren 2016 (C-RNN-GAN); Esteban, Hyland & Ratsch 2017 (RCGAN); GRU: Cho et al. 2014; "
            "R1: Mescheder et al. 2018")

RECIPES = [
    Recipe("sequence", "a recurrent GAN on sines of two frequencies, 16 steps", _SOURCES, networks, "sines", latent=8,
           steps=3000, betas=(0.0, 0.99), average=0.999, game={"rate": 8e-3, "decay": True, "r1": 0.1}),
]
