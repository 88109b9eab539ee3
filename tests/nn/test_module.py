"""Modules: the parameters are one vector whose views stay views; other parameters for a while; state."""
import copy
import pickle
import sys

import numpy as np
import pytest
from helpers import host
from networks import network

import tinygan as tg
from tinygan import nn


class Nested(nn.Module):
    """Modules in attributes, in lists and in modules, with a parameter of its own."""

    def __init__(self, rng):
        self.first = nn.Dense(2, 3, rng=rng)
        self.scale = nn.Parameter(np.ones(3, np.float32))
        self.blocks = [nn.Dense(3, 3, rng=rng), nn.Sequential(nn.Dense(3, 1, bias=False, rng=rng))]

    def forward(self, x):
        return self.blocks[1](self.blocks[0](self.first(x) * self.scale))


def is_one_vector(module):
    """theta holds the parameters in order, and each parameter's data is a writable view of it."""
    theta, start = module.theta, 0
    for p in module.parameters():
        assert np.shares_memory(theta, p.data)
        assert p.data.flags.writeable
        np.testing.assert_array_equal(theta[start:start + p.size].reshape(p.shape), p.data)
        start += p.size
    assert start == theta.size
    assert module.theta is theta or np.shares_memory(module.theta, theta)
    return True


def test_order_of_the_layers_weight_before_bias():
    net = Nested(np.random.default_rng(0))
    names = [name for name, _ in net.named_parameters()]
    assert names.count("scale") == 1
    names.remove("scale")  # a module's own parameters come before those of the modules in it
    assert names == ["first.weight", "first.bias", "blocks.0.weight", "blocks.0.bias", "blocks.1.0.weight"]
    assert is_one_vector(net)
    assert net.theta.size == 6 + 3 + 3 + 9 + 3 + 3
    np.testing.assert_array_equal(net.theta, np.concatenate([p.data.reshape(-1) for p in net.parameters()]))


def test_an_update_in_place_changes_the_network():
    net, x = network().eval(), np.ones((1, 3), np.float32)
    before, theta = net(x).data.copy(), net.theta
    theta += 0.5
    assert not np.allclose(net(x).data, before)
    net[1].bias.data[...] = 7
    assert theta[-1] == theta[-2] == 7
    net[1].bias.data += 1
    assert theta[-1] == 8
    assert net.theta is theta


def test_the_gradient_fits_theta():
    net = network()
    tg.updates.ascend(net.theta, tg.grad(net(np.ones((4, 3), np.float32)).sum(), net.parameters()), 0.1)
    assert net[1].bias.data.min() > 0  # its slope is positive


def test_inner_theta_is_a_view_of_the_outer():
    net = network()
    outer = net.theta
    inner = net[0].theta
    assert np.shares_memory(outer, inner)
    inner[...] = 3
    np.testing.assert_array_equal(outer[:inner.size], 3)
    assert net.theta is outer
    assert is_one_vector(net)
    assert is_one_vector(net[0])
    assert is_one_vector(net[1])


def test_an_outer_network_takes_over():
    """The inner vector was made first; the outer gathers it, and from then on the inner one is its view."""
    net = network()
    _ = net[0].theta
    outer = net.theta
    assert np.shares_memory(net[0].theta, outer)
    assert net.theta is outer


def test_a_shared_parameter_comes_once():
    layer = nn.Dense(2, 2, rng=np.random.default_rng(0))
    net = nn.Sequential(layer, tg.tanh, layer)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert net.theta.size == 6
    assert copy.deepcopy(net).theta.size == 6
    x = np.ones((3, 2), np.float32)
    assert [g.shape for g in tg.grad(net(x).sum(), net.parameters())] == [(2, 2), (2,)]


def test_no_parameters_no_theta():
    assert nn.Sequential(tg.tanh).theta.shape == (0,)


def test_a_new_array_is_gathered():
    net = network()
    old = net.theta
    net[1].bias.data = np.full(2, 5, np.float32)
    assert net.theta is not old
    assert net.theta[-1] == 5
    assert is_one_vector(net)


def test_a_new_layer_is_gathered():
    net = network()
    old = net.theta.size
    net.layers.append(nn.Dense(2, 3, rng=np.random.default_rng(0)))
    assert net.theta.size == old + 9
    assert is_one_vector(net)


def test_two_dtypes_do_not_make_a_vector():
    net = network()
    net[1].astype(np.float64)
    with pytest.raises(TypeError, match=r"^theta: parameters of float32 and float64 meet; use astype$"):
        _ = net.theta
    assert net.astype(np.float32).theta.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, "float64"])
def test_astype(dtype):
    net = network()
    values = net.theta.copy()
    assert net.astype(dtype) is net
    assert {a.dtype for a in net.state_dict().values()} == {net.theta.dtype} == {np.dtype(dtype)}
    assert is_one_vector(net)
    np.testing.assert_allclose(net.theta, values, rtol=1e-3)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
                         ids=["deepcopy", "pickle"])
def test_a_copy_is_another_network(copied):
    net = network()
    _ = net.theta
    other = copied(net)
    assert is_one_vector(other)
    np.testing.assert_array_equal(other.theta, net.theta)
    assert not np.shares_memory(other.theta, net.theta)
    assert not np.shares_memory(other[0][1].running_mean, net[0][1].running_mean)
    other.theta[...] = 0
    assert net.theta.any()
    assert is_one_vector(net)


def test_devices(gpu):
    net = network()
    values, theta = net.state_dict(), net.theta
    assert net.to("cpu").theta is theta
    net.to("gpu")
    assert isinstance(net.theta, gpu.ForeignArray)
    assert all(isinstance(p.data, gpu.ForeignArray) for p in net.parameters())
    assert isinstance(net[0][1].running_var, gpu.ForeignArray)
    net.theta[...] += 1
    for (_, p), a in zip(net.named_parameters(), values.values()):
        np.testing.assert_array_equal(host(p), a + 1)
    assert all(type(a) is np.ndarray for a in net.state_dict().values())
    net.load_state_dict(values)
    np.testing.assert_array_equal(host(net.theta), theta)
    np.testing.assert_array_equal(net.to("cpu").theta, theta)
    assert is_one_vector(net)


def test_no_gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError) as caught:
        network().to("gpu")
    assert str(caught.value) == "device 'gpu' needs CuPy: pip install 'tinygan[cuda12]' or 'tinygan[cuda13]'"


# --- state ---

def test_state_goes_round():
    net, other = network(0), network(1)
    net(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32))  # moves the running statistics
    theta, state = other.theta, net.state_dict()
    assert list(state) == ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "1.weight", "1.bias",
                           "0.1.running_mean", "0.1.running_var"]
    other.load_state_dict(state)
    assert other.theta is theta
    for name, a in other.state_dict().items():
        np.testing.assert_array_equal(a, state[name])
    assert is_one_vector(other)


def test_state_is_a_copy():
    net = network()
    state = net.state_dict()
    kept = {name: a.copy() for name, a in state.items()}
    net.theta[...] = 9
    net(np.ones((5, 3), np.float32))
    for name, a in state.items():
        np.testing.assert_array_equal(a, kept[name])
    net.load_state_dict(state)
    state["0.0.weight"][...] = 4
    np.testing.assert_array_equal(net[0][0].weight.data, kept["0.0.weight"])


def without(state, name):
    return {k: v for k, v in state.items() if k != name}


@pytest.mark.parametrize(("change", "message"), [
    (lambda s: without(s, "1.bias"), "load_state_dict: 1.bias is missing"),
    (lambda s: without(s, "0.1.running_var"), "load_state_dict: 0.1.running_var is missing"),
    (lambda s: {**s, "9.bias": np.zeros(2)}, "load_state_dict: 9.bias is unknown to the network"),
    (lambda s: {**s, "1.weight": np.zeros((2, 4))}, "load_state_dict: 1.weight has shape (2, 4), expected (4, 2)"),
])
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    net = network()
    kept, state = net.state_dict(), network(1).state_dict()
    with pytest.raises(ValueError) as caught:
        net.load_state_dict(change(state))
    assert str(caught.value) == message
    for name, a in net.state_dict().items():
        np.testing.assert_array_equal(a, kept[name])


SEED = np.random.default_rng


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


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.Module()(1), "Module defines no forward"),
    (lambda: nn.Dense(3, 2, rng=SEED(0)).astype(int), "astype: got int64, expected a floating point dtype"),
    (lambda: nn.Dense(3, 2, rng=SEED(0)).astype(complex), "astype: got complex128, expected a floating point dtype"),
])
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == message


def test_a_path_is_no_state():
    with pytest.raises(TypeError) as caught:
        nn.Dense(2, 1, rng=0).load_state_dict("weights.npz")
    assert str(caught.value) == "load_state_dict: got str, expected a dict; write np.load(file)"
