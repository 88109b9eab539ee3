"""Common parts of the players: a discriminator with the remedies that are layers."""
import numpy as np
import pytest

from tinygan import nn
from tinygan.zoo import players


def body(rng, packing=1):
    return [nn.Conv2d(2 * packing, 3, 3, padding=1, rng=rng), nn.ReLU(), nn.Flatten()]


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("std", [False, True])
@pytest.mark.parametrize("packing", [1, 2])
def test_the_remedies_that_are_asked_for(packing, std, spectral, rng):
    d = players.discriminator(body(rng, packing), 48, rng, packing=packing, minibatch_std=std, spectral_norm=spectral)
    kinds = [type(m) for m in d.layers]
    dense, conv = (nn.SpectralNorm, nn.SpectralNorm) if spectral else (nn.Dense, nn.Conv2d)
    assert kinds == [*[nn.Pack] * (packing > 1), conv, nn.ReLU, nn.Flatten, *[nn.MinibatchStd] * std, dense]
    assert d(rng.standard_normal((4, 4, 4, 2)).astype(np.float32)).shape == (4 // packing, 1)
    last = d.layers[-1].layer if spectral else d.layers[-1]
    assert last.weight.shape == (48 + std, 1)


def test_options_are_of_the_last_layer(rng):
    d = players.discriminator(body(rng), 48, rng, initial=nn.initial.normal(1e-6), bias=False)
    assert d.layers[-1].bias is None
    assert abs(d.layers[-1].weight.data).max() < 1e-4 < abs(d.layers[0].weight.data).max()
