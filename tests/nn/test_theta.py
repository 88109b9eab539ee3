"""The life of a network: after any operations in any order, its parameters are one vector with the right values; also
where networks share a parameter."""
import copy
import pickle

import foreign
import numpy as np
import pytest
from helpers import host
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from networks import network

import tinygan as tg
from tinygan import backend, nn
from tinygan.backend import versions
from tinygan.nn.theta import buffers_of, load_buffers

STEPS = st.sampled_from([-0.5, 0.25, 1.0])


def check_one_vector(net):
    """theta holds the parameters in their order, and each parameter's data is a writable view of it."""
    theta, place = net.theta, versions._place(net.theta)[0]
    for p in net.parameters():
        assert type(p.data) is type(theta)
        assert p.dtype == theta.dtype
        assert versions._place(p.data) == (place, place + p.data.nbytes)
        assert getattr(p.data.flags, "writeable", True)
        place += p.data.nbytes
    assert place == versions._place(theta)[1]


class Life(RuleBasedStateMachine):
    """A network, its copies' originals, and for each a plain list of the expected values of its parameters."""

    @initialize()
    def begin(self):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("tinygan.backend.arrays._cupy", lambda: foreign)
        self.net, self.saved, self.dtype, self.left = network(), [], np.dtype(np.float32), []
        self.values = [p.data.astype(np.float64) for p in self.net.parameters()]
        self.forget()

    def teardown(self):
        self.patch.undo()

    def forget(self):
        """A new average: the old one is of another dtype, device or size."""
        self.average, self.mean = tg.updates.Average(0.5), None

    def moved(self, step):
        self.values = [v + step for v in self.values]

    # --- values change in place ---

    @rule(step=STEPS)
    def add(self, step):
        self.net.theta[...] += step
        self.moved(step)

    @rule(step=STEPS, listed=st.booleans(), down=st.booleans())
    def ascend(self, step, listed, down):
        theta = self.net.theta
        direction = [np.ones_like(p.data) for p in self.net.parameters()] if listed else np.ones_like(theta)
        (tg.updates.descend if down else tg.updates.ascend)(theta, direction, step)
        self.moved(-step if down else step)

    @rule(step=STEPS)
    def ascend_the_inner(self, step):
        tg.updates.ascend(self.net[0].theta, np.ones_like(self.net[0].theta), step)
        self.values[:4] = [v + step for v in self.values[:4]]

    @rule()
    def clip(self):
        tg.updates.clip(self.net.theta, 2.0)
        self.values = [np.clip(v, -2, 2) for v in self.values]

    @rule()
    def take_the_average(self):
        self.average(self.net.theta)
        self.mean = list(self.values) if self.mean is None else [(m + v) / 2 for m, v in zip(self.mean, self.values)]

    @precondition(lambda self: self.mean is not None)
    @rule()
    def become_the_average(self):
        self.net.theta[...] = self.average.theta
        self.values = list(self.mean)

    @rule()
    def differentiate(self):
        x = backend.to_device_of(np.ones((3, 3), self.dtype), self.net.theta)
        tg.updates.ascend(self.net.theta, tg.grad(self.net(x).sum(), self.net.parameters()), 0.0)

    # --- arrays are replaced ---

    @rule(i=st.integers(0, 5))
    def set_one(self, i):
        p = self.net.parameters()[i]
        p.data = np.full_like(p.data, i)
        self.values[i] = np.full(p.shape, float(i))

    @rule(dtype=st.sampled_from([np.float32, np.float64]))
    def convert(self, dtype):
        self.net.astype(dtype)
        self.dtype = np.dtype(dtype)
        self.forget()

    @rule(device=st.sampled_from(["cpu", "gpu"]))
    def move(self, device):
        self.net.to(device)
        self.forget()

    @rule(how=st.sampled_from([copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]))
    def copied(self, how):
        self.left = [(self.net, list(self.values)), *self.left[:2]]
        self.net = how(self.net)

    @rule()
    def gather_in_another(self):
        last = nn.Dense(2, 1, rng=np.random.default_rng(0)).astype(self.dtype).apply(
            lambda a: backend.to_device_of(a, self.net.theta))
        check_one_vector(nn.Sequential(self.net, last))

    @precondition(lambda self: len(self.values) < 10)
    @rule()
    def grow(self):
        layer = nn.Dense(2, 2, rng=np.random.default_rng(len(self.values))).astype(self.dtype).apply(
            lambda a: backend.to_device_of(a, self.net.theta))
        self.net.layers.append(layer)
        self.values += [host(p).astype(np.float64) for p in layer.parameters()]
        self.saved.clear()
        self.forget()

    # --- states are saved and loaded ---

    @rule()
    def save(self):
        self.saved.append((self.net.state_dict(), list(self.values)))

    @precondition(lambda self: self.saved)
    @rule(i=st.integers(0, 9))
    def load(self, i):
        state, values = self.saved[i % len(self.saved)]
        self.net.load_state_dict(state)
        self.values = list(values)

    @precondition(lambda self: self.saved)
    @rule(wrong=st.sampled_from([np.zeros((1, 9)), None]))
    def load_what_does_not_fit(self, wrong):
        state = {name: a + 1 for name, a in self.saved[-1][0].items()}
        state["1.bias"] = wrong
        if wrong is None:
            del state["1.bias"]
        with pytest.raises(ValueError, match=r"^load_state_dict: 1\.bias"):
            self.net.load_state_dict(state)

    @rule()
    def imagine(self):
        with self.net.with_parameters([tg.Tensor(p.data * 0) for p in self.net.parameters()]):
            pass

    @invariant()
    def it_is_one_vector(self):
        check_one_vector(self.net)
        check_one_vector(self.net[0])
        assert self.net.theta.dtype == self.dtype
        for net, values in [(self.net, self.values), *self.left]:
            for p, v in zip(net.parameters(), values, strict=True):
                np.testing.assert_allclose(host(p), v, rtol=1e-5, atol=1e-5)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=20)


# --- networks that share a layer ---

def sharing(count=2):
    """A layer, and networks of it and a layer of their own, in either order."""
    shared = nn.Dense(2, 2, rng=0)
    return shared, [nn.Sequential(*[nn.Dense(2, 2, rng=1 + i), shared][::1 if i % 2 else -1]) for i in range(count)]


@pytest.mark.parametrize("count", [2, 3])
def test_updates_of_every_network_move_a_shared_layer(count):
    shared, nets = sharing(count)
    before = [[p.data.copy() for p in net.parameters()] for net in nets]
    for _ in range(2):
        for i, net in enumerate(nets):
            tg.updates.ascend(net.theta, np.ones_like(net.theta), 2.0**i)
    for i, (net, start) in enumerate(zip(nets, before)):
        for p, a in zip(net.parameters(), start):
            step = 2 * (2**count - 1) if p in set(shared.parameters()) else 2 * 2**i
            np.testing.assert_allclose(p.data, a + step, rtol=1e-5)


def test_two_optimisers_move_a_shared_layer_as_in_torch(torch):
    _, (p, q) = sharing()
    theirs = [torch.tensor(a.data.copy(), requires_grad=True) for a in p.parameters()]
    theirs += [torch.tensor(a.data.copy(), requires_grad=True) for a in q[0].parameters()]
    movers = [torch.optim.Adam(theirs[:4], lr=0.1), torch.optim.Adam(theirs[4:] + theirs[:2], lr=0.1)]
    ours, x = [tg.updates.Adam(), tg.updates.Adam()], np.random.default_rng(5).standard_normal((4, 2)).astype("f4")
    for _ in range(5):
        for net, adam in zip((p, q), ours):
            slopes = tg.grad((net(x) ** 2).mean(), net.parameters())
            tg.updates.descend(net.theta, adam(slopes), 0.1)
        for (w, b, v, c), mover in zip((theirs[:4], theirs[4:] + theirs[:2]), movers):
            mover.zero_grad()
            (((torch.tensor(x) @ w + b) @ v + c) ** 2).mean().backward()
            mover.step()
    for a, b in zip([*p.parameters(), *q.parameters()], theirs + theirs[:2]):
        np.testing.assert_allclose(a.data, b.detach(), rtol=1e-4, atol=1e-5)


REPLACED = {
    "another network": lambda net: nn.Sequential(net[0], nn.Dense(2, 2, rng=7)).theta,
    "an outer network": lambda net: nn.Sequential(net, nn.Dense(2, 2, rng=7)).theta,
    "astype": lambda net: net.astype(np.float64),
    "a layer": lambda net: net[0][0].apply(np.copy),
    "a new array": lambda net: (setattr(net.parameters()[0], "data", net.parameters()[0].data + 1), net.theta)}


@pytest.mark.parametrize("how", REPLACED)
def test_an_outdated_theta_is_not_written(how):
    net = network()
    old, part = net.theta, net[0][0].theta
    REPLACED[how](net)
    with pytest.raises(ValueError, match="read-only"):
        old += 1
    for update in (lambda: tg.updates.ascend(old, np.ones_like(old), 1), lambda: tg.updates.clip(old, 1)):
        with pytest.raises(ValueError, match=r"^(ascend|clip): this theta is outdated, no network uses it; write net"):
            update()
    with pytest.raises(ValueError, match=r"^ascend: this theta is outdated"):
        tg.updates.ascend(part, np.ones_like(part), 1)
    check_one_vector(net)  # all parts of the present one can be written
    check_one_vector(net[0])
    for p in net.parameters():
        check_one_vector(nn.Sequential(Holder(p)))


def test_a_layer_that_stays_in_an_outdated_theta_has_one_of_its_own():
    shared, (p, q) = sharing()
    own, values = p[1], p[1].weight.data.copy()
    _ = p.theta, q.theta
    own.theta[...] += 1
    check_one_vector(own)
    np.testing.assert_allclose(p[1].weight.data, values + 1)
    check_one_vector(p)
    check_one_vector(shared)


class Holder(nn.Module):
    def __init__(self, p):
        self.p = p


@pytest.mark.parametrize("first", [0, 1])
def test_a_change_is_not_forgotten_when_another_network_gathers(first):
    shared, nets = sharing()
    for net in nets:
        _ = net.theta
        value = shared(np.ones((1, 2), np.float32)).sum()
        tg.updates.ascend(net.theta, np.ones_like(net.theta), 0.1)
        _ = nets[first].theta, nets[1 - first].theta
        with pytest.raises(ValueError, match="updated in place"):
            tg.grad(value, shared.parameters())
        value = shared(np.ones((1, 2), np.float32)).sum()
        _ = nets[first].theta, nets[1 - first].theta  # gathered, and not changed
        tg.grad(value, shared.parameters())


# --- buffers as a vector ---

def test_buffers_go_round():
    net = nn.Sequential(nn.BatchNorm(2), nn.Sequential(nn.SpectralNorm(nn.Dense(2, 3, rng=0), rng=1)))
    vector = buffers_of(net)
    assert vector.size == 2 + 2 + 3 + 2
    kept = vector.copy()
    load_buffers(net, vector * 2)
    np.testing.assert_array_equal(vector, kept)  # a copy
    np.testing.assert_array_equal(buffers_of(net)[:4], 2 * kept[:4])
    np.testing.assert_allclose(buffers_of(net)[4:], kept[4:], rtol=1e-5)  # singular vectors, of length 1
    np.testing.assert_array_equal(net[0].running_var, [2, 2])
    assert buffers_of(nn.Dense(2, 2, rng=0)) is None


@pytest.mark.slow
class TestLongLife(Life.TestCase):
    settings = settings(max_examples=100, stateful_step_count=50)
