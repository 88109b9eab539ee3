"""Normalisation: to mean 0 and variance 1, then a learned scale and shift."""
from __future__ import annotations

import numpy as np

from tinygan.nn.module import Module, Parameter
from tinygan.ops.elementwise import sqrt
from tinygan.ops.linear import affine
from tinygan.ops.reduce import mean, moments, var
from tinygan.ops.registry import array


class BatchNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each channel (the last axis) (`batch-norm`).

    In training mean and variance are the batch's, over all axes but the last; running_mean and running_var follow them,
    `momentum` of the way at each step (the variance divided by n - 1, as in PyTorch), and are used after `eval()`.
    """

    buffers = ("running_mean", "running_var")

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        self.momentum, self.eps = momentum, eps
        self.weight = Parameter(np.ones(channels, np.float32))
        self.bias = Parameter(np.zeros(channels, np.float32))
        self.running_mean = np.zeros(channels, np.float32)
        self.running_var = np.ones(channels, np.float32)

    def forward(self, x):
        channels = self.weight.shape[0]
        if x.shape[-1] != channels:
            raise ValueError(f"BatchNorm: x {x.shape} has {x.shape[-1]} channels, expected {channels}")
        if self.training:
            n = x.size // channels
            if n < 2:
                raise ValueError(f"BatchNorm: x {x.shape} has one value for each channel, training needs at least two")
            both = moments(x)
            mu, variance = both[0], both[1]
            self._follow(array(both), n)
        else:
            mu, variance = self.running_mean, self.running_var
        scale = self.weight / sqrt(variance + self.eps)
        return affine(x, scale, self.bias - mu * scale)

    def _follow(self, both, n):
        self.running_mean += self.momentum * (both[0] - self.running_mean)
        self.running_var += self.momentum * (both[1] * (n / (n - 1)) - self.running_var)


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over the last axis of each example."""

    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = Parameter(np.ones(features, np.float32))
        self.bias = Parameter(np.zeros(features, np.float32))

    def forward(self, x):
        if x.shape[-1] != self.weight.shape[0]:
            raise ValueError(f"LayerNorm: x {x.shape} has {x.shape[-1]} features, expected {self.weight.shape[0]}")
        distance = x - mean(x, -1, keepdims=True)
        return affine(distance / sqrt(var(x, -1, keepdims=True) + self.eps), self.weight, self.bias)
