"""Tensors and `grad`: PyTorch's meaning, any order, long chains, no needless walk, no needless memory."""
import copy
import gc
import pickle
import threading
import time
import weakref

import foreign
import numpy as np
import pytest
from helpers import host, leaves, on

import tinygan as tg
from tinygan.tensor import record, unwrap

X, Y = np.random.default_rng(0).uniform(0.5, 2.0, (2, 3, 4))


def raising(x):
    """x, with a rule that must never be called."""
    def rule(g, y, x):
        raise AssertionError("a path that does not end in the inputs was walked")
    return record(unwrap(x) + 0, (x, rule))


# --- the same as torch.autograd.grad ---

def shared(m, x, y):
    a = m.exp(x) * y
    return (a * a + a / y + a).sum(), [x, y]


def intermediate(m, x, y):
    a = m.tanh(x * y)
    b = a * a * x
    return (b * b).sum(), [a, x, b]


def duplicates(m, x, y):
    return (x * x * y).sum(), [x, y, x]


def diamonds(m, x, y):
    for _ in range(5):
        x, y = x * y, x + y
    return (x - y).sum() * 1e-3, [y, x]


def detached(m, x, y):
    return (x * y * x.detach() + (x * x).detach() * y).sum(), [x, y]


def itself(m, x, y):
    s = (x * y).sum()
    return s, [s, x]


def one_element(m, x, y):
    return (x * y)[:1, :1] ** 3, [x]


GRAPHS = [shared, intermediate, duplicates, diamonds, detached, itself, one_element]


@pytest.mark.oracle
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_the_same_as_torch(torch, graph, create_graph):
    xs = leaves([X, Y])
    ts = [torch.tensor(a, requires_grad=True) for a in (X, Y)]
    found = tg.grad(*graph(tg, *xs), create_graph=create_graph)
    expected = torch.autograd.grad(*graph(torch, *ts), create_graph=create_graph)
    assert isinstance(found, list)
    for a, b in zip(found, expected):
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.data, b.detach(), rtol=1e-12)
    if create_graph:
        for _ in range(2):  # to third order
            out, tout = sum((g * g).sum() for g in found), sum((g * g).sum() for g in expected)
            if not out.requires_grad:
                break
            found = tg.grad(out, xs, create_graph=True, allow_unused=True)
            expected = torch.autograd.grad(tout, ts, create_graph=True, allow_unused=True)
            for a, b in zip(found, expected):
                if b is None or a is None:
                    assert a is None or not a.data.any()
                    assert b is None or not b.detach().numpy().any()
                else:
                    np.testing.assert_allclose(a.data, b.detach(), rtol=1e-11)
            found, expected = ([g for g in gs if g is not None] for gs in (found, expected))


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_same_on_the_foreign_array(graph):
    found = tg.grad(*graph(tg, *leaves([X, Y], foreign)))
    for a, b in zip(found, tg.grad(*graph(tg, *leaves([X, Y])))):
        assert isinstance(a.data, foreign.ForeignArray)
        np.testing.assert_allclose(host(a), b.data, rtol=1e-14)


def test_third_derivative_by_hand():
    x = tg.Tensor(2.0, requires_grad=True)
    y, order = x ** 4, []
    for _ in range(4):
        [y] = tg.grad(y, [x], create_graph=True)
        order.append(y.item())
    assert order == [32, 48, 48, 24]


def test_without_create_graph_the_gradient_is_a_constant():
    [x] = leaves([X])
    [g] = tg.grad((x * x).sum(), [x])
    assert not g.requires_grad
    assert g.edges == ()


def test_a_single_input_need_not_be_a_list():
    [x] = leaves([X])
    np.testing.assert_array_equal(tg.grad(x.sum(), x)[0].data, np.ones_like(X))


# --- unused inputs, misuse ---

def test_unused_inputs():
    x, y = leaves([X, Y])
    assert tg.grad(x.sum(), [y, x], allow_unused=True)[0] is None
    with pytest.raises(ValueError) as caught:
        tg.grad(x.sum(), [x, y])
    assert str(caught.value) == ("grad: the output does not depend on inputs[1], of shape (3, 4); "
                                 "pass allow_unused=True to get None")


CONSTANT = tg.Tensor(1.0)
LEAF = tg.Tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda: tg.grad(LEAF, [LEAF]), ValueError,
     "grad: output has shape (2,), expected a scalar: take its sum or mean first"),
    (lambda: tg.grad(np.ones(1), [LEAF]), TypeError, "grad: output is a ndarray, expected a Tensor"),
    (lambda: tg.grad(CONSTANT, [LEAF]), ValueError,
     "grad: output was not recorded: no input of it has requires_grad=True, or no_grad() is on"),
    (lambda: tg.grad(LEAF.sum(), []), ValueError, "grad: no inputs given"),
    (lambda: tg.grad(LEAF.sum(), [LEAF.data]), TypeError,
     "grad: inputs[0] is a ndarray, expected a Tensor; write network.parameters()"),
    (lambda: tg.grad(LEAF.sum(), [LEAF, CONSTANT]), ValueError,
     "grad: inputs[1], of shape (), has requires_grad=False"),
    (lambda: tg.Tensor([1, 2], requires_grad=True), TypeError,
     "Tensor: requires_grad needs a floating point dtype, got int64"),
    (lambda: tg.Tensor(["a"]), TypeError, "Tensor: got dtype <U1, expected real numbers"),
    (lambda: tg.Tensor([1j]), TypeError, "Tensor: got dtype complex128, expected real numbers"),
    (lambda: tg.Tensor(1.0).to("tpu"), ValueError, "device: got 'tpu', expected 'cpu' or 'gpu'"),
])
def test_messages(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_a_rule_of_the_wrong_shape_is_named():
    def double(x):
        return record(2 * unwrap(x), (x, lambda g, y, x: g[..., None]))

    [x] = leaves([X])
    with pytest.raises(ValueError, match=r"^double: the pull-back gives shape \(3, 4, 1\) for an input of shape \(3, "):
        tg.grad(double(x).sum(), [x])


# --- no_grad, detach ---

def test_no_grad():
    [x] = leaves([X])
    with tg.no_grad():
        y = x * x
        assert isinstance(y, tg.Tensor)
        assert not y.requires_grad
        assert y.edges == ()
    assert (x * x).requires_grad


def test_no_grad_ends_with_an_error():
    [x] = leaves([X])
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (x * x).requires_grad


def test_no_grad_nests():
    [x] = leaves([X])
    with tg.no_grad():
        with tg.no_grad():
            pass
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_no_grad_is_of_its_thread():
    [x] = leaves([X])
    inside, done, seen = threading.Event(), threading.Event(), []

    def other():
        with tg.no_grad():
            inside.set()
            done.wait(10)
            seen.append((x * x).requires_grad)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    seen.append((x * x).requires_grad)
    done.set()
    thread.join()
    assert seen == [True, False]


def test_threads_differentiate_at_once():
    results = []

    def work():
        [x] = leaves([X])
        y = x
        for _ in range(200):
            y = y * 1.001 + x * 0.001
        results.append(tg.grad(y.sum(), [x])[0].data)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 4
    for r in results:
        np.testing.assert_array_equal(r, results[0])


def test_detach_shares_the_array():
    [x] = leaves([X.copy()])
    y = x.detach()
    assert y.data is x.data
    assert not y.requires_grad


# --- the nodes that are walked ---

def test_a_long_chain():
    x = tg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + x
    assert tg.grad(y, [x])[0].item() == 20_001
    assert tg.grad(y, [x], create_graph=True)[0].item() == 20_001
    del y  # and it is taken down without recursion, too


def test_time_does_not_grow_with_the_number_of_paths():
    [x] = leaves([X])
    y = x
    for _ in range(200):  # 2^200 paths
        y = y * 0.5 + y * 0.5
    start = time.perf_counter()
    np.testing.assert_allclose(tg.grad(y.sum(), [x])[0].data, 1)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("create_graph", [False, True])
def test_only_paths_that_end_in_the_inputs_are_walked(create_graph):
    x, w = leaves([X, Y])
    hidden = x * x
    y = (hidden * raising(w) + raising(x.detach() * w)).sum()
    np.testing.assert_allclose(tg.grad(y, [hidden], create_graph)[0].data, Y)
    np.testing.assert_allclose(tg.grad(y, [x], create_graph)[0].data, 2 * X * Y)
    with pytest.raises(AssertionError, match="was walked"):
        tg.grad(y, [w])


def test_what_lies_before_an_input_is_not_walked():
    [x] = leaves([X])
    hidden = raising(x)
    np.testing.assert_allclose(tg.grad((hidden * hidden).sum(), [hidden])[0].data, 2 * X)


def test_a_rule_is_called_once_for_many_uses():
    calls = []
    [x] = leaves([X])
    y = record(x.data * 2, (x, lambda g, y, x: calls.append(1) or 2 * g))
    tg.grad((y * y + y + y.sum()).sum(), [x])
    assert len(calls) == 1


@pytest.mark.parametrize("kind", [np.ndarray, tg.Tensor])
def test_a_rule_sees_arrays_or_tensors(kind):
    seen = []
    [x] = leaves([X])
    y = record(x.data * 2, (x, lambda *args: seen.extend(args) or 2 * args[0]))
    tg.grad(y.sum(), [x], create_graph=kind is tg.Tensor)
    assert [type(a) for a in seen] == [kind] * 3


# --- memory ---

def test_no_cycles():
    gc.collect()
    gc.disable()
    try:
        [x] = leaves([X])
        image = tg.conv2d(x.reshape(1, 3, 4, 1), np.ones((2, 2, 1, 1)))
        y = tg.concatenate([tg.max(x, 0), tg.softmax(x)[0], image[0, 0, :, 0]])
        del image
        out = (tg.where(y > 0, y, tg.leaky_relu(y)) ** 2).mean()
        slope = tg.grad(out, [x], create_graph=True)[0]
        second = tg.grad((slope * slope).sum(), [x], create_graph=True)[0]
        alive = [weakref.ref(t) for t in (x, y, out, slope, second)]
        del x, y, out, slope, second
        assert [ref() for ref in alive] == [None] * 5
    finally:
        gc.enable()


def test_the_past_is_kept_only_by_what_was_made_of_it():
    [x] = leaves([X])
    hidden = tg.exp(x)
    ref, y = weakref.ref(hidden), hidden * 2
    del hidden
    assert ref() is not None
    y = y.detach()
    assert ref() is None
    assert y.shape == X.shape


# --- copies ---

@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))],
                         ids=["copy", "deepcopy", "pickle"])
def test_a_copy_is_a_leaf_born_anew(copied):
    [x] = leaves([X])
    y = x * 2
    z = copied(y)
    assert z.requires_grad
    assert z.edges == ()
    assert z.birth > y.birth
    np.testing.assert_array_equal(z.data, y.data)
    assert not copied(y.detach()).requires_grad
    np.testing.assert_allclose(tg.grad((z * z).sum(), [z])[0].data, 4 * X)
    assert tg.grad((z * x).sum(), [x, z])[1].shape == X.shape


def test_order_of_birth_with_copies():
    """A copy of an old tensor, mixed with younger ones, is pulled back in its order."""
    [x] = leaves([X])
    y = x * x
    z = copy.deepcopy(x)
    out = (y * z + x * z * y).sum()
    for inputs in ([x, z], [z, x], [z], [y, z], [x]):
        found = tg.grad(out, inputs)
        expected = {id(x): 2 * X * X + 3 * X ** 3, id(z): X ** 2 + X ** 3, id(y): X + X * X}
        for t, g in zip(inputs, found):
            np.testing.assert_allclose(g.data, expected[id(t)])


# --- a tensor as an array ---

def test_facts(xp):
    x = tg.Tensor(on(xp, X))
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((3, 4), 2, 12, np.float64, 3)
    assert type(x.numpy()) is np.ndarray
    np.testing.assert_array_equal(x.numpy(), X)
    assert x[1, 2].item() == float(x[1, 2]) == X[1, 2]
    assert bool(x[0, 0] > 0)
    assert bool(x[0, 0])
    assert [row.shape for row in x] == [(4,)] * 3
    assert repr(tg.Tensor(on(xp, np.array([1.0, 2.0])), requires_grad=True)) == "Tensor([1., 2.], requires_grad=True)"


def test_conversion():
    assert tg.Tensor([1, 2]).dtype == np.int64
    assert tg.Tensor(True).dtype == bool
    assert tg.Tensor(2.0).dtype == np.float64
    assert tg.Tensor(np.float32(2)).dtype == np.float32
    x = np.ones(2, np.float32)
    assert tg.Tensor(x).data is x
    assert tg.Tensor(tg.Tensor(x)).data is x


def test_devices(gpu):
    x = tg.Tensor(X, requires_grad=True).to("gpu")
    assert isinstance(x.data, gpu.ForeignArray)
    assert x.requires_grad
    assert isinstance(x.to("gpu").data, gpu.ForeignArray)
    np.testing.assert_array_equal(x.to("cpu").data, X)
    assert tg.Tensor(X).to("cpu").data is X


def test_arrays_of_two_modules_do_not_meet():
    with pytest.raises(TypeError):
        tg.Tensor(X) + tg.Tensor(foreign.asarray(X))


def test_no_derivative_of_complex_numbers():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"^grad: output has dtype complex128, expected a floating point dtype$"):
        tg.grad((x * np.array([1j, 2])).sum(), [x])
