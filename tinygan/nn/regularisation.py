"""Layers that regularise a discriminator: it sees several examples at a time, or its slope is bounded."""
from __future__ import annotations

import numpy as np

from tinygan.nn.initial import generator
from tinygan.nn.module import Module
from tinygan.ops.elementwise import sqrt
from tinygan.ops.linear import product
from tinygan.ops.normalise import moments
from tinygan.ops.reduce import mean, sum
from tinygan.ops.registry import unwrap
from tinygan.ops.shape import broadcast_to, concatenate


class MinibatchStd(Module):
    """Adds the spread of the batch as one more channel: (n, ..., c) -> (n, ..., c + 1) (`minibatch-std`).

    It is the standard deviation of each feature over the batch, averaged over all features: one number for all
    examples. It is small if a generator's images are all alike, so D can see this (Karras et al. 2018, section 3).
    """

    def forward(self, x):
        variance = moments(x.reshape((len(x), -1)))[1]
        deviation = mean(sqrt(variance + 1e-8))
        return concatenate([x, broadcast_to(deviation, (*x.shape[:-1], 1))])


class Pack(Module):
    """Joins packs of `size` examples along the last axis: (n, ..., c) -> (n / size, ..., size c) (`packing`).

    It is the first layer of a discriminator that classifies whole packs as real or generated (Lin et al. 2018).
    """

    def __init__(self, size):
        self.size = size

    def forward(self, x):
        if x.shape[0] % self.size:
            raise ValueError(f"Pack: x {x.shape} holds {x.shape[0]} examples, expected a multiple of {self.size}")
        packs = x.reshape((-1, self.size, *x.shape[1:]))
        return concatenate([packs[:, i] for i in range(self.size)])


class SpectralNorm(Module):
    """A Dense or Conv2d whose weight is divided by its largest singular value (`spectral-norm`; Miyato et al. 2018).

    W is the weight as a matrix with a column for each output. The buffers v and u approach its singular vectors: each
    call in training is a step of the power iteration, u <- W^T v and v <- W u, both scaled to length 1. The largest
    singular value is then v W u; its derivative takes u and v as constants.
    """

    buffers = ("u", "v")

    def __init__(self, layer, *, rng):
        self.layer, rng = layer, generator(rng)
        w = _matrix(layer.weight.data)
        self.v, self.u = (rng.standard_normal(n).astype(np.float32) for n in w.shape)
        for _ in range(15):
            self._iterate(w)

    def _iterate(self, w):
        """One step of the power iteration, in new arrays: derivatives of earlier calls need the old ones."""
        self.u = _unit(product(self.v, w))
        self.v = _unit(product(w, self.u))

    def after_average(self):
        """Gives u and v their length 1 again, after they became a moving average, which is shorter."""
        self.u, self.v = _unit(self.u), _unit(self.v)

    def forward(self, x):
        weight = self.layer.weight
        if self.training:
            self._iterate(_matrix(unwrap(weight)))
        largest = sum(_matrix(weight) * (self.v[:, None] * self.u))
        try:
            self.layer.weight = weight / largest
            return self.layer(x)
        finally:
            self.layer.weight = weight


def _matrix(w):
    return w.reshape((-1, w.shape[-1]))


def _unit(v):
    return v / np.maximum(np.sqrt((v * v).sum()), 1e-12)
