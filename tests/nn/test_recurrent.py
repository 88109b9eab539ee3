"""Recurrent layers: gradients through time, PyTorch's values and gradients, initial distribution, messages."""
import foreign
import numpy as np
import pytest
from helpers import check_module, host, leaves, to_foreign

import tinygan as tg
from tinygan import nn

SEED = np.random.default_rng
CELLS = [nn.RNNCell, nn.GRUCell]
every_cell = pytest.mark.parametrize("cell", CELLS)


def sequences(n=2, time=16, features=2, seed=3):
    return SEED(seed).standard_normal((n, time, features))


@every_cell
def test_a_cell_to_second_order(cell):
    x, h = SEED(3).standard_normal((4, 3)), SEED(4).standard_normal((4, 2))
    check_module(cell(3, 2, rng=SEED(1)).astype(np.float64), x, h)


@every_cell
def test_gradients_through_sixteen_steps(cell):
    check_module(nn.Recurrent(cell(2, 3, rng=SEED(1)).astype(np.float64)), sequences(), SEED(2).normal(size=(2, 3)))


@every_cell
def test_the_last_step_feels_the_first(cell):
    [x] = leaves([sequences()])
    [slope] = tg.grad(nn.Recurrent(cell(2, 3, rng=SEED(1)).astype(np.float64))(x)[:, -1].sum(), [x])
    assert (slope.data != 0).all()
    assert np.abs(slope.data[:, 0]).max() < np.abs(slope.data[:, -1]).max()


@every_cell
def test_what_comes_later_changes_nothing(cell):
    layer, x = nn.Recurrent(cell(2, 3, rng=SEED(1))).astype(np.float64), sequences()
    other = x.copy()
    other[:, 9:] += 1
    a, b = layer(x), layer(other)
    np.testing.assert_array_equal(a.data[:, :9], b.data[:, :9])
    assert (a.data[:, 9:] != b.data[:, 9:]).all()


@every_cell
def test_a_sequence_in_two_parts(cell):
    layer, x = nn.Recurrent(cell(2, 3, rng=SEED(1)).astype(np.float64)), sequences()
    whole, first = layer(x), layer(x[:, :7])
    np.testing.assert_allclose(layer(x[:, 7:], first[:, -1]).data, whole.data[:, 7:], rtol=1e-14)


def test_equations():
    """`rnn` and `gru`, gate by gate."""
    x, h = SEED(3).standard_normal((4, 2)), SEED(4).standard_normal((4, 3))

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))
    cell = nn.RNNCell(2, 3, rng=SEED(1)).astype(np.float64)
    w, u, b, c = (p.data for p in cell.parameters())
    np.testing.assert_allclose(cell(x, h).data, np.tanh(x @ w + b + h @ u + c), rtol=1e-13)
    cell = nn.GRUCell(2, 3, rng=SEED(1)).astype(np.float64)
    (w_r, w_z, w_n), (u_r, u_z, u_n), (b_r, b_z, b_n), (c_r, c_z, c_n) = (
        np.split(p.data, 3, axis=-1) for p in cell.parameters())
    r, z = sigmoid(x @ w_r + b_r + h @ u_r + c_r), sigmoid(x @ w_z + b_z + h @ u_z + c_z)
    n = np.tanh(x @ w_n + b_n + r * (h @ u_n + c_n))
    np.testing.assert_allclose(cell(x, h).data, (1 - z) * n + z * h, rtol=1e-13)


@pytest.mark.oracle
@pytest.mark.parametrize(("cell", "kind"), [(nn.RNNCell, "RNN"), (nn.GRUCell, "GRU")])
@pytest.mark.parametrize("start", [False, True])
def test_torchs_values_and_gradients(torch, cell, kind, start):
    ours = nn.Recurrent(cell(2, 5, rng=SEED(1)).astype(np.float64))
    theirs = getattr(torch.nn, kind)(2, 5, batch_first=True).double()
    weights = list(theirs.parameters())
    with torch.no_grad():
        for p, q in zip(ours.parameters(), weights):
            q.copy_(torch.tensor(p.data.T.copy()))
    inputs = [sequences(n=3), SEED(2).standard_normal((3, 5))][:1 + start]
    a, b = leaves(inputs), [torch.tensor(v, requires_grad=True) for v in inputs]
    y, (z, _) = ours(*a), theirs(b[0], *[h[None] for h in b[1:]])
    np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12, atol=1e-14)
    for order in (1, 2):
        slopes = tg.grad((y ** 3).sum(), [*a, *ours.parameters()], create_graph=True)
        expected = torch.autograd.grad((z ** 3).sum(), [*b, *weights], create_graph=True)
        for s, t in zip(slopes, expected):
            np.testing.assert_allclose(s.data.T if s.ndim == 2 and s is not slopes[start] else s.data, t.detach(),
                                       rtol=1e-10, atol=1e-12, err_msg=f"order {order}")
        y, z = slopes[0], expected[0]  # once more, of the gradient of the input


@every_cell
def test_both_array_modules(cell):
    results = []
    for place in (np, foreign):
        layer = nn.Recurrent(cell(2, 3, rng=SEED(1)).astype(np.float64))
        if place is not np:
            to_foreign(layer)
        x, h = leaves([sequences(), SEED(2).standard_normal((2, 3))], place)
        slopes = tg.grad((layer(x, h) ** 2).sum(), [x, h, *layer.parameters()])
        results.append([host(v) for v in (layer(x), *slopes)])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@every_cell
def test_initial_law_is_torchs(cell):
    for p in cell(300, 100, rng=SEED(0)).parameters():
        assert p.dtype == np.float32
        assert np.abs(p.data).max() <= 0.1
        assert p.data.std() == pytest.approx(0.1 / np.sqrt(3), rel=4 / np.sqrt(p.size))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.GRUCell(2, 3, rng=SEED(0))(np.ones((4, 5))), "GRUCell: x (4, 5), expected (n, 2)"),
    (lambda: nn.RNNCell(2, 3, rng=SEED(0))(np.ones(2)), "RNNCell: x (2,), expected (n, 2)"),
    (lambda: nn.RNNCell(2, 3, rng=SEED(0))(np.ones((4, 2)), np.ones((1, 3))),
     "RNNCell: h (1, 3) for x (4, 2), expected (4, 3)"),
    (lambda: nn.Recurrent(nn.GRUCell(2, 3, rng=SEED(0)))(np.ones((4, 2))),
     "Recurrent: x (4, 2), expected (n, time, features) with at least one step"),
    (lambda: nn.Recurrent(nn.GRUCell(2, 3, rng=SEED(0)))(np.ones((4, 0, 2))),
     "Recurrent: x (4, 0, 2), expected (n, time, features) with at least one step"),
])
def test_messages(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


@every_cell
def test_a_sequence_of_one_step_is_one_call_of_the_cell(cell):
    layer, x = nn.Recurrent(cell(2, 3, rng=SEED(1))), sequences(time=1).astype(np.float32)
    np.testing.assert_array_equal(layer(x).data[:, 0], layer.cell(x[:, 0]).data)
