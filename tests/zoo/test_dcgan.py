"""DCGAN: sizes and channels of both players, first weights, batch normalisation, errors."""
import numpy as np
import pytest
from helpers import one_line

from tinygan import nn
from tinygan.data import DataError
from tinygan.zoo import dcgan


@pytest.mark.parametrize(("shape", "halvings"), [((28, 28, 1), 2), ((16, 8, 3), 3), ((64, 64, 3), 4)])
def test_both_players_meet_at_the_image(shape, halvings, rng):
    """Each step doubles, or halves, the sides, and halves, or doubles, the channels."""
    g, d = dcgan.networks(shape, 10, rng, width=4, halvings=halvings)
    x = rng.standard_normal((3, 10)).astype(np.float32)
    sizes = []
    for layer in g.layers:
        x = layer(x)
        if type(layer) is nn.ReLU:
            sizes.append(x.shape[1:])
    assert sizes == [(shape[0] >> i, shape[1] >> i, 2 << i) for i in range(halvings, 0, -1)]
    assert x.shape == (3, *shape)
    assert abs(x.data).max() < 1
    sizes = []
    for layer in d.layers:
        x = layer(x)
        if type(layer) is nn.LeakyReLU:
            sizes.append(x.shape[1:])
    assert sizes == [(shape[0] >> i, shape[1] >> i, 2 << i) for i in range(1, halvings + 1)]
    assert x.shape == (3, 1)


def test_weights_begin_small_and_batch_norm_is_where_the_paper_has_it(rng):
    g, d = dcgan.networks((32, 32, 3), 100, rng, width=32)
    for _, m in [*g.modules(), *d.modules()]:
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)) or (isinstance(m, nn.Dense) and m.weight.size > 9999):
            assert m.weight.data.std() == pytest.approx(0.02, rel=0.1)
    kinds = [[type(m).__name__ for m in net.layers] for net in (g, d)]
    assert kinds[0] == ["Dense", "Reshape", "BatchNorm", "ReLU", "ConvTranspose2d", "BatchNorm", "ReLU",
                        "ConvTranspose2d", "Tanh"]
    assert kinds[1] == ["Conv2d", "LeakyReLU", "Conv2d", "BatchNorm", "LeakyReLU", "Flatten", "Dense"]
    _, without = dcgan.networks((32, 32, 3), 100, rng, width=32, batch_norm=False)
    assert not any(isinstance(m, nn.BatchNorm) for m in without.layers)
    assert without.layers[2].bias is not None
    assert d.layers[2].bias is None


@pytest.mark.parametrize(("shape", "halvings", "multiple"), [((28, 30, 1), 2, 4), ((28, 28), 2, 4), ((28, 28, 1), 3, 8),
                                                             ((2,), 2, 4)])
def test_other_data_are_refused(shape, halvings, multiple, rng):
    with pytest.raises(DataError) as caught:
        dcgan.networks(shape, 10, rng, halvings=halvings)
    assert one_line(caught).startswith(f"this recipe is for images (n, h, w, c) with h and w multiples of {multiple}; ")
