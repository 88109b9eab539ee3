"""Normalisation: to mean 0 and variance 1, then a learned scale and shift."""
from __future__ import annotations

import numpy as np

from tinygan.backend import kernels
from tinygan.distributed.group import current_group
from tinygan.nn.inputs import check_images, check_input
from tinygan.nn.module import Module, Parameter
from tinygan.ops.elementwise import sqrt
from tinygan.ops.normalise import affine, batch_norm_coefficients, moments
from tinygan.ops.reduce import mean, var
from tinygan.ops.registry import unwrap
from tinygan.ops.shape import stack


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

    def forward(self, x, negative_slope=1.0):
        """With a negative_slope, the leaky ReLU of it."""
        channels = self.weight.shape[0]
        x = check_images(self, x, self.weight)
        if x.shape[-1] != channels:
            raise ValueError(f"BatchNorm: x {x.shape} has {x.shape[-1]} channels, expected {channels}")
        if self.training:
            n = current_group().global_count(x.size // channels)
            if n < 2:
                raise ValueError(f"BatchNorm: x {x.shape} has one value for each channel, training needs at least two")
            both = moments(x)
            _follow(unwrap(both), self.momentum, n / (n - 1), self.running_mean, self.running_var)
        else:
            both = stack([self.running_mean, self.running_var])
        return affine(x, batch_norm_coefficients(both, self.weight, self.bias, self.eps), negative_slope)


@kernels.elementwise("raw T both, T momentum, T unbiased", "T mean, T variance", """
    mean += momentum * (both[i] - mean);
    variance += momentum * (both[both.size() / 2 + i] * unbiased - variance);""", new=False)
def _follow(both, momentum, unbiased, mean, variance):
    """Moves the running mean and variance towards those of the batch."""
    mean += momentum * (both[0] - mean)
    variance += momentum * (both[1] * unbiased - variance)


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over the last axis of each example."""

    def __init__(self, features, eps=1e-5):
        self.eps = eps
        self.weight = Parameter(np.ones(features, np.float32))
        self.bias = Parameter(np.zeros(features, np.float32))

    def forward(self, x):
        x = check_input(self, x, self.weight)
        if x.shape[-1] != self.weight.shape[0]:
            raise ValueError(f"LayerNorm: x {x.shape} has {x.shape[-1]} features, expected {self.weight.shape[0]}")
        distance = x - mean(x, -1, keepdims=True)
        return affine(distance / sqrt(var(x, -1, keepdims=True) + self.eps), stack([self.weight, self.bias]))
