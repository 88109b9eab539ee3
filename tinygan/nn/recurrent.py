"""Recurrent layers: a cell computes one step in time, `Recurrent` applies a cell along sequences.

The weights of all gates of a cell are side by side, so a step has two matrix products for any number of gates. PyTorch
keeps the same weights transposed.
"""
from __future__ import annotations

from tinygan import backend
from tinygan.nn import initial
from tinygan.nn.inputs import check_input
from tinygan.nn.module import Module, Parameter
from tinygan.ops.elementwise import sigmoid, tanh
from tinygan.ops.linear import linear
from tinygan.ops.registry import unwrap
from tinygan.ops.shape import stack


class _Cell(Module):
    """The base class of cells: weights and biases of `gates` gates, uniform in +-1 / sqrt(hidden), as in PyTorch.

    weight_ih (inputs, gates * hidden), weight_hh (hidden, gates * hidden), bias_ih and bias_hh (gates * hidden,).
    """

    gates = 1

    def __init__(self, inputs, hidden, *, rng):
        rng = initial.generator(rng)

        def draw(*shape):
            return Parameter(initial.uniform(rng, shape, hidden, hidden))
        wide = self.gates * hidden
        self.weight_ih, self.weight_hh = draw(inputs, wide), draw(hidden, wide)
        self.bias_ih, self.bias_hh = draw(wide), draw(wide)

    def products(self, x, h):
        """x W_ih + b_ih and h W_hh + b_hh, all gates side by side, and h (zeros by default)."""
        name, (inputs, _), (hidden, _) = type(self).__name__, self.weight_ih.shape, self.weight_hh.shape
        if x.ndim != 2 or x.shape[1] != inputs:
            raise ValueError(f"{name}: x {x.shape}, expected (n, {inputs})")
        if h is None:
            h = backend.module(unwrap(x)).zeros((x.shape[0], hidden), self.weight_hh.dtype)
        if h.shape != (x.shape[0], hidden):
            raise ValueError(f"{name}: h {h.shape} for x {x.shape}, expected {(x.shape[0], hidden)}")
        x, h = check_input(self, x, self.weight_ih), check_input(self, h, self.weight_hh, 0, "h")
        return linear(x, self.weight_ih, self.bias_ih), linear(h, self.weight_hh, self.bias_hh), h


class RNNCell(_Cell):
    """h' = tanh(x W_ih + b_ih + h W_hh + b_hh), for x (n, inputs) and h (n, hidden), zeros by default (`rnn`).

    Source: Elman 1990.
    """

    def forward(self, x, h=None):
        from_x, from_h, _ = self.products(x, h)
        return tanh(from_x + from_h)


class GRUCell(_Cell):
    """h' = (1 - z) n + z h, for x (n, inputs) and h (n, hidden), zeros by default (`gru`).

    r = sigmoid(x W_ir + b_ir + h W_hr + b_hr) is the reset gate; z, the update gate, has the same form;
    n = tanh(x W_in + b_in + r (h W_hn + b_hn)). The weights of r, z, n are side by side.
    Source: Cho et al. 2014, with the reset after the product, as in PyTorch.
    """

    gates = 3

    def forward(self, x, h=None):
        from_x, from_h, h = self.products(x, h)
        hidden = h.shape[1]
        gates = sigmoid(from_x[:, :2 * hidden] + from_h[:, :2 * hidden])
        r, z = gates[:, :hidden], gates[:, hidden:]
        n = tanh(from_x[:, 2 * hidden:] + r * from_h[:, 2 * hidden:])
        return n + z * (h - n)


class Recurrent(Module):
    """Applies a cell along sequences x (n, time, inputs): h after each step, (n, time, hidden) (`through-time`).

    h (n, hidden) is the initial state, zeros by default. The gradient goes back through all steps. (One product for x
    at all steps is slower: the pull-back of each step would then fill an array of the size of all steps.)
    """

    def __init__(self, cell):
        self.cell = cell

    def forward(self, x, h=None):
        if x.ndim != 3 or x.shape[1] == 0:
            raise ValueError(f"Recurrent: x {x.shape}, expected (n, time, features) with at least one step")
        states = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            states.append(h)
        return stack(states, axis=1)
