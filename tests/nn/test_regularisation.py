"""Layers that help a discriminator: minibatch statistics, packs, spectral normalisation as PyTorch has it."""
import copy

import numpy as np
import pytest
from helpers import host, leaves, on, to_foreign

import tinygan as tg
from tinygan import nn, objectives

SEED = np.random.default_rng


# --- layers against collapse ---

@pytest.mark.parametrize("shape", [(5, 3), (4, 2, 3, 2)])
def test_minibatch_std_is_the_spread_of_the_batch(shape, xp):
    x = SEED(0).normal(1, 3, shape)
    y = host(nn.MinibatchStd()(on(xp, x)))
    np.testing.assert_array_equal(y[..., :-1], x)
    np.testing.assert_allclose(y[..., -1], x.std(0).mean(), rtol=1e-6)
    same = np.repeat(x[:1], len(x), 0)  # a generator that has collapsed
    np.testing.assert_allclose(host(nn.MinibatchStd()(on(xp, same)))[..., -1], 1e-4)


def test_packs_are_examples_side_by_side(xp):
    for shape in [(6, 2), (6, 4, 3, 2)]:
        x = SEED(0).standard_normal(shape)
        y = host(nn.Pack(3)(on(xp, x)))
        assert y.shape == (2, *shape[1:-1], 6)
        for i in range(6):
            np.testing.assert_array_equal(y[i // 3, ..., i % 3 * 2:i % 3 * 2 + 2], x[i])


# --- spectral normalisation ---

def spectral(kind):
    layer = {"dense": lambda: nn.Dense(5, 4, rng=SEED(1)), "conv": lambda: nn.Conv2d(2, 3, 3, rng=SEED(1)),
             "no bias": lambda: nn.Dense(5, 4, bias=False, rng=SEED(1))}[kind]()
    return nn.SpectralNorm(layer, rng=SEED(2)).astype(np.float64), (4, 4, 4, 2) if kind == "conv" else (6, 5)


@pytest.mark.parametrize("kind", ["dense", "conv", "no bias"])
def test_spectral_norm_bounds_the_slope(kind, xp):
    layer, shape = spectral(kind)
    layer.layer.weight.data *= 7
    matrix = layer.layer.weight.data.reshape(-1, layer.layer.weight.shape[-1])
    x = SEED(0).standard_normal(shape)
    bias = 0 if layer.layer.bias is None else layer.layer.bias.data
    expected = (layer.layer(x).data - bias) / np.linalg.svd(matrix)[1][0] + bias
    if xp is not np:
        to_foreign(layer)
    for _ in range(100):
        y = layer(on(xp, x))
    np.testing.assert_allclose(host(y), expected, rtol=1e-8, atol=1e-12)
    kept = {name: host(getattr(layer, name)) for name in layer.buffers}
    layer.eval()(on(xp, x))
    for name, a in kept.items():
        np.testing.assert_array_equal(host(getattr(layer, name)), a)  # in evaluation mode the vectors stay the same
        assert np.linalg.norm(a) == pytest.approx(1)


def test_spectral_norm_starts_near_and_is_saved():
    layer = nn.SpectralNorm(nn.Dense(50, 30, rng=SEED(1)), rng=SEED(2))
    assert layer.u.dtype == layer.v.dtype == np.float32
    largest = np.linalg.svd(layer.layer.weight.data)[1][0]
    assert layer.v @ layer.layer.weight.data @ layer.u == pytest.approx(largest, rel=0.05)
    assert list(layer.state_dict()) == ["layer.weight", "layer.bias", "u", "v"]


def test_averaged_singular_vectors_have_length_1():
    layer, average = nn.SpectralNorm(nn.Dense(3, 4, rng=0), rng=1), tg.updates.Average(0.5)
    for _ in range(3):
        average(layer.theta, layer)
        layer.layer.weight.data[...] *= [[1, -1, 2, 1]]  # so that u turns
        layer(np.ones((2, 3), np.float32))
    averaged = average.copy_to(copy.deepcopy(layer))
    assert [float(np.linalg.norm(a)) for a in (averaged.u, averaged.v)] == pytest.approx([1, 1], rel=1e-6)
    u = average.buffers[:4]
    assert np.linalg.norm(u) < 0.97
    np.testing.assert_allclose(averaged.u, u / np.linalg.norm(u), rtol=1e-5)


def test_spectral_norm_takes_a_step_at_each_call_and_derivatives_keep_theirs():
    """A derivative taken after further calls is that of its own call."""
    layer, shape = spectral("dense")
    [x] = leaves([SEED(0).standard_normal(shape)])
    before = layer.u
    y = layer(x)
    at_once = tg.grad((y * y).sum(), [layer.layer.weight])[0].data
    assert not np.array_equal(before, layer.u)
    layer(x), layer(x)
    np.testing.assert_array_equal(tg.grad((y * y).sum(), [layer.layer.weight])[0].data, at_once)
    with pytest.raises(ValueError):
        layer(np.ones((2, 9)))
    assert isinstance(layer.layer.weight, nn.Parameter)  # restored, even after an error


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["dense", "conv", "no bias"])
def test_spectral_norm_is_torchs(torch, kind):
    ours, shape = spectral(kind)
    inner = ours.layer
    if kind == "conv":
        theirs = torch.nn.Conv2d(2, 3, 3).double()
    else:
        theirs = torch.nn.Linear(5, 4, bias=kind == "dense").double()
    flip = lambda w: w.transpose(3, 2, 0, 1) if w.ndim == 4 else w.T
    theirs.load_state_dict({name: torch.tensor(flip(p.data) if name == "weight" else p.data)
                            for name, p in inner.named_parameters()})
    torch.nn.utils.parametrizations.spectral_norm(theirs)
    hidden = theirs.parametrizations.weight[0]
    hidden._u.copy_(torch.tensor(ours.u))
    order = (2, 0, 1) if kind == "conv" else (0,)  # torch's columns are (in, kh, kw), ours (kh, kw, in)
    hidden._v.copy_(torch.tensor(ours.v.reshape(inner.weight.shape[:-1]).transpose(order).ravel()))
    axes, back = ((0, 3, 1, 2), (0, 2, 3, 1)) if kind == "conv" else ((0, 1), (0, 1))
    for step in range(5):
        ours.set_mode(step < 4)
        theirs.train(step < 4)
        x = SEED(step).standard_normal(shape)
        a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b.permute(axes)).permute(back)
        np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12, atol=1e-13)
        [slope] = tg.grad((y ** 3).sum(), [a], create_graph=True)  # a gradient of a gradient, as in a penalty
        [expected] = torch.autograd.grad((z ** 3).sum(), b, create_graph=True)
        np.testing.assert_allclose(slope.data, expected.detach(), rtol=1e-10, atol=1e-12)
        found = tg.grad((slope * slope).sum(), [inner.weight])[0].data
        weight = theirs.parametrizations.weight.original
        expected = torch.autograd.grad((expected ** 2).sum(), weight)[0].numpy()
        np.testing.assert_allclose(flip(found), expected, rtol=1e-9, atol=1e-10)
        inner.weight.data -= 0.01 * found
        with torch.no_grad():
            weight -= 0.01 * torch.tensor(expected)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.Pack(3)(np.ones((4, 2))), "Pack: x (4, 2) holds 4 examples, expected a multiple of 3"),
])
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == message


def test_packs_see_a_collapse_that_examples_do_not():
    """Half the real points are at -1, half at 1. Fakes that are all alike in a pack, but not from pack to pack, are
    beyond a discriminator of single points and easy for one of pairs."""
    def advantage(size):
        rng = SEED(1)
        d = nn.Sequential(nn.Pack(size), nn.Dense(size, 16, rng=rng), tg.tanh, nn.Dense(16, 1, rng=rng))
        adam = tg.updates.Adam(0.5)
        for _ in range(200):
            real = rng.choice([-1.0, 1.0], (64, 1)).astype(np.float32)
            fake = np.repeat(rng.choice([-1.0, 1.0], (32, 1)), 2, axis=0).astype(np.float32)
            v = objectives.value(d(real), d(fake))
            tg.updates.ascend(d.theta, adam(tg.grad(v, d.parameters())), 0.01)
        return v.item() + 2 * np.log(2)

    assert abs(advantage(1)) < 0.1
    assert advantage(2) > 0.3
