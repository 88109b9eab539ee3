"""Activations as modules; each calls the function of the same name."""
from __future__ import annotations

from tinygan.nn.module import Module
from tinygan.ops import elementwise


class ReLU(Module):
    """max(x, 0)."""

    negative_slope = 0.0

    def forward(self, x):
        return elementwise.relu(x)


class LeakyReLU(Module):
    """x where x > 0, negative_slope * x elsewhere; GANs usually take 0.2."""

    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return elementwise.leaky_relu(x, self.negative_slope)


class Tanh(Module):
    """The hyperbolic tangent: outputs in (-1, 1), the range to which images are scaled."""

    def forward(self, x):
        return elementwise.tanh(x)


class Sigmoid(Module):
    """The logistic function (`d-output`)."""

    def forward(self, x):
        return elementwise.sigmoid(x)
