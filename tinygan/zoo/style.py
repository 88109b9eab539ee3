"""A small StyleGAN: a latent gives a style, and the style sets the statistics of every layer (Karras et al. 2019)."""
from __future__ import annotations

import numpy as np

from tinygan import backend, nn
from tinygan.distributed.group import current_group
from tinygan.game import Game
from tinygan.nn.inputs import input_of
from tinygan.nn.module import Parameter
from tinygan.ops.elementwise import leaky_relu, where
from tinygan.ops.image import average_pool, upsample
from tinygan.ops.shape import broadcast_to
from tinygan.tensor import no_grad, unwrap
from tinygan.zoo.progressive import last_stage, widths_of
from tinygan.zoo.recipe import Recipe

STYLE = 64  # numbers in a style
FOLLOW = 0.005  # the weight of a batch in the running mean of styles


class Layer(nn.Module):
    """Features, a map of noise and a style -> features: `change`, noise, leaky ReLU, AdaIN (`adain`)."""

    def __init__(self, change, channels, *, rng):
        self.change, self.noise = change, nn.Noise(channels)
        self.adain = nn.AdaIN(channels, STYLE, rng=rng)

    def forward(self, x, noise, w):
        return self.adain(leaky_relu(self.noise(self.change(x), noise), 0.2), w)


class Generator(nn.Module):
    """Latents z, other latents (n, latent), cuts (n, 1), noise maps of all layers -> images (n, side, side, channels).

    mapping: z -> its style w. synthesis: a style and noise for each layer -> images, from a learned constant of 4x4
    pixels, by two layers for each size. In training the layers from number `cut` on take the style of the other latent
    (`style-mixing`); in evaluation mode all take that of z. mean: the running mean of the styles.
    """

    buffers = ("mean",)

    def __init__(self, latent, channels, widths, mixing, *, rng):
        self.mixing = mixing
        self.mapping = nn.Sequential(nn.PixelNorm(), nn.EqualisedDense(latent, STYLE, rng=rng), nn.LeakyReLU(0.2),
                                     nn.EqualisedDense(STYLE, STYLE, rng=rng), nn.LeakyReLU(0.2))
        self.mean = np.zeros(STYLE, np.float32)
        self.constant = Parameter(nn.initial.normal(1.0)(rng, (1, 4, 4, widths[0]), 1, 1))
        self.layers = []
        for stage, b in enumerate(widths):
            a = widths[max(stage - 1, 0)]
            change = nn.Sequential(upsample, nn.EqualisedConv2d(a, b, 3, rng=rng)) if stage else nn.Sequential()
            self.layers += [Layer(change, b, rng=rng), Layer(nn.EqualisedConv2d(b, b, 3, rng=rng), b, rng=rng)]
        self.to_image = nn.EqualisedConv2d(widths[-1], channels, 1, gain=1.0, rng=rng)

    def forward(self, z, other, cut, *noise):
        w = self.mapping(z)
        if not self.training:
            return self.synthesis([w] * len(self.layers), noise)
        self.mean += FOLLOW * (current_group().mean(unwrap(w).mean(0)) - self.mean)
        second = self.mapping(other)
        return self.synthesis([where(unwrap(cut) > i, w, second) for i in range(len(self.layers))], noise)

    def synthesis(self, styles, noise):
        """Images from a style (n, 64) and a noise map (n, h, w, 1) for each layer."""
        x = broadcast_to(self.constant, (styles[0].shape[0], *self.constant.shape[1:]))
        for layer, w, z in zip(self.layers, styles, noise):
            x = layer(x, z, w)
        return self.to_image(x)

    def truncated(self, z, psi):
        """The styles of z moved towards the mean style: mean + psi (w - mean) (`truncation`)."""
        return self.mean + psi * (self.mapping(z) - self.mean)

    def noise(self, latents):
        """The noise source of this generator, from the source `latents` of z: z, other latents, cuts, noise maps."""
        def draw(n, rng):
            count = len(self.layers)
            cut = np.where(rng.random((n, 1)) < self.mixing, rng.integers(1, count, (n, 1)), count)
            sides = [4 << i // 2 for i in range(count)]
            return (latents(n, rng), latents(n, rng), cut,
                    *[rng.standard_normal((n, side, side, 1), np.float32) for side in sides])
        return draw


def discriminator(channels, widths, rng):
    """Images (n, side, side, channels) -> logits (n, 1): the one of progressive growing at its last stage."""
    layers = [nn.EqualisedConv2d(channels, widths[-1], 1, rng=rng), nn.LeakyReLU(0.2)]
    for a, b in zip(widths[:0:-1], widths[-2::-1]):
        layers += [nn.EqualisedConv2d(a, b, 3, rng=rng), nn.LeakyReLU(0.2), average_pool]
    return nn.Sequential(*layers, nn.MinibatchStd(), nn.EqualisedConv2d(widths[0] + 1, widths[0], 3, rng=rng),
                         nn.LeakyReLU(0.2), nn.Flatten(), nn.EqualisedDense(16 * widths[0], 1, gain=1.0, rng=rng))


def networks(shape, latent, rng, *, width=32, mixing=0.5):
    """Both players for square images whose side is a power of two, with `width` channels at 4x4.

    mixing: the share of images with two styles in training.
    """
    widths = widths_of(last_stage(shape), width)
    return Generator(latent, shape[2], widths, mixing, rng=rng), discriminator(shape[2], widths, rng)


def make_game(generator, discriminator, data, noise, rng, **settings):
    """Makes the game of a generator with more inputs than z."""
    return Game(generator, discriminator, data, generator.noise(noise), rng, **settings)


def mixing_sheet(generator, noise, rng, n=8, cut=4):
    """Style mixing, (n + 1, n + 1) images: row i has the coarse styles of A_i, column j the fine ones of B_j.

    The first column shows A, the first row B. The layers before `cut` are coarse. All images have the same noise maps.
    """
    z, _, _, *maps = (input_of(generator, a).data for a in noise(2 * n, rng))
    row, column = np.divmod(np.arange((n + 1) ** 2), n + 1)
    a, b = row - 1, n + column - 1  # rows of z: A first, then B
    coarse, fine = (backend.to_device_of(i, z) for i in (np.where(row > 0, a, b), np.where(column > 0, b, a)))
    generator.eval()
    with no_grad():
        w = generator.mapping(z)
        styles = [w[coarse]] * cut + [w[fine]] * (len(generator.layers) - cut)
        images = generator.synthesis(styles, [m[:1].repeat(row.size, 0) for m in maps]).numpy()
    images[0] = 1
    return images


RECIPES = [
    Recipe("style", "a small StyleGAN on coloured shapes, 16x16", "Karras et al. 2019; R1: Mescheder et al. 2018",
           networks, "shapes", latent=32, steps=2000, batch=32, betas=(0.0, 0.99), average=0.99,
           game={"rate": 1e-2, "decay": True, "r1": 1.0}, make_game=make_game),
]
