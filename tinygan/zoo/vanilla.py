"""The vanilla GAN: two plain networks, on points (Goodfellow et al. 2014)."""
from __future__ import annotations

from tinygan import nn
from tinygan.data import DataError
from tinygan.zoo import players
from tinygan.zoo.recipe import Recipe


def mlp(sizes, rng, activation=nn.ReLU):
    """Dense layers of the given sizes with an activation between them.

    Drawn uniformly within 1 / sqrt(fan_in): on the ring 95 % of the points are of high quality, with He's law 90 %.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Dense(inputs, outputs, rng=rng, initial=nn.initial.uniform), activation()]
    return nn.Sequential(*layers[:-1])


def networks(shape, latent, rng, *, width=128, packing=1, minibatch_std=False, spectral_norm=False):
    """Three hidden layers of `width` in each; points (n, d), from z of any size. The rest: `players.discriminator`."""
    refuse_other(shape)
    g = mlp([latent, width, width, width, *shape], rng)
    body = [*mlp([packing * shape[0], width, width, width], rng).layers, nn.ReLU()]
    return g, players.discriminator(body, width, rng, packing=packing, minibatch_std=minibatch_std,
                                     spectral_norm=spectral_norm, initial=nn.initial.uniform)


def refuse_other(shape):
    """DataError unless `shape` is that of a point."""
    if len(shape) != 1:
        raise DataError(f"this recipe is for points (n, d); the data are of shape (n, {', '.join(map(str, shape))})")


_R1 = {"rate": 1e-3, "decay": True, "r1": 0.1}
_SOURCES = "Goodfellow et al. 2014; R1: Mescheder et al. 2018; the task: Metz et al. 2017"

RECIPES = [
    Recipe("ring", "a dense GAN on eight Gaussians on a circle", _SOURCES, networks, "ring", latent=2, steps=5000,
           batch=256, betas=(0.5, 0.9), average=0.999, game=_R1),
    Recipe("grid", "a dense GAN on twenty-five Gaussians on a grid", _SOURCES, networks, "grid", latent=2, steps=8000,
           batch=256, betas=(0.5, 0.9), average=0.999, game=_R1),
    Recipe("gaussian", "a dense GAN on one Gaussian in one dimension", _SOURCES, networks, "gaussian", latent=1,
           steps=2000, batch=256, betas=(0.5, 0.9), average=0.999, game=_R1),
]
