"""Layers with and without parameters: their values on both array modules; messages."""
import foreign
import numpy as np
import pytest
from helpers import host, leaves, on, to_foreign

import tinygan as tg
from tinygan import nn

SEED = np.random.default_rng


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


def test_flatten_and_reshape(xp):
    x = on(xp, np.arange(-6.0, 6.0).reshape(2, 3, 2))
    for layer, expected in [(nn.Flatten(), host(x).reshape(2, 6)), (nn.Reshape(1, 6), host(x).reshape(2, 1, 6))]:
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
    (lambda: nn.Dropout(1.0, rng=SEED(0)), "Dropout: rate is 1.0, expected 0 <= rate < 1"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([0, 3]), "Embedding: labels reach from 0 to 3, expected 0 to 2"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([-1]), "Embedding: labels reach from -1 to -1, expected 0 to 2"),
    (lambda: nn.Embedding(3, 2, rng=SEED(0))([0.5]), "Embedding: labels have dtype float64, expected integers"),
    (lambda: nn.Conv2d(3, 2, 4, rng=SEED(0))(np.ones((1, 5, 5, 2))),
     "conv2d: x (1, 5, 5, 2) has 2 channels, w (4, 4, 3, 2) expects 3"),
])
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(("layers", "got"), [
    ([[nn.ReLU()]], "layer 0 is a list"), ([nn.ReLU(), nn.Tanh], "layer 1 is <class 'tinygan.nn.activations.Tanh'>")])
def test_sequential_refuses_a_list_and_a_class(layers, got):
    with pytest.raises(TypeError) as caught:
        nn.Sequential(*layers)
    assert str(caught.value) == (f"Sequential: {got}, expected a Module or a function; "
                                 "write Sequential(Dense(...), ReLU()), or Sequential(*layers)")
