"""A small StyleGAN: a latent becomes a style, which sets every layer's statistics (Karras et al. 2019)."""
from __future__ import annotations

import numpy as np

from tinygan import backend, nn
from tinygan.game import Game
from tinygan.ops.elementwise import where
from tinygan.ops.image import average_pool, upsample
from tinygan.ops.shape import broadcast_to
from tinygan.tensor import array
from tinygan.zoo.progressive import refuse_other, widths_of
from tinygan.zoo.recipe import Recipe

STYLE = 64  # numbers in a style w
MIXED = 0.5  # the share of training images that are of two styles


class Block(nn.Module):
    """A convolution (but for the first, which has the constant input), then noise, leaky ReLU, AdaIN."""


class Generator(nn.Module):
    """Latents z, other (n, latent), cut (n,) and a map of noise for each layer -> images (n, side, side, channels).

    mapping: z -> style w. synthesis: a style for each layer, and noise -> images, from a learned constant of 4x4 pixels;
    two layers for each size. In training the layers from number `cut` on take the style of `other` (style mixing); in
    use all take that of z. mean: the running mean of w, towards which truncation draws.
    """

    buffers = ("mean",)

    def __init__(self, latent, side, channels, *, rng):
        self.latent, widths = latent, widths_of(side)
        self.mapping = nn.Sequential(nn.PixelNorm())

    def forward(self, z, other, cut, *noise):
        w = self.mapping(z)
        styles = [w] * self.layers
