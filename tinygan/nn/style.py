"""Layers of networks that grow and of networks with styles (Karras et al. 2018, 2019)."""
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

    The weight is drawn from N(0, 1) and multiplied by scale = gain / sqrt(fan_in) when it is used, not when it is
    drawn: so all weights are of one size, and a step of Adam moves each by the same share of it, whatever the layer.
    gain: sqrt(2) keeps the signal through (leaky) ReLUs, 1 through linear layers. Source: Karras et al. 2018, 4.1.
    """

    def __init__(self, inputs, outputs, gain=_RELU_GAIN, *, rng):
        super().__init__(inputs, outputs, rng=rng, initial=_STANDARD)
        self.scale = gain / inputs**0.5

    def forward(self, x):
        return linear(check_input(self, x, self.weight), self.weight * self.scale, self.bias)


class EqualisedConv2d(Conv2d):
    """A convolution with equalised learning rate (see EqualisedDense) that keeps the size of images, (n, h, w, c).

    kernel_size: a whole number, odd.
    """

    def __init__(self, channels_in, channels_out, kernel_size, gain=_RELU_GAIN, *, rng):
        super().__init__(channels_in, channels_out, kernel_size, padding=kernel_size // 2, rng=rng, initial=_STANDARD)
        self.scale = gain / (kernel_size**2 * channels_in) ** 0.5

    def forward(self, x):
        x = check_images(self, x, self.weight, 2)
        return conv2d(x, self.weight * self.scale, padding=self.padding) + self.bias


class PixelNorm(Module):
    """x / sqrt(mean of x^2 + eps), the mean over the channels of each pixel, or the features of each row
    (`pixel-norm`): its mean square becomes 1. Source: Karras et al. 2018, 4.2."""

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        return x / sqrt(mean(x * x, -1, keepdims=True) + self.eps)


class AdaIN(Module):
    """Adaptive instance normalisation: each channel of each image gets the mean y_b and the deviation y_s (`adain`).

    y_s (x - mean) / sqrt(variance + eps) + y_b, mean and variance over the pixels, and (y_s, y_b) = style(w).
    x (n, h, w, channels), w (n, size). The style is a dense layer that begins near (1, 0).
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
    """x + gain noise: one map (n, h, w, 1) for all channels of x (n, h, w, channels), a gain for each (`noise-input`).

    The gain (channels,) is learned and begins at 0. Source: Karras et al. 2019, section 2.
    """

    def __init__(self, channels):
        self.gain = Parameter(np.zeros(channels, np.float32))

    def forward(self, x, noise):
        x, noise = check_input(self, x, self.gain), check_input(self, noise, self.gain, None, "noise")
        if noise.shape != (*x.shape[:3], 1):
            raise ValueError(f"Noise: noise {noise.shape} for x {x.shape}, expected {(*x.shape[:3], 1)}")
        return x + noise * self.gain
