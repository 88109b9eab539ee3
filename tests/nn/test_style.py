"""Layers of grown and styled networks, and images doubled and halved: T39, derivatives, PyTorch's values, messages."""
import foreign
import numpy as np
import pytest
from helpers import check_module, host, leaves, one_line, to_foreign
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import nn

SEED = np.random.default_rng


def drawn(*shape, seed=0):
    return SEED(seed).standard_normal(shape)


def adain(channels=3, size=4):
    """An AdaIN in float64 whose style has moved away from its beginning."""
    layer = nn.AdaIN(channels, size, rng=SEED(1)).astype(np.float64)
    layer.theta[:] += 0.3 * drawn(layer.theta.size, seed=2)
    return layer


def noise():
    layer = nn.Noise(3).astype(np.float64)
    layer.theta[:] = drawn(3, seed=2)
    return layer


TWO = {"AdaIN": (adain, (2, 3, 2, 3), (2, 4)), "Noise": (noise, (2, 3, 2, 3), (2, 3, 2, 1))}
layers_of_two = pytest.mark.parametrize("name", TWO)


# --- T39 ---

@given(st.integers(1, 3), st.integers(2, 5), st.integers(2, 5), st.integers(1, 4))
def test_t39_adain_gives_the_mean_and_deviation_of_the_style(n, h, w, c):
    layer, style = adain(c), drawn(n, 4, seed=3)
    y = layer(tg.Tensor(5 + 3 * drawn(n, h, w, c)), tg.Tensor(style)).data
    y_s, y_b = np.split(style @ layer.style.weight.data * 0.5 + layer.style.bias.data, 2, axis=1)  # 0.5: 1 / sqrt(4)
    np.testing.assert_allclose(y.mean((1, 2)), y_b, atol=1e-12)
    np.testing.assert_allclose(y.std((1, 2)), abs(y_s), rtol=1e-6)


def test_adain_begins_near_mean_0_and_deviation_1():
    layer = nn.AdaIN(3, 4, rng=SEED(0)).astype(np.float64)
    y = layer(tg.Tensor(7 + drawn(2, 8, 8, 3)), tg.Tensor(np.zeros((2, 4)))).data
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(y.std((1, 2)), 1, rtol=1e-6)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.floats(1, 100))
def test_t39_pixel_norm_has_mean_square_1(shape, size):
    x = size * (drawn(*shape) + 3)
    y = nn.PixelNorm()(x)
    np.testing.assert_allclose((y * y).mean(-1), 1, rtol=1e-7)
    np.testing.assert_allclose(y / np.abs(y).max(-1, keepdims=True), x / np.abs(x).max(-1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize(("layer", "fan_in"), [
    (nn.EqualisedDense(300, 200, rng=SEED(0)), 300), (nn.EqualisedConv2d(40, 60, 3, rng=SEED(0)), 9 * 40)])
def test_t39_equalised_weights_are_drawn_from_n01_and_used_with_sd_sqrt_2_over_fan_in(layer, fan_in):
    weight = layer.weight.data
    assert weight.std() == pytest.approx(1, rel=0.02)
    images = weight.ndim == 4
    impulse = np.zeros((1, 3, 3, weight.shape[-2]) if images else (1, weight.shape[0]), np.float32)
    impulse[(0, 1, 1, 0) if images else (0, 0)] = 1  # the outputs are the weights as the layer uses them
    used = layer(tg.Tensor(impulse)).data.reshape(-1)
    np.testing.assert_allclose(np.sort(used), np.sort(np.sqrt(2 / fan_in) * (weight[..., 0, :]).reshape(-1)), rtol=1e-6)
    assert used.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.15)


@pytest.mark.parametrize(("small", "large"), [
    ((nn.EqualisedDense(4, 3, rng=SEED(0))), (nn.EqualisedDense(400, 3, rng=SEED(0)))),
    (nn.EqualisedConv2d(1, 3, 3, gain=1.0, rng=SEED(0)), nn.EqualisedConv2d(50, 3, 5, gain=1.0, rng=SEED(0)))])
def test_a_step_of_adam_moves_equalised_weights_by_the_same_share(small, large):
    shares = []
    for layer in (small, large):
        x = drawn(8, *([6, 6, layer.weight.shape[2]] if layer.weight.data.ndim == 4 else layer.weight.shape[:1]))
        gradient = tg.grad((layer(tg.Tensor(x.astype(np.float32))) ** 2).sum(), layer.parameters())
        before = layer.weight.data.copy()
        tg.updates.descend(layer.theta, tg.updates.Adam()(gradient), 0.01)
        shares.append(np.abs(layer.weight.data - before).mean() / np.abs(before).mean())
    assert shares[0] == pytest.approx(shares[1], rel=0.5)  # with He's initial weights the ratio is 1 to 10


# --- derivatives, dtypes, the foreign array (the layers of one input: test_every_layer.py) ---

@layers_of_two
def test_derivatives_to_second_order(name):
    make, *shapes = TWO[name]
    check_module(make(), *(drawn(*shape, seed=5 + i) for i, shape in enumerate(shapes)))


def results(name, xp, dtype):
    """The output and the first and second derivatives of a layer; all have its dtype and array module."""
    make, *shapes = TWO[name]
    module = make().astype(np.float32).astype(dtype)
    if xp is not np:
        to_foreign(module)
    inputs = leaves([drawn(*shape, seed=5 + i).astype(np.float32).astype(dtype) for i, shape in enumerate(shapes)], xp)
    y = module(*inputs)
    slopes = tg.grad((y ** 3).sum(), [*inputs, *module.parameters()], create_graph=True)  # AdaIN keeps the sum of y^2
    found = [y, *slopes, *tg.grad((slopes[0] * slopes[0]).sum(), inputs)]
    assert all(type(v.data) is type(inputs[0].data) for v in found)
    assert {v.dtype for v in found} == {np.dtype(dtype)}
    return [host(v) for v in found]


@layers_of_two
@pytest.mark.parametrize(("xp", "dtype"), [(np, np.float32), (foreign, np.float32), (foreign, np.float64)])
def test_the_same_in_both_dtypes_and_array_modules(name, xp, dtype):
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    for a, b in zip(results(name, xp, dtype), results(name, np, np.float64), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


# --- PyTorch ---

def compare(torch, ours, theirs, *arrays):
    """Values, derivatives, and derivatives of their squares, of ours and theirs on the same images, channels last."""
    xs, ts = leaves(arrays), [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.data, z.detach(), rtol=1e-9, atol=1e-12)
    slopes = tg.grad((y ** 3).sum(), xs, create_graph=True)
    expected = torch.autograd.grad((z ** 3).sum(), ts, create_graph=True)
    second = tg.grad(sum((s * s).sum() for s in slopes), xs)
    wanted = torch.autograd.grad(sum((s * s).sum() for s in expected), ts)
    for a, b in zip([*slopes, *second], [*expected, *wanted]):
        np.testing.assert_allclose(a.data, b.detach(), rtol=1e-8, atol=1e-8 * float(b.detach().abs().max()))


def images(f):
    """A function of PyTorch's on images, as one on channels-last images."""
    return lambda x, *rest: f(x.permute(0, 3, 1, 2), *rest).permute(0, 2, 3, 1)


@pytest.mark.oracle
def test_against_torch(torch):
    f, x = torch.nn.functional, drawn(2, 4, 6, 3)
    compare(torch, tg.upsample, images(lambda x: f.interpolate(x, scale_factor=2, mode="nearest")), x)
    compare(torch, tg.average_pool, images(lambda x: f.avg_pool2d(x, 2)), x)
    compare(torch, nn.PixelNorm(), lambda x: x * torch.rsqrt((x ** 2).mean(-1, keepdim=True) + 1e-8), x)
    layer = noise()
    compare(torch, layer, lambda x, z: x + z * torch.tensor(layer.gain.data), x, drawn(2, 4, 6, 1, seed=1))
    layer = adain(3, 5)
    weight, bias = (torch.tensor(p.data) for p in layer.style.parameters())

    def styled(x, w):
        y_s, y_b = f.linear(w, weight.T / 5**0.5, bias)[:, :, None, None].chunk(2, 1)
        return f.instance_norm(x, eps=1e-8) * y_s + y_b
    compare(torch, layer, images(styled), x, drawn(2, 5, seed=1))
    conv = nn.EqualisedConv2d(3, 2, 3, gain=1.5, rng=SEED(0)).astype(np.float64)
    kernel = torch.tensor(conv.weight.data.transpose(3, 2, 0, 1) * 1.5 / 27**0.5)
    compare(torch, conv, images(lambda x: f.conv2d(x, kernel, padding=1)), x)


@pytest.mark.parametrize(("f", "message"), [
    (lambda: adain()(np.ones((2, 3, 3, 4)), np.ones((2, 4))),
     "AdaIN: x (2, 3, 3, 4) and w (2, 4), expected (n, h, w, 3) and (n, size)"),
    (lambda: adain()(np.ones((2, 3, 3, 3)), np.ones((1, 4))),
     "AdaIN: x (2, 3, 3, 3) and w (1, 4), expected (n, h, w, 3) and (n, size)"),
    (lambda: adain()(np.ones((1, 3, 3, 3)), np.ones((2, 4))),
     "AdaIN: x (1, 3, 3, 3) and w (2, 4), expected (n, h, w, 3) and (n, size)"),
    (lambda: noise()(np.ones((2, 3, 3, 3)), np.ones((2, 3, 3, 3))),
     "Noise: noise (2, 3, 3, 3) for x (2, 3, 3, 3), expected (2, 3, 3, 1)"),
    (lambda: noise()(np.ones((2, 3, 3, 3)), np.ones((1, 3, 3, 1))),
     "Noise: noise (1, 3, 3, 1) for x (2, 3, 3, 3), expected (2, 3, 3, 1)"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert one_line(caught) == message
