"""Progressive growing: both players begin with images of 4x4 pixels and fade in larger ones (Karras et al. 2018)."""
from __future__ import annotations

from tinygan import nn
from tinygan.game import Game
from tinygan.ops.image import average_pool, upsample
from tinygan.zoo import players
from tinygan.zoo.recipe import Recipe

GROWN = 0.15  # the share of a run's steps after which the players are fully grown


class Growth(nn.Module):
    """The growth of both players: `stage` of `last` blocks after the first, and the weight alpha of the newest block.

    At stage s images have 4 2^s pixels a side. They are stored at full size, as blocks of equal pixels. So the shapes
    of the players' inputs and outputs do not change, nor do their thetas.
    """

    def __init__(self, last):
        self.last = self.stage = last
        self.alpha = 1.0

    def at(self, share):
        """Sets stage and alpha: one period at 4x4, then for each stage one period to fade it in and one to train it."""
        period = 2 * self.last * min(1.0, share / GROWN)
        self.stage = (int(period) + 1) // 2
        self.alpha = period % 1 if int(period) % 2 else 1.0

    def fade(self, old, new):
        """(1 - alpha) old + alpha new, of the outputs of the stage before and of this stage (`fade-in`)."""
        return (1 - self.alpha) * old + self.alpha * new

    def seen(self, data):
        """A data source: the images of `data` at the resolution of the stage, faded like the players."""
        def draw(n, rng):
            x, times = data(n, rng), self.last - self.stage
            return self.fade(_coarse(x, times + 1), _coarse(x, times)) if self.alpha < 1 else _coarse(x, times)
        return draw


def _coarse(x, times):
    return _repeat(upsample, _repeat(average_pool, x, times), times)


def _repeat(f, x, times):
    for _ in range(times):
        x = f(x)
    return x


class Generator(nn.Module):
    """z (n, latent) -> images (n, side, side, channels), at the resolution of `growth`."""

    def __init__(self, latent, channels, growth, widths, *, rng):
        self.growth = growth
        first = nn.EqualisedDense(latent, 16 * widths[0], rng=rng), nn.Reshape(4, 4, widths[0])
        self.blocks = [nn.Sequential(nn.PixelNorm(), *first, nn.LeakyReLU(0.2), nn.PixelNorm())]
        self.blocks += [nn.Sequential(upsample, nn.EqualisedConv2d(a, b, 3, rng=rng), nn.LeakyReLU(0.2),
                                      nn.PixelNorm()) for a, b in zip(widths, widths[1:])]
        self.to_image = [nn.EqualisedConv2d(a, channels, 1, gain=1.0, rng=rng) for a in widths]

    def forward(self, z):
        growth = self.growth
        x = before = self.blocks[0](z)
        for block in self.blocks[1:growth.stage + 1]:
            before, x = x, block(x)
        image = self.to_image[growth.stage](x)
        if growth.alpha < 1:
            image = growth.fade(upsample(self.to_image[growth.stage - 1](before)), image)
        return _repeat(upsample, image, growth.last - growth.stage)


class Discriminator(nn.Module):
    """Images (n, side, side, channels) -> logits (n, 1), at the resolution of `growth`: G's blocks in reverse."""

    def __init__(self, channels, growth, widths, *, rng):
        self.growth = growth
        self.from_image = [nn.Sequential(nn.EqualisedConv2d(channels, a, 1, rng=rng), nn.LeakyReLU(0.2))
                           for a in widths]
        last = nn.Flatten(), nn.EqualisedDense(16 * widths[0], 1, gain=1.0, rng=rng)
        self.blocks = [nn.Sequential(nn.MinibatchStd(), nn.EqualisedConv2d(widths[0] + 1, widths[0], 3, rng=rng),
                                     nn.LeakyReLU(0.2), *last)]
        self.blocks += [nn.Sequential(nn.EqualisedConv2d(b, a, 3, rng=rng), nn.LeakyReLU(0.2), average_pool)
                        for a, b in zip(widths, widths[1:])]

    def forward(self, x):
        growth = self.growth
        image = _repeat(average_pool, x, growth.last - growth.stage)
        x = self.from_image[growth.stage](image)
        for stage in range(growth.stage, 0, -1):
            x = self.blocks[stage](x)
            if stage == growth.stage and growth.alpha < 1:
                x = growth.fade(self.from_image[stage - 1](average_pool(image)), x)
        return self.blocks[0](x)


def widths_of(last, width):
    """The channels at each stage: `width` at 4x4 pixels, then half as many at each stage, but at least 16."""
    return [width, *(max(width >> stage, 16) for stage in range(1, last + 1))]


def last_stage(shape):
    """The last stage, log2(side / 4), for images of this shape; DataError if the side is not 8, 16, 32, ..."""
    side = shape[0]
    players.expect_shape(len(shape) == 3 and shape[1] == side and side >= 8 and not side & (side - 1),
                         "images (n, side, side, c) with a side of 8, 16, 32, ...", shape)
    return side.bit_length() - 3


def networks(shape, latent, rng, *, width=32):
    """Both players, fully grown, for square images whose side is a power of two; with `width` channels at 4x4."""
    growth = Growth(last_stage(shape))
    widths = widths_of(growth.last, width)
    return Generator(latent, shape[2], growth, widths, rng=rng), Discriminator(shape[2], growth, widths, rng=rng)


def grow(game, steps):
    """The schedule of the game: sets the growth of both players at each step.

    A new stage resets the optimisers: for weights that had no gradient so far, Adam's moments are 0 without a bias
    correction, so their first steps would be far too long.
    """
    growth = game.generator.growth
    growth.at((game.step - 1) / steps)
    before = growth.stage
    growth.at(game.step / steps)
    if growth.stage > before:
        for optimiser in game.optimisers:
            optimiser.load_state_dict({})


def make_game(generator, discriminator, data, noise, rng, **settings):
    """Makes the game of players that grow."""
    return Game(generator, discriminator, generator.growth.seen(data), noise, rng, schedule=grow, **settings)


RECIPES = [
    Recipe("progressive", "players that grow from 4x4 to 16x16 pixels, on the handwritten digits",
           "Karras et al. 2018; R1: Mescheder et al. 2018", networks, "digits16", latent=64, steps=3000, batch=32,
           betas=(0.0, 0.99), average=0.99, game={"rate": 4e-2, "decay": True, "r1": 1.0}, make_game=make_game),
]
