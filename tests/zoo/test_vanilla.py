"""The vanilla GAN: dense players of points and of small images."""
import numpy as np
import pytest

from tinygan import nn
from tinygan.data import DataError
from tinygan.zoo import vanilla


def test_dense_layers_with_an_activation_between_them(rng):
    net = vanilla.mlp([3, 50, 60, 2], rng)
    assert [type(m) for m in net.layers] == [nn.Dense, nn.ReLU, nn.Dense, nn.ReLU, nn.Dense]
    for layer, inputs in zip(net.layers[::2], (3, 50, 60)):
        assert abs(layer.weight.data).max() <= inputs**-0.5
        assert layer.weight.data.std() == pytest.approx((3 * inputs)**-0.5, rel=0.15)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_players_of_points(slope, rng):
    g, d = vanilla.networks((2,), 3, rng, width=5, slope=slope, packing=2, minibatch_std=True, spectral_norm=True)
    x = g(rng.standard_normal((6, 3)).astype(np.float32))
    assert x.shape == (6, 2)
    assert d(x).shape == (3, 1)
    kinds = [type(m) for m in d.layers]
    assert kinds.count(nn.LeakyReLU if slope else nn.ReLU) == 3
    assert (kinds[0], kinds[-2], kinds[-1]) == (nn.Pack, nn.MinibatchStd, nn.SpectralNorm)
    assert {type(m) for m in g.layers} == {nn.Dense, nn.ReLU}


def test_players_of_images(rng):
    g, d = vanilla.image_networks((4, 6, 1), 3, rng, width=5)
    x = g(100 * rng.standard_normal((6, 3)).astype(np.float32))
    assert x.shape == (6, 4, 6, 1)
    assert 0.5 < abs(x.data).max() <= 1
    assert d(x).shape == (6, 1)


@pytest.mark.parametrize(("networks", "shape", "message"), [
    (vanilla.networks, (28, 28, 1), "this recipe is for points (n, d); the data are of shape (n, 28, 28, 1)"),
    (vanilla.image_networks, (2,), "this recipe is for images (n, h, w, c); the data are of shape (n, 2)")])
def test_other_data_are_refused(networks, shape, message, rng):
    with pytest.raises(DataError) as caught:
        networks(shape, 3, rng)
    assert str(caught.value) == message
