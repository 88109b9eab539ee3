"""The life of a network: after any operations in any order, its parameters are one vector with the right values."""
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


@pytest.mark.slow
class TestLongLife(Life.TestCase):
    settings = settings(max_examples=100, stateful_step_count=50)
