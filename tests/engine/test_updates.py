"""Moves of players: in place, along vectors or lists; optimisers against PyTorch's; saved and loaded state."""
import copy
from contextlib import nullcontext

import foreign
import numpy as np
import pytest
from helpers import host, on, to_foreign
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import nn, updates
from tinygan.updates import Adam, Average, Momentum, RMSProp, ascend, descend, linear_decay, sign_reversal, vector

OPTIMISERS = {"Adam": lambda: Adam(0.5, 0.9), "RMSProp": lambda: RMSProp(0.9), "Momentum": lambda: Momentum(0.9)}
every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def gradients(n=20, size=5, dtype=np.float64):
    return list(np.random.default_rng(0).standard_normal((n, size)).astype(dtype))


# --- ascend and descend ---

@pytest.mark.parametrize(("step", "sign"), [(ascend, 1), (descend, -1)])
def test_in_place_along_a_vector_or_a_list(step, sign, xp):
    g = np.arange(1.0, 7.0)
    parts = [tg.Tensor(on(xp, g[:4].reshape(2, 2))), tg.Tensor(on(xp, g[4:5].reshape(()))), on(xp, g[5:])]
    for direction in (on(xp, g), tg.Tensor(on(xp, g)), parts, tuple(parts)):
        theta = on(xp, np.ones(6))
        view = theta[2:4]
        assert step(theta, direction, 0.5) is None
        np.testing.assert_array_equal(host(theta), 1 + sign * 0.5 * g)
        np.testing.assert_array_equal(host(view), host(theta)[2:4])
        np.testing.assert_array_equal(host(vector(direction)), g)


def test_the_steps_by_name():
    assert dict(updates.STEPS) == {"ascend": ascend, "descend": descend}


@pytest.mark.parametrize("step", [ascend, descend])
def test_sizes_that_differ(step):
    with pytest.raises(ValueError) as caught:
        step(np.ones(3), [np.ones((2, 2))], 0.1)
    assert str(caught.value) == f"{step.__name__}: theta (3,) and direction (4,) differ in size"
    with pytest.raises(ValueError):
        step(np.ones(3), np.ones(1), 0.1)  # would broadcast


@pytest.mark.parametrize("step", [ascend, descend])
@pytest.mark.parametrize(("theta", "direction", "got"), [
    (nn.Dense(2, 1, rng=0), np.ones(3), "theta Dense, direction ndarray"),
    (nn.Dense(2, 1, rng=0).parameters(), np.ones(3), "theta list, direction ndarray"),
    (nn.Parameter(np.ones(3)), np.ones(3), "theta Parameter, direction ndarray"),
    (np.ones(3), 0.1, "theta ndarray, direction float")], ids=["network", "parameters", "Parameter", "swapped"])
def test_what_is_no_vector_is_refused(step, theta, direction, got):
    with pytest.raises(TypeError) as caught:
        step(theta, direction, 0.1)
    name = step.__name__
    assert str(caught.value) == (f"{name}: got {got}, expected two arrays; "
                                 f"write {name}(network.theta, tg.grad(loss, network.parameters()), rate)")


@pytest.mark.parametrize("betas", [(nn.Dense(2, 1, rng=0).parameters(), 0.001), (1.0,), (0.9, -0.1), (float("nan"),)])
def test_adam_takes_no_parameters_and_no_beta_of_1(betas):
    with pytest.raises(ValueError, match=r"^Adam: got beta .*, expected a number from 0 to below 1; theta"):
        updates.Adam(*betas)


def test_adam_for_two_networks():
    adam = updates.Adam()
    adam(np.ones(3))
    with pytest.raises(ValueError) as caught:
        adam(np.ones(4))
    assert str(caught.value) == "Adam: m (3,) and gradient (4,) differ in size; each network has its Adam"


def test_sign_reversal():
    phi, w = np.ones(2), np.ones(3)
    sign_reversal(phi, w, np.ones(2), np.ones(3), 0.25)
    np.testing.assert_array_equal(phi, 0.75)
    np.testing.assert_array_equal(w, 1.25)


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), 1])
def test_float32_stays(rate):
    class Watched(np.ndarray):
        def __iadd__(self, step):
            assert step.dtype == np.float32
            return super().__iadd__(step)

    theta = np.ones(3, np.float32).view(Watched)
    ascend(theta, np.ones(3, np.float32), rate)
    np.testing.assert_allclose(theta, 1 + rate)


# --- against PyTorch ---

@pytest.mark.oracle
@pytest.mark.parametrize("name", ["Adam", "Adam by default", "RMSProp", "Momentum"])
def test_two_hundred_steps_of_torch(torch, name):
    ours, kind, options = {
        "Adam": (Adam(0.5, 0.9, 1e-6), torch.optim.Adam, {"betas": (0.5, 0.9), "eps": 1e-6}),
        "Adam by default": (Adam(), torch.optim.Adam, {}),
        "RMSProp": (RMSProp(0.9, 1e-6), torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-6}),
        "Momentum": (Momentum(0.8), torch.optim.SGD, {"momentum": 0.8}),
    }[name]
    theta = np.random.default_rng(1).standard_normal(7)
    tensor = torch.tensor(theta.copy(), requires_grad=True)
    theirs = kind([tensor], lr=0.01, **options)
    curvature = np.logspace(-2, 1, 7)
    for _ in range(200):
        descend(theta, ours(curvature * np.sin(theta)), 0.01)
        theirs.zero_grad()
        (-torch.tensor(curvature) * torch.cos(tensor)).sum().backward()
        theirs.step()
    np.testing.assert_allclose(theta, tensor.detach(), rtol=1e-12, atol=1e-13)


# --- every element of long vectors, on both sides of the lengths of blocks ---

def reference_adam(g, memory):
    m, v, t = memory.get("m", 0) * 0.5 + 0.5 * g, memory.get("v", 0) * 0.9 + 0.1 * g * g, memory.get("t", 0) + 1
    memory.update(m=m, v=v, t=t)
    return m / (1 - 0.5**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-8)


def reference_rmsprop(g, memory):
    memory["v"] = 0.9 * memory.get("v", 0) + (1 - 0.9) * g * g
    return g / (np.sqrt(memory["v"]) + 1e-8)


def reference_momentum(g, memory):
    memory["v"] = 0.9 * memory.get("v", 0) + g
    return memory["v"]


DIRECTIONS = {"Adam": reference_adam, "RMSProp": reference_rmsprop, "Momentum": reference_momentum}
GRADIENTS = {"vector": lambda g: g.astype(g.dtype), "every other element": lambda g: np.repeat(g, 2)[::2],
             "backwards": lambda g: g[::-1].copy()[::-1],
             "list": lambda g: [tg.Tensor(g[:1]), g[1:1 + (g.size - 1) // 2 * 2].reshape(2, -1),
                                g[-1:]][:3 - g.size % 2]}


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 200_000])
def test_every_element_of_a_long_vector(size, dtype, plain):
    rng, tolerance = np.random.default_rng(size), 1e-5 if dtype == np.float32 else 1e-12
    near = lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    g, start = (rng.standard_normal(size).astype(dtype) for _ in range(2))
    precise = g.astype(np.float64)
    with tg.plain() if plain else nullcontext():
        for given in GRADIENTS.values():
            for step, sign in ((ascend, 1), (descend, -1)):
                theta = start.copy()
                step(theta, given(g), 0.25)
                near(theta, start + sign * 0.25 * precise)
        theta = start.copy()
        updates.clip(theta, 0.5)
        np.testing.assert_array_equal(theta, np.minimum(np.maximum(start, dtype(-0.5)), dtype(0.5)))
        average = Average(0.75)
        average(start), average(g)
        near(average.theta, 0.75 * start.astype(np.float64) + 0.25 * precise)
        for name, make in OPTIMISERS.items():
            optimiser, memory = make(), {}
            for given in GRADIENTS.values():
                near(optimiser(given(g)), DIRECTIONS[name](precise, memory))


# --- memory ---

@every_optimiser
def test_the_same_on_both_array_modules(name):
    ours, other = OPTIMISERS[name](), OPTIMISERS[name]()
    for g in gradients():
        np.testing.assert_allclose(host(ours(on(foreign, g))), other(g), rtol=1e-14)


@every_optimiser
def test_a_list_is_a_vector(name):
    ours, other = OPTIMISERS[name](), OPTIMISERS[name]()
    for g in gradients():
        np.testing.assert_array_equal(ours([tg.Tensor(g[:2].reshape(2, 1)), tg.Tensor(g[2:])]), other(g))


@every_optimiser
def test_the_gradient_is_not_changed_and_float32_stays(name):
    optimiser = OPTIMISERS[name]()
    for g in gradients(dtype=np.float32):
        before = g.copy()
        direction = optimiser(g)
        assert direction.dtype == np.float32
        direction = direction * 2
        np.testing.assert_array_equal(g, before)
    assert {a.dtype for a in optimiser.state_dict().values() if isinstance(a, np.ndarray)} == {np.dtype(np.float32)}


@every_optimiser
def test_state_goes_round(name):
    whole, first, second = (OPTIMISERS[name]() for _ in range(3))
    expected = [whole(g).copy() for g in gradients()]
    for g in gradients()[:10]:
        first(g)
    state = first.state_dict()
    kept = copy.deepcopy(state)
    assert state.keys() == set(first.state)
    second.load_state_dict(state)
    for g, e in zip(gradients()[10:], expected[10:]):
        np.testing.assert_array_equal(second(g), e)
        first(-g)
    for key, value in state.items():  # neither of the two changes the saved state
        np.testing.assert_array_equal(value, kept[key])


@every_optimiser
def test_a_fresh_state_forgets(name):
    used, fresh = OPTIMISERS[name](), OPTIMISERS[name]()
    for g in gradients():
        used(g)
    used.load_state_dict(fresh.state_dict())
    for g in gradients():
        np.testing.assert_array_equal(used(g), fresh(g))


def test_an_unknown_state_is_refused():
    with pytest.raises(ValueError) as caught:
        Adam().load_state_dict({"m": np.ones(2), "w": np.ones(2)})
    assert str(caught.value) == "Adam: state 'w' is unknown, expected m, v, t"


def test_first_direction_of_adam_is_the_sign():
    g = np.array([1e-3, -5.0, 2.0])
    np.testing.assert_allclose(Adam()(g), np.sign(g), rtol=1e-4)


# --- the moving average, the rate ---

def test_average(xp):
    average, path = Average(0.9), np.random.default_rng(0).standard_normal((10, 3))
    theta = on(xp, path[0].copy())
    expected = path[0]
    for point in path:
        theta[...] = on(xp, point)
        expected = 0.9 * expected + 0.1 * point
        average(theta)
        np.testing.assert_allclose(host(average.theta), expected, rtol=1e-12)
    other = Average(0.9)
    other.load_state_dict(average.state_dict())
    average(theta + 1)
    np.testing.assert_allclose(host(other.theta), expected, rtol=1e-12)


def test_the_average_of_buffers(xp):
    net, average, expected = nn.Sequential(nn.Dense(2, 2, rng=0), nn.BatchNorm(2)), Average(0.75), None
    net = net if xp is np else to_foreign(net)
    for step in range(4):
        net.load_state_dict({name: np.full(a.shape, step + k) for k, (name, a) in enumerate(net.state_dict().items())})
        average(net.theta, net)
        now = np.arange(6.0) + step
        expected = now if expected is None else 0.75 * expected + 0.25 * now
    before = net.state_dict()
    copied = copy.deepcopy(net)
    assert average.copy_to(copied) is copied
    for value, (name, a) in zip(expected, copied.state_dict().items()):
        np.testing.assert_allclose(a, value, rtol=1e-6, err_msg=name)
        np.testing.assert_array_equal(net.state_dict()[name], before[name])


@given(st.floats(0, 1), st.integers(1, 100), st.data())
def test_linear_decay(start, steps, data):
    step = data.draw(st.integers(0, steps))
    rate = linear_decay(0.5, step, steps, start)
    assert 0 <= rate <= 0.5
    assert linear_decay(0.5, 0, steps, start) == 0.5
    if step <= start * steps:
        assert rate == 0.5
    else:
        assert rate == pytest.approx(0.5 * (1 - (step / steps - start) / (1 - start)), abs=1e-9)


def test_linear_decay_by_hand():
    assert [linear_decay(1.0, i, 4) for i in range(6)] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    assert [linear_decay(1.0, i, 4, 0.5) for i in range(5)] == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert [linear_decay(1.0, i, 4, 1.0) for i in range(5)] == [1.0] * 5


def test_linear_decay_ends_at_0():
    assert [linear_decay(2.0, step, 4) for step in range(5)] == [2.0, 1.5, 1.0, 0.5, 0.0]
