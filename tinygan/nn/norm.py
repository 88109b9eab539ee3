"""Normalisation layers: to mean 0 and variance 1, then a learned scale and shift."""
from __future__ import annotations

import numpy as np

from tinygan.backend.accelerated import accelerated
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

    In training, mean and variance are those of the batch, over all axes but the last. running_mean and running_var are
    their moving averages, updated by the share `momentum` at each step (the variance divided by n - 1, as in PyTorch);
    evaluation mode uses them.
    """

    buffers = ("running_mean", "running_var")

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        self.momentum, self.eps = momentum, eps
        self.weight = Parameter(np.ones(channels, np.float32))
        self.bias = Parameter(np.zeros(channels, np.float32))
        self.running_mean = np.zeros(channels, np.float32)
        self.running_var = np.ones(channels, np.float32)

    def forward(self, x):
        return affine(x, self.scale_shift(x))

    def scale_shift(self, x):
        """Scale and shift for x as rows (2, channels); in training this updates the running statistics."""
        channels = self.weight.shape[0]
        x = check_images(self, x, self.weight)
        if x.shape[-1] != channels:
            raise ValueError(f"BatchNorm: x {x.shape} has {x.shape[-1]} channels, expected {channels}")
        if self.training:
            n = current_group().global_count(x.size // channels)
            if n < 2:
                raise ValueError(f"BatchNorm: x {x.shape} has one value for each channel, training needs at least two")
            statistics = moments(x)
            _follow(self.running_mean, self.running_var, unwrap(statistics), self.momentum, n / (n - 1))
        else:
            statistics = stack([self.running_mean, self.running_var])
        return batch_norm_coefficients(statistics, self.weight, self.bias, self.eps)


@accelerated
def _follow(running_mean, running_var, moments, momentum, unbiased):
    """Updates the running mean and variance by those of the batch, in place."""
    mean, variance = moments
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (unbiased * variance - running_var)


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
