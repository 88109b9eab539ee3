"""The vanilla GAN: two plain networks, on points or on small images (Goodfellow et al. 2014)."""
from __future__ import annotations

import functools
import math

from tinygan import nn
from tinygan.zoo import players
from tinygan.zoo.recipe import Recipe


def mlp(sizes, rng, activation=nn.ReLU):
    """Dense layers of the given sizes with an activation between them.

    Initial weights are uniform within 1 / sqrt(fan_in): on the ring 95 % of the points have high quality; with He's
    initialisation 90 %.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Dense(inputs, outputs, rng=rng, initial=nn.initial.uniform), activation()]
    return nn.Sequential(*layers[:-1])


def networks(shape, latent, rng, *, width=128, slope=0.0, packing=1, minibatch_std=False, spectral_norm=False):
    """Both players for points (n, d), with three hidden layers of `width`, from z of any size.

    slope: of the discriminator's ReLUs below 0. `players.discriminator` explains the other options.
    """
    players.expect_shape(len(shape) == 1, "points (n, d)", shape)
    relu = functools.partial(nn.LeakyReLU, slope) if slope else nn.ReLU
    g = mlp([latent, width, width, width, *shape], rng)
    body = [*mlp([packing * shape[0], width, width, width], rng, relu).layers, relu()]
    return g, players.discriminator(body, width, rng, packing=packing, minibatch_std=minibatch_std,
                                     spectral_norm=spectral_norm, initial=nn.initial.uniform)


def image_networks(shape, latent, rng, *, width=256):
    """Both players for images (n, h, w, c) with pixels in (-1, 1), with two hidden layers of `width`."""
    players.expect_shape(len(shape) == 3, "images (n, h, w, c)", shape)
    pixels = math.prod(shape)
    return (nn.Sequential(*mlp([latent, width, width, pixels], rng).layers, nn.Tanh(), nn.Reshape(*shape)),
            nn.Sequential(nn.Flatten(), *mlp([pixels, width, width, 1], rng).layers))


_R1 = {"rate": 1e-3, "decay": True, "r1": 0.1}
_SOURCES = "Goodfellow et al. 2014; R1: Mescheder et al. 2018; the task: Metz et al. 2017"

RECIPES = [
    Recipe("ring", "a dense GAN on eight Gaussians on a circle", _SOURCES, networks, "ring", latent=2, steps=5000,
           batch=256, betas=(0.5, 0.9), average=0.999, game=_R1),
    Recipe("grid", "a dense GAN on twenty-five Gaussians on a grid", _SOURCES, networks, "grid", latent=2, steps=8000,
           batch=256, betas=(0.5, 0.9), average=0.999, game={**_R1, "rate": 4e-3, "r1": 1.0}),  # four times as wide
    Recipe("gaussian", "a dense GAN on one Gaussian in one dimension", _SOURCES, networks, "gaussian", latent=1,
           steps=2000, batch=256, betas=(0.5, 0.9), average=0.995, game=_R1, players={"slope": 0.2}),
    Recipe("digits14", "a dense GAN on the digits at half their size, 14x14, within a minute", _SOURCES,
           image_networks, "digits14", latent=32, steps=4000, betas=(0.0, 0.99), average=0.998,
           game={"rate": 4e-3, "decay": True, "r1": 1.0}),
]
