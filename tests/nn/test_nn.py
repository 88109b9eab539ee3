"""Layers: derivatives to second order, PyTorch's values, running statistics, initial values, messages."""
import foreign
import numpy as np
import pytest
from helpers import check_module, host, leaves, on, to_foreign

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


def moved(module, seed=7):
    """The module in float64, its parameters and buffers away from 0 and 1."""
    rng = SEED(seed)
    module.astype(np.float64)
    module.theta[...] += rng.uniform(0.1, 0.5, module.theta.shape)
    for _, owner, name in module.named_buffers():
        setattr(owner, name, getattr(owner, name) + rng.uniform(0.1, 0.5, getattr(owner, name).shape))
    return module


@every_layer
def test_derivatives_to_second_order(name):
    module, shape = layers()[name]
    check_module(moved(module), SEED(3).standard_normal(shape))


def test_every_layer_is_checked():
    kinds = {type(module) for module, _ in layers().values()}
    kinds |= {nn.Embedding, nn.AdaIN, nn.Noise}  # the last two: test_style.py
    assert kinds == {v for v in vars(nn).values() if isinstance(v, type) and issubclass(v, nn.Module)} - {nn.Module}


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_dtype_and_both_array_modules(name, dtype, xp):
    results = []
    for place in (np, xp):
        module, shape = layers()[name]
        module.astype(dtype)
        if place is not np:
            to_foreign(module)
        [x] = leaves([SEED(3).standard_normal(shape).astype(dtype)], place)
        y = module(x)
        [slope, *slopes] = tg.grad((y * y).sum(), [x, *module.parameters()], create_graph=True)
        second = tg.grad((slope * slope).sum(), [x], allow_unused=True)[0] if slope.requires_grad else slope
        results.append([host(v) for v in (y, slope, *slopes, second) if v is not None])
        assert all(type(v.data) is type(x.data) for v in (y, slope, *slopes))
        assert {v.dtype for v in results[-1]} == {np.dtype(dtype)}
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 10)


# --- batch normalisation ---

@pytest.mark.oracle
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 4, 3)])
def test_batch_norm_is_torchs(torch, training, shape):
    ours = moved(nn.BatchNorm(3, momentum=0.3, eps=1e-3))
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    theirs = kind(3, momentum=0.3, eps=1e-3).double()
    theirs.load_state_dict({name: torch.tensor(a) for name, a in ours.state_dict().items()}, strict=False)
    ours.set_mode(training)
    theirs.train(training)
    axes = (0, 1) if len(shape) == 2 else (0, 3, 1, 2)
    for step in range(3):
        x = SEED(step).standard_normal(shape)
        a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b.permute(axes)).permute(*np.argsort(axes).tolist())
        np.testing.assert_allclose(y.data, z.detach(), rtol=1e-10, atol=1e-12)
        slopes = tg.grad((y ** 3).sum(), [a, *ours.parameters()])
        expected = torch.autograd.grad((z ** 3).sum(), [b, *theirs.parameters()])
        for s, t in zip(slopes, expected):
            np.testing.assert_allclose(s.data, t, rtol=1e-8, atol=1e-10)
        for name, a in ours.state_dict().items():
            np.testing.assert_allclose(a, theirs.state_dict()[name], rtol=1e-12)


def test_batch_norm_to_third_order():
    check_module(moved(nn.BatchNorm(2)), SEED(3).standard_normal((4, 2)), order=3)


def test_t39_batch_norm_gradient_sums_to_zero():
    """Adding a constant to a channel changes nothing."""
    [x] = leaves([SEED(0).standard_normal((4, 3, 3, 2))])
    y = nn.BatchNorm(2).astype(np.float64)(x)
    np.testing.assert_allclose(tg.grad((y ** 3).sum(), [x])[0].data.sum((0, 1, 2)), 0, atol=1e-12)


def test_batch_norm_normalises_and_follows():
    layer = nn.BatchNorm(2, momentum=1.0)
    x = SEED(0).normal(5, 3, (50, 2)).astype(np.float32)
    y = layer(x).data
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-4)
    np.testing.assert_allclose(layer.running_mean, x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var, x.var(0, ddof=1), rtol=1e-4)
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32
    kept = layer.eval().state_dict()
    np.testing.assert_allclose(layer(x + 1).data, (x + 1 - x.mean(0)) / x.std(0, ddof=1), rtol=1e-3)
    for name, a in layer.state_dict().items():
        np.testing.assert_array_equal(a, kept[name])


@pytest.mark.oracle
def test_layer_norm_is_torchs(torch):
    ours, theirs = moved(nn.LayerNorm(4)), torch.nn.LayerNorm(4).double()
    theirs.load_state_dict({name: torch.tensor(a) for name, a in ours.state_dict().items()})
    x = SEED(0).standard_normal((3, 2, 4))
    a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
    y, z = ours(a), theirs(b)
    np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12)
    [slope], [expected] = tg.grad((y ** 3).sum(), [a]), torch.autograd.grad((z ** 3).sum(), b)
    np.testing.assert_allclose(slope.data, expected, atol=1e-12)


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
        np.testing.assert_array_equal(host(getattr(layer, name)), a)  # in use the vectors stand still
        assert np.linalg.norm(a) == pytest.approx(1)


def test_spectral_norm_starts_near_and_is_saved():
    layer = nn.SpectralNorm(nn.Dense(50, 30, rng=SEED(1)), rng=SEED(2))
    assert layer.u.dtype == layer.v.dtype == np.float32
    largest = np.linalg.svd(layer.layer.weight.data)[1][0]
    assert layer.v @ layer.layer.weight.data @ layer.u == pytest.approx(largest, rel=0.05)
    assert list(layer.state_dict()) == ["layer.weight", "layer.bias", "u", "v"]


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
    assert isinstance(layer.layer.weight, nn.Parameter)  # put back, whatever happens


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


# --- a network as a function of its parameters ---

def test_at_other_parameters():
    net = nn.Sequential(nn.Dense(2, 3, rng=SEED(0)), nn.BatchNorm(3), tg.tanh, nn.Dense(3, 1, rng=SEED(1)))
    net.astype(np.float64)
    kept, x = net.parameters(), SEED(2).standard_normal((4, 2))
    before, theta = net(x).data, net.theta.copy()

    def f(*values):
        with net.with_parameters(values):
            return net(x)

    other = [SEED(3).standard_normal(p.shape) for p in kept]
    tg.check_gradients(f, *other)
    assert all(p is q for p, q in zip(net.parameters(), kept))
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net(x).data, before)
    found = f(*map(tg.Tensor, other)).data
    net.theta[...] = np.concatenate([a.ravel() for a in other])
    np.testing.assert_array_equal(net(x).data, found)
    with pytest.raises(ZeroDivisionError), net.with_parameters(other):
        1 / 0  # noqa: B018
    assert all(p is q for p, q in zip(net.parameters(), kept))
    with pytest.raises(ValueError), net.with_parameters(other[1:]):
        pass


def test_at_replaces_a_shared_parameter_everywhere():
    first, second = nn.Dense(2, 2, rng=SEED(0)), nn.Dense(2, 2, rng=SEED(1))
    second.weight = first.weight
    net = nn.Sequential(first, second)
    w = tg.Tensor(np.eye(2))
    with net.with_parameters([w, *net.parameters()[1:]]):
        assert first.weight is second.weight is w
        np.testing.assert_array_equal(net(np.ones((1, 2))).data, 1)
    assert first.weight is second.weight is not w


# --- embedding, dropout, plain layers ---

def test_embedding(xp):
    layer = nn.Embedding(4, 3, rng=SEED(0))
    table = layer.weight.data.copy()
    if xp is not np:
        to_foreign(layer)
    for labels in (np.array([2, 0, 2]), [2, 0, 2], tg.Tensor([2, 0, 2]), on(xp, np.array([2, 0, 2]))):
        y = layer(labels)
        np.testing.assert_array_equal(host(y), table[[2, 0, 2]])
        expected = np.zeros_like(table)
        expected[2], expected[0] = 2, 1
        np.testing.assert_array_equal(host(tg.grad(y.sum(), [layer.weight])[0]), expected)


def test_embedding_does_not_wait_for_the_device():
    layer, labels = to_foreign(nn.Embedding(4, 3, rng=SEED(0))), foreign.asarray(np.array([2, 0, 2]))
    with foreign.counting() as counts:
        tg.grad(layer(labels).sum(), [layer.weight])
    assert counts.synchronisations == 0


def test_embedding_to_second_order():
    layer = nn.Embedding(3, 2, rng=SEED(0)).astype(np.float64)
    table, layer.weight = layer.weight.data, None

    def pick(weight):
        layer.weight = weight
        return tg.tanh(layer([0, 2, 2]))
    tg.check_gradients(pick, table)


def test_dropout(xp):
    layer, x = nn.Dropout(0.25, rng=SEED(0)), on(xp, np.ones((200, 50), np.float32))
    y = host(layer(x))
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {0, np.float32(4 / 3)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    assert not np.array_equal(host(layer(x)), y)
    np.testing.assert_array_equal(host(nn.Dropout(0.25, rng=SEED(0))(x)), y)
    np.testing.assert_array_equal(host(layer.eval()(x)), 1)
    [t] = leaves([np.ones((20, 5))], xp)
    dropped = layer.train()(t)
    np.testing.assert_allclose(host(tg.grad(dropped.sum(), [t])[0]), host(dropped))


def test_plain_layers(xp):
    x = on(xp, np.arange(-6.0, 6.0).reshape(2, 3, 2))
    for layer, expected in [(nn.Flatten(), host(x).reshape(2, 6)), (nn.Reshape(1, 6), host(x).reshape(2, 1, 6)),
                            (nn.ReLU(), np.maximum(host(x), 0)), (nn.Tanh(), np.tanh(host(x))),
                            (nn.LeakyReLU(0.5), np.where(host(x) > 0, host(x), host(x) / 2)),
                            (nn.Sigmoid(), 1 / (1 + np.exp(-host(x))))]:
        np.testing.assert_allclose(host(layer(x)), expected)


def test_sequential():
    net = nn.Sequential(nn.Dense(2, 3, rng=SEED(0)), tg.relu, nn.Dense(3, 1, rng=SEED(1)))
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(net(x).data, net[2](tg.relu(net[0](x))).data)
    assert len(net) == 3
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert repr(net) == ("Sequential(\n  0: Dense(weight (2, 3), bias (3,))\n  2: Dense(weight (3, 1), bias (1,))\n)")


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.Dense(3, 2, rng=SEED(0))(np.ones((4, 5))), "Dense: x (4, 5) has 5 features, weight (3, 2) expects 3"),
    (lambda: nn.BatchNorm(3)(np.ones((4, 5))), "BatchNorm: x (4, 5) has 5 channels, expected 3"),
    (lambda: nn.BatchNorm(3)(np.ones((1, 3), np.float32)),
     "BatchNorm: x (1, 3) has one value for each channel, training needs at least two"),
    (lambda: nn.LayerNorm(3)(np.ones((4, 5))), "LayerNorm: x (4, 5) has 5 features, expected 3"),
    (lambda: nn.Dropout(1.0, rng=SEED(0)), "Dropout: rate is 1.0, expected 0 <= rate < 1"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([0, 3]), "Embedding: labels reach from 0 to 3, expected 0 to 2"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([-1]), "Embedding: labels reach from -1 to -1, expected 0 to 2"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([0.5]), "Embedding: labels have dtype float64, expected integers"),
    (lambda: nn.Pack(3)(np.ones((4, 2))), "Pack: x (4, 2) holds 4 examples, expected a multiple of 3"),
    (lambda: nn.Module()(1), "Module defines no forward"),
    (lambda: nn.Dense(3, 2, rng=SEED(0)).astype(int), "astype: got int64, expected a floating point dtype"),
    (lambda: nn.Conv2d(3, 2, 4, rng=SEED(0))(np.ones((1, 5, 5, 2))),
     "conv2d: x (1, 5, 5, 2) has 2 channels, w (4, 4, 3, 2) expects 3"),
])
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == message


# --- initial values ---

@pytest.mark.parametrize(("rule", "sd", "limit"), [
    (nn.initial.he, np.sqrt(2 / 400), np.inf),
    (lambda *a: nn.initial.he(*a, slope=0.2), np.sqrt(2 / 1.04 / 400), np.inf),
    (nn.initial.glorot, np.sqrt(2 / 700), np.sqrt(6 / 700)),
    (nn.initial.uniform, np.sqrt(1 / 1200), np.sqrt(1 / 400)),
    (nn.initial.normal(), 0.02, np.inf),
    (nn.initial.normal(0.5), 0.5, np.inf),
])
def test_law_of_the_initial_values(rule, sd, limit):
    w = rule(SEED(0), (400, 300), 400, 300)
    assert w.dtype == np.float32
    n = w.size
    assert abs(w.mean()) < 4 * sd / np.sqrt(n)
    assert abs(w.std() / sd - 1) < 4 / np.sqrt(2 * n)
    assert abs(w).max() <= limit
    assert limit == np.inf or abs(w).max() > 0.99 * limit


@pytest.mark.parametrize(("make", "variance"), [
    (lambda rng: nn.Dense(500, 200, rng=rng), 2 / 500),
    (lambda rng: nn.Conv2d(30, 40, 4, rng=rng), 2 / (16 * 30)),
    (lambda rng: nn.ConvTranspose2d(40, 30, 4, rng=rng), 2 / (16 * 40)),
    (lambda rng: nn.Embedding(200, 50, rng=rng), 1.0),
])
def test_initial_weights_of_the_layers(make, variance):
    layer = make(SEED(0))
    assert layer.weight.data.var() == pytest.approx(variance, rel=0.05)
    assert not hasattr(layer, "bias") or not layer.bias.data.any()
    np.testing.assert_array_equal(layer.weight.data, make(SEED(0)).weight.data)
    assert not np.array_equal(layer.weight.data, make(SEED(1)).weight.data)


def test_he_keeps_the_signal():
    rng = SEED(0)
    net = nn.Sequential(*[m for _ in range(10) for m in (nn.Dense(300, 300, rng=rng), nn.ReLU())])
    x = rng.standard_normal((50, 300)).astype(np.float32)
    assert 0.5 < 2 * (net(x).data ** 2).mean() / (x ** 2).mean() < 2  # half of them are cut to 0 by the last ReLU


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.2), nn.LeakyReLU(0.0)])
@pytest.mark.parametrize("training", [True, False])
def test_a_normalisation_takes_the_activation_after_it_along(activation, training):
    """Fast path: the same bits as one layer after the other, and the same derivatives to second order."""
    layers = nn.BatchNorm(3), activation
    norm = nn.Sequential(*layers).astype("float64").layers[0]
    norm.training = training
    x = np.random.default_rng(0).standard_normal((4, 2, 2, 3))

    def outcomes(f):
        t = tg.Tensor(x, requires_grad=True)
        y = f(t)
        [slope] = tg.grad((y**3).sum(), [t], create_graph=True)
        return y.data, slope.data, *[g.data for g in tg.grad((slope * slope).sum(), [t, norm.weight])]
    both = nn.Sequential(*layers)
    for a, b in zip(outcomes(both), outcomes(lambda t: activation(norm(t))), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("layers", "got"), [
    ([[nn.ReLU()]], "layer 0 is a list"), ([nn.ReLU(), nn.Tanh], "layer 1 is <class 'tinygan.nn.activations.Tanh'>")])
def test_sequential_refuses_a_list_and_a_class(layers, got):
    with pytest.raises(TypeError) as caught:
        nn.Sequential(*layers)
    assert str(caught.value) == (f"Sequential: {got}, expected a Module or a function; "
                                 "write Sequential(Dense(...), ReLU()), or Sequential(*layers)")


def test_a_path_is_no_state():
    with pytest.raises(TypeError) as caught:
        nn.Dense(2, 1, rng=0).load_state_dict("weights.npz")
    assert str(caught.value) == "load_state_dict: got str, expected a dict; write np.load(file)"
