"""Every layer: derivatives to second order, one dtype, both array modules."""
import foreign
import numpy as np
import pytest
from helpers import check_module, host, leaves, to_foreign
from networks import moved

import tinygan as tg
from tinygan import nn

SEED = np.random.default_rng


def layers():
    """Each layer once, with the shape of an input."""
    return {
        "Dense": (nn.Dense(3, 2, rng=SEED(1)), (4, 3)),
        "Dense without bias": (nn.Dense(3, 2, bias=False, rng=SEED(1)), (4, 3)),
        "Conv2d": (nn.Conv2d(2, 3, (3, 2), stride=2, padding=1, rng=SEED(1)), (2, 5, 4, 2)),
        "ConvTranspose2d": (nn.ConvTranspose2d(2, 3, (3, 4), stride=2, padding=1, output_padding=1, rng=SEED(1)),
                            (2, 2, 3, 2)),
        "BatchNorm": (nn.BatchNorm(3), (4, 3)),
        "BatchNorm of images": (nn.BatchNorm(2), (2, 3, 2, 2)),
        "BatchNorm, eval": (nn.BatchNorm(3).eval(), (4, 3)),
        "LayerNorm": (nn.LayerNorm(3), (4, 3)),
        "LayerNorm of images": (nn.LayerNorm(3), (2, 2, 2, 3)),
        "EqualisedDense": (nn.EqualisedDense(3, 2, rng=SEED(1)), (4, 3)),
        "EqualisedConv2d": (nn.EqualisedConv2d(2, 3, 3, rng=SEED(1)), (2, 3, 4, 2)),
        "PixelNorm": (nn.PixelNorm(), (2, 2, 2, 3)),
        "MinibatchStd": (nn.MinibatchStd(), (4, 3)),
        "MinibatchStd of images": (nn.MinibatchStd(), (3, 2, 2, 2)),
        "Pack": (nn.Pack(2), (4, 3)),
        "Pack of images": (nn.Pack(3), (3, 2, 2, 2)),
        "SpectralNorm": (nn.SpectralNorm(nn.Dense(3, 2, rng=SEED(1)), rng=SEED(2)).eval(), (4, 3)),
        "SpectralNorm of a convolution": (
            nn.SpectralNorm(nn.Conv2d(2, 3, 3, padding=1, rng=SEED(1)), rng=SEED(2)).eval(), (2, 3, 3, 2)),
        "Dropout, eval": (nn.Dropout(rng=SEED(1)).eval(), (4, 3)),
        "Flatten": (nn.Flatten(), (2, 3, 2)),
        "Reshape": (nn.Reshape(3, 2), (2, 6)),
        "ReLU": (nn.ReLU(), (4, 3)),
        "LeakyReLU": (nn.LeakyReLU(0.2), (4, 3)),
        "Tanh": (nn.Tanh(), (4, 3)),
        "Sigmoid": (nn.Sigmoid(), (4, 3)),
        "RNNCell": (nn.RNNCell(3, 2, rng=SEED(1)), (4, 3)),
        "GRUCell": (nn.GRUCell(3, 2, rng=SEED(1)), (4, 3)),
        "Recurrent": (nn.Recurrent(nn.GRUCell(3, 2, rng=SEED(1))), (2, 4, 3)),
        "Sequential": (nn.Sequential(nn.Dense(3, 4, rng=SEED(1)), nn.BatchNorm(4), tg.tanh,
                                     nn.Dense(4, 1, rng=SEED(2))), (4, 3)),
    }


every_layer = pytest.mark.parametrize("name", layers())


@every_layer
def test_derivatives_to_second_order(name):
    module, shape = layers()[name]
    check_module(moved(module), SEED(3).standard_normal(shape))


def test_every_layer_is_checked():
    kinds = {type(module) for module, _ in layers().values()}
    kinds |= {nn.Embedding, nn.AdaIN, nn.Noise}  # the last two: test_style.py
    assert kinds == {v for v in vars(nn).values() if isinstance(v, type) and issubclass(v, nn.Module)} - {nn.Module}


def test_names_of_pytorch_have_a_hint():
    with pytest.raises(AttributeError, match=r"^module 'tinygan\.nn' has no attribute 'Linear'; write Dense$"):
        nn.Linear  # noqa: B018
    with pytest.raises(AttributeError, match=r"^module 'tinygan\.nn' has no attribute 'Nothing'$"):
        nn.Nothing  # noqa: B018


def results(name, xp, dtype):
    """The output and the first and second derivatives of a layer; all have its dtype and array module."""
    module, shape = layers()[name]
    module.astype(dtype)
    if xp is not np:
        to_foreign(module)
    [x] = leaves([SEED(3).standard_normal(shape).astype(np.float32).astype(dtype)], xp)
    y = module(x)
    [slope, *slopes] = tg.grad((y * y).sum(), [x, *module.parameters()], create_graph=True)
    second = tg.grad((slope * slope).sum(), [x], allow_unused=True)[0] if slope.requires_grad else slope
    found = [v for v in (y, slope, *slopes, second) if v is not None]
    assert all(type(v.data) is type(x.data) for v in found)
    assert {v.dtype for v in found} == {np.dtype(dtype)}
    return [host(v) for v in found]


@every_layer
@pytest.mark.parametrize(("xp", "dtype"), [(np, np.float32), (foreign, np.float32), (foreign, np.float64)])
def test_the_same_in_both_dtypes_and_array_modules(name, xp, dtype):
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    for a, b in zip(results(name, xp, dtype), results(name, np, np.float64), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 10)
