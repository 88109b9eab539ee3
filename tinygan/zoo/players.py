"""The common part of several systems: a discriminator with the remedies that are layers."""
from __future__ import annotations

from tinygan import nn
from tinygan.data import DataError


def discriminator(body, features, rng, *, packing=1, minibatch_std=False, spectral_norm=False, **dense):
    """The layers `body`, with outputs (n, features), a dense layer to the logit (n, 1), and the requested remedies.

    packing: the number of examples in a pack; the first layer of the body takes the channels of all of them.
    minibatch_std: adds a `MinibatchStd` before the last layer. spectral_norm: of every layer with a weight. dense:
    options of the last layer.
    """
    layers = [*body, *([nn.MinibatchStd()] if minibatch_std else []),
              nn.Dense(features + int(minibatch_std), 1, rng=rng, **dense)]
    if spectral_norm:
        layers = [nn.SpectralNorm(m, rng=rng) if isinstance(m, (nn.Dense, nn.Conv2d)) else m for m in layers]
    return nn.Sequential(*([nn.Pack(packing)] if packing > 1 else []), *layers)


def expect_shape(fits, expected, shape):
    """Raises DataError if the shape of an example does not fit; expected: the data that fit, in words."""
    if not fits:
        raise DataError(f"this recipe is for {expected}; the data are of shape (n, {', '.join(map(str, shape))})")
