"""Conditional GANs: both players get the class of an example (Mirza & Osindero 2014)."""
from __future__ import annotations

from dataclasses import replace
from math import prod

from tinygan import nn
from tinygan.nn import initial
from tinygan.ops.reduce import sum
from tinygan.ops.shape import concatenate
from tinygan.zoo import dcgan, players, vanilla
from tinygan.zoo.recipe import Recipe

SIZE = 16  # of the embedding of a class


class Generator(nn.Module):
    """x = g(z, c): a network of z (n, latent) concatenated with the embedding of the class (`conditional`).

    labels: whole numbers (n,), or rows of weights (n, classes), to interpolate between classes.
    """

    def __init__(self, network, classes, rng):
        self.classes = classes
        self.embedding = nn.Embedding(classes, SIZE, rng=rng)
        self.network = network

    def forward(self, z, labels):
        c = self.embedding(labels) if labels.ndim == 1 else labels @ self.embedding.weight
        return self.network(concatenate([z, c]))


class Discriminator(nn.Module):
    """d(x, c): a network of x concatenated with an embedding (n, *shape) of the class (`conditional`)."""

    def __init__(self, network, classes, shape, rng):
        self.shape = shape
        self.embedding = nn.Embedding(classes, prod(self.shape), rng=rng)
        self.network = network

    def forward(self, x, labels):
        return self.network(concatenate([x, self.embedding(labels).reshape((len(x), *self.shape))]))


class Projection(nn.Module):
    """d(x, c) = psi(phi(x)) + <v_c, phi(x)>, with an embedding v_c of each class (`projection`).

    network: a Sequential; its last layer becomes psi, the others become phi.
    Source: Miyato & Koyama 2018, equation 3, with a linear psi.
    """

    def __init__(self, network, classes, rng):
        *layers, self.head = network.layers
        self.body = nn.Sequential(*layers)
        self.embedding = nn.Embedding(classes, self.head.weight.shape[0], rng=rng, initial=initial.normal(0.02))

    def forward(self, x, labels):
        features = self.body(x)
        return self.head(features) + sum(self.embedding(labels) * features, axis=1, keepdims=True)


def images(shape, latent, rng, classes, *, projection=False, width=32, batch_norm=True):
    """The DCGAN with the class as a further part of z, and as a further channel of D's images, or by a projection."""
    dcgan.expect_halves(shape)
    *sides, channels = shape
    g = Generator(dcgan.generator(shape, latent + SIZE, rng, width), classes, rng)
    if projection:
        return g, Projection(dcgan.discriminator(shape, rng, width, batch_norm=batch_norm), classes, rng)
    d = dcgan.discriminator((*sides, channels + 1), rng, width, batch_norm=batch_norm)
    return g, Discriminator(d, classes, (*sides, 1), rng)


def points(shape, latent, rng, classes, *, width=128):
    """Dense networks on points (n, d), with the class as a further part of z and as further coordinates."""
    players.expect_shape(len(shape) == 1, "points (n, d)", shape)
    return (Generator(vanilla.mlp([latent + SIZE, width, width, width, *shape], rng), classes, rng),
            Discriminator(vanilla.mlp([shape[0] + SIZE, width, width, width, 1], rng), classes, (SIZE,), rng))


_SOURCES = "Mirza & Osindero 2014; R1: Mescheder et al. 2018"
_IMAGES = Recipe("conditional", "the digits' DCGAN, both players get the class", _SOURCES, images, "digits",
                 latent=64, steps=3600, betas=(0.0, 0.99), conditional=True,
                 game={"rate": 4e-3, "decay": True, "r1": 1.0})

RECIPES = [
    _IMAGES,
    replace(_IMAGES, name="projection", about="the same, the discriminator gets the class by a projection",
            references="Miyato & Koyama 2018; " + _SOURCES, players={"projection": True}),
    Recipe("conditional-ring", "a dense GAN on the ring, both players get the class", _SOURCES, points, "ring",
           latent=2, steps=2000, batch=256, betas=(0.5, 0.9), average=0.999, conditional=True,
           game={"rate": 1e-3, "decay": True, "r1": 0.1}),
]
