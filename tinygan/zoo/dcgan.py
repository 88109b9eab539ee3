"""DCGAN: convolutions in both players, batch normalisation, N(0, .02) (Radford et al. 2016)."""
from __future__ import annotations

from tinygan import nn
from tinygan.zoo import players
from tinygan.zoo.recipe import Recipe

_HALVE = {"kernel_size": 4, "stride": 2, "padding": 1}  # h -> h / 2; the transpose: h -> 2 h


def generator(shape, latent, rng, width=32, halvings=2):
    """z (n, latent) -> images (n, h, w, c) in (-1, 1), by `halvings` transposed convolutions that double h and w.

    The last of these has `width` input channels, the one before twice as many, and so on.
    """
    h, w, c = shape
    options = {"rng": rng, "initial": nn.initial.normal(0.02)}
    first, *widths = [width << i for i in reversed(range(halvings))]
    layers: list[nn.Module] = [
        nn.Dense(latent, (h >> halvings) * (w >> halvings) * first, bias=False, **options),
        nn.Reshape(h >> halvings, w >> halvings, first), nn.BatchNorm(first), nn.ReLU()]
    for a, b in zip([first, *widths], widths):
        layers += [nn.ConvTranspose2d(a, b, **_HALVE, bias=False, **options), nn.BatchNorm(b), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, c, **_HALVE, **options), nn.Tanh())


def discriminator(shape, rng, width=32, halvings=2, *, batch_norm=True, packing=1, minibatch_std=False,
                  spectral_norm=False):
    """Images (n, h, w, c) -> logits (n, 1), by convolutions that halve h and w, and a dense layer.

    batch_norm: after all convolutions but the first. `players.discriminator` explains the other options.
    """
    h, w, c = shape
    options = {"rng": rng, "initial": nn.initial.normal(0.02)}
    body = [nn.Conv2d(packing * c, width, **_HALVE, **options), nn.LeakyReLU(0.2)]
    widths = [width << i for i in range(halvings)]
    for a, b in zip(widths, widths[1:]):
        body += [nn.Conv2d(a, b, **_HALVE, bias=not batch_norm, **options),
                 *([nn.BatchNorm(b)] if batch_norm else []), nn.LeakyReLU(0.2)]
    return players.discriminator([*body, nn.Flatten()], (h >> halvings) * (w >> halvings) * widths[-1], packing=packing,
                                 minibatch_std=minibatch_std, spectral_norm=spectral_norm, **options)


def networks(shape, latent, rng, *, width=32, halvings=2, batch_norm=True, packing=1, minibatch_std=False,
             spectral_norm=False):
    """Both players, for images whose sides are multiples of 2^halvings; the options after it are the discriminator's.

    With width=64 and halvings=4 they are the networks of the paper, for images of 64 x 64 pixels.
    """
    expect_halves(shape, halvings)
    return generator(shape, latent, rng, width, halvings), discriminator(
        shape, rng, width, halvings, batch_norm=batch_norm, packing=packing, minibatch_std=minibatch_std,
        spectral_norm=spectral_norm)


def expect_halves(shape, halvings=2):
    """Raises DataError if `shape` is not that of an image whose sides can be halved so often."""
    players.expect_shape(len(shape) == 3 and not any(side % (1 << halvings) for side in shape[:2]),
                         f"images (n, h, w, c) with h and w multiples of {1 << min(halvings, 64)}", shape)


# R1 and the decay to 0 allow twenty times the rate of the paper; no momentum, as in StyleGAN. On the digits, one run
# had a Frechet distance of 2.0 with these settings, 2.3 with betas (.5, .999), 2.4 with these betas and half the rate.
_TUNED, _BETAS = {"rate": 4e-3, "decay": True, "r1": 1.0}, (0.0, 0.99)
_SOURCES = "Radford et al. 2016; R1: Mescheder et al. 2018"

RECIPES = [
    Recipe("digits", "a small DCGAN on 10,000 handwritten digits, 28x28", _SOURCES, networks, "digits", latent=64,
           steps=3600, betas=_BETAS, game=_TUNED),
    Recipe("mnist", "the same on all 60,000 digits (fetched)", _SOURCES, networks, "mnist", latent=64, steps=3600,
           betas=_BETAS, game=_TUNED),
    Recipe("fashion", "the same on Fashion-MNIST, 28x28 (fetched)", _SOURCES, networks, "fashion", latent=64,
           steps=3600, betas=_BETAS, game=_TUNED),
    Recipe("cifar10", "the same on CIFAR-10, 32x32 in colour (fetched)", _SOURCES, networks, "cifar10", latent=64,
           steps=6000, betas=_BETAS, game=_TUNED),
]
