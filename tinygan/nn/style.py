"""Layers of progressive growing and of StyleGAN (Karras et al. 2018, 2019)."""
from __future__ import annotations

import numpy as np

from tinygan.nn import initial
from tinygan.nn.inputs import check_images, check_input
from tinygan.nn.layers import Conv2d, Dense
from tinygan.nn.module import Module, Parameter
from tinygan.ops.conv import conv2d
from tinygan.ops.elementwise import sqrt
from tinygan.ops.linear import linear
from tinygan.ops.reduce import mean
from tinygan.ops.registry import unwrap

_STANDARD = initial.normal(1.0)
_RELU_GAIN = 2**0.5


class EqualisedDense(Dense):
    """A dense layer with equalised learning rate: y = x @ (scale weight) + bias (`equalised`).

    The weight is drawn from N(0, 1), and each call multiplies it by scale = gain / sqrt(fan_in). So the weights of all
    layers have the same size, and a step of Adam changes each by the same fraction.
    gain: sqrt(2) keeps the scale of signals through (leaky) ReLUs, 1 through linear layers.
    Source: Karras et al. 2018, 4.1.
    """

    def __init__(self, inputs, outputs, gain=_RELU_GAIN, *, rng):
        super().__init__(inputs, outputs, rng=rng, initial=_STANDARD)
        self.scale = gain / inputs**0.5

    def forward(self, x):
        return linear(check_input(self, x, self.weight), self.weight * self.scale, self.bias)


class EqualisedConv2d(Conv2d):
    """A convolution with equalised learning rate (see EqualisedDense) that keeps the size of images, (n, h, w, c).

    kernel_size: an odd integer.
    """

    def __init__(self, channels_in, channels_out, kernel_size, gain=_RELU_GAIN, *, rng):
        super().__init__(channels_in, channels_out, kernel_size, padding=kernel_size // 2, rng=rng, initial=_STANDARD)
        self.scale = gain / (kernel_size**2 * channels_in) ** 0.5

    def forward(self, x):
        x = check_images(self, x, self.weight, 2)
        return conv2d(x, self.weight * self.scale, padding=self.padding) + self.bias


class PixelNorm(Module):
    """x / sqrt(mean of x^2 + eps), with the mean over the last axis: the channels of each pixel (`pixel-norm`).

    The mean square becomes 1. Source: Karras et al. 2018, 4.2.
    """

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        return x / sqrt(mean(x * x, -1, keepdims=True) + self.eps)


class AdaIN(Module):
    """Adaptive instance normalisation: gives each channel of each image mean y_b and deviation y_s (`adain`).

    y_s (x - mean) / sqrt(variance + eps) + y_b, with mean and variance over the pixels, and (y_s, y_b) = style(w).
    x (n, h, w, channels), w (n, size). `style` is a dense layer whose output is at first near (1, 0).
    Source: Huang & Belongie 2017; Karras et al. 2019, equation 1.
    """

    def __init__(self, channels, size, eps=1e-8, *, rng):
        self.eps = eps
        self.style = EqualisedDense(size, 2 * channels, gain=1.0, rng=rng)
        unwrap(self.style.bias)[:channels] = 1

    def forward(self, x, w):
        channels = self.style.weight.shape[1] // 2
        if x.ndim != 4 or x.shape[-1] != channels or w.shape[0] != x.shape[0]:
            raise ValueError(f"AdaIN: x {x.shape} and w {w.shape}, expected (n, h, w, {channels}) and (n, size)")
        x = check_input(self, x, self.style.bias, None)
        style = self.style(w).reshape((-1, 1, 1, 2 * channels))
        distance = x - mean(x, (1, 2), keepdims=True)
        deviation = sqrt(mean(distance * distance, (1, 2), keepdims=True) + self.eps)
        return distance * (style[..., :channels] / deviation) + style[..., channels:]


class Noise(Module):
    """Adds noise (n, h, w, 1), times a gain for each channel, to x (n, h, w, channels) (`noise-input`).

    The gain (channels,) is learned and is 0 at first. Source: Karras et al. 2019, section 2.
    """

    def __init__(self, channels):
        self.gain = Parameter(np.zeros(channels, np.float32))

    def forward(self, x, noise):
        x, noise = check_input(self, x, self.gain), check_input(self, noise, self.gain, None, "noise")
        if noise.shape != (*x.shape[:3], 1):
            raise ValueError(f"Noise: noise {noise.shape} for x {x.shape}, expected {(*x.shape[:3], 1)}")
        return x + noise * self.gain
