"""Wrong inputs of layers: another precision, a foreign array or channels-first images, each with its cure."""
import numpy as np
import pytest

import tinygan as tg
from tinygan import nn

LAYERS = {
    "Dense": (lambda: nn.Dense(3, 2, rng=0), (4, 3)), "Conv2d": (lambda: nn.Conv2d(3, 2, 3, rng=0), (2, 5, 6, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 2, 3, rng=0), (2, 5, 6, 3)),
    "BatchNorm": (lambda: nn.BatchNorm(3), (4, 3)), "LayerNorm": (lambda: nn.LayerNorm(3), (4, 3)),
    "GRUCell": (lambda: nn.GRUCell(3, 2, rng=0), (4, 3)), "RNNCell": (lambda: nn.RNNCell(3, 2, rng=0), (4, 3)),
    "EqualisedDense": (lambda: nn.EqualisedDense(3, 2, rng=0), (4, 3)),
    "EqualisedConv2d": (lambda: nn.EqualisedConv2d(3, 2, 3, rng=0), (2, 5, 6, 3)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
@pytest.mark.parametrize("wrap", [np.asarray, tg.Tensor])
def test_another_precision_is_refused(name, wrap):
    make, shape = LAYERS[name]
    with pytest.raises(TypeError) as caught:
        make()(wrap(np.ones(shape)))
    assert str(caught.value) == (f"{name}: x is float64, the layer float32; write x.astype(np.float32), "
                                 "or layer.astype(np.float64)")
    assert make().astype(np.float64)(wrap(np.ones(shape, np.float32))).dtype == np.float64  # the layer's, as it should


@every_layer
def test_the_cures_work(name):
    make, shape = LAYERS[name]
    x = np.random.default_rng(0).standard_normal(shape)
    assert make()(x.astype(np.float32)).dtype == make()(tg.Tensor(x).astype(np.float32)).dtype == np.float32
    assert make().astype(np.float64)(x).dtype == np.float64


@every_layer
def test_whole_numbers_are_refused(name):
    make, shape = LAYERS[name]
    with pytest.raises(TypeError, match=rf"^{name}: x is uint8, the layer float32; "
                                        r"write x.astype\(np.float32\) / 127.5 - 1 for pixels from 0 to 255$"):
        make()(np.ones(shape, np.uint8))
    with pytest.raises(TypeError, match=rf"^{name}: x is int64, the layer float32; write x.astype\(np.float32\)$"):
        make()(np.ones(shape, np.int64))


def test_states_and_noise_of_another_precision_are_refused():
    with pytest.raises(TypeError, match=r"^GRUCell: h is float64, the layer float32; write h.astype\(np.float32\)"):
        nn.GRUCell(3, 2, rng=0)(np.ones((4, 3), np.float32), np.ones((4, 2)))
    x = np.ones((2, 4, 4, 3), np.float32)
    with pytest.raises(TypeError, match=r"^Noise: noise is float64"):
        nn.Noise(3)(x, np.ones((2, 4, 4, 1)))
    with pytest.raises(TypeError, match=r"^AdaIN: x is float64"):
        nn.AdaIN(3, 5, rng=0)(x.astype(np.float64), np.ones((2, 5), np.float32))
    with pytest.raises(TypeError, match=r"^EqualisedDense: x is float64"):
        nn.AdaIN(3, 5, rng=0)(x, np.ones((2, 5)))


@pytest.mark.parametrize("make", [
    lambda: nn.Conv2d(3, 8, 3, rng=0), lambda: nn.ConvTranspose2d(3, 8, 3, rng=0), lambda: nn.BatchNorm(3),
    lambda: nn.EqualisedConv2d(3, 8, 3, rng=0)])
def test_channels_first_images_are_refused_with_the_cure(make):
    layer, x = make(), np.ones((2, 3, 8, 9), np.float32)
    with pytest.raises(ValueError) as caught:
        layer(x)
    assert str(caught.value) == (f"{type(layer).__name__}: x (2, 3, 8, 9) looks channels-first (n, c, h, w), expected "
                                 "(n, h, w, 3); write x.transpose(0, 2, 3, 1)")
    assert len(layer(tg.Tensor(x).transpose(0, 2, 3, 1))) == 2
    with pytest.raises(ValueError, match="4 channels"):
        layer(np.ones((2, 8, 9, 4), np.float32))


@every_layer
def test_the_array_of_another_library_is_shared(torch, name):
    make, shape = LAYERS[name]
    x = torch.ones(shape) + torch.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    layer, same = make(), make()
    y = layer(x)
    assert type(y) is tg.Tensor
    assert type(y.data) is np.ndarray
    np.testing.assert_array_equal(y.data, same(x.numpy()).data)
    assert all(type(g.data) is np.ndarray for g in tg.grad((y * y).sum(), layer.parameters(), create_graph=True))


def test_layers_without_weights_take_a_torch_tensor_or_name_it(torch):
    x = torch.ones(4, 3)
    for layer in (nn.Dropout(0.5, rng=0), nn.ReLU(), nn.Tanh(), nn.Sigmoid()):
        assert type(layer(x)) is np.ndarray
    with pytest.raises(TypeError, match=r"got a torch\.Tensor; write tg\.Tensor\(x\), which shares its memory$"):
        nn.MinibatchStd()(x)
    with pytest.raises(ValueError, match=r"^mul: a \(3,\), b torch\.Size\(\[2\]\): operands could not be broadcast"):
        tg.Tensor(np.ones(3)) * torch.ones(2)


def test_a_torch_tensor_of_another_precision_is_refused(torch):
    cure = r"^Dense: x is float64, the layer float32; write np.asarray\(x, np.float32\), or layer.astype"
    with pytest.raises(TypeError, match=cure):
        nn.Dense(3, 2, rng=0)(torch.ones(4, 3, dtype=torch.float64))
    with pytest.raises(TypeError, match=cure):
        nn.Dense(3, 2, rng=0)([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("x", [None, "images", {"x": 1}, object()])
def test_what_is_no_array_is_refused_by_name(x):
    with pytest.raises(TypeError, match=f"^Dense: x is a {type(x).__name__}, expected an array or a Tensor$"):
        nn.Dense(3, 2, rng=0)(x)


def test_a_number_has_no_features():
    with pytest.raises(ValueError, match=r"^Dense: x \(\) has no features, weight \(3, 2\) expects 3"):
        nn.Dense(3, 2, rng=0)(np.float32(1))
