"""Layers with weights, and the layers without weights that go between them."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.backend.accelerated import accelerated
from tinygan.distributed.group import current_group
from tinygan.nn import initial
from tinygan.nn.initial import generator
from tinygan.nn.inputs import check_images, check_input
from tinygan.nn.module import Module, Parameter
from tinygan.ops.conv import conv2d, conv_transpose2d
from tinygan.ops.elementwise import mul
from tinygan.ops.linear import linear
from tinygan.ops.registry import unwrap
from tinygan.ops.shape import getitem


class Dense(Module):
    """y = x @ weight + bias, for x (n, inputs) (`dense`).

    weight (inputs, outputs), bias (outputs,). initial: a function of `tinygan.nn.initial`. rng: a
    numpy.random.Generator or a seed, as in all layers.
    """

    def __init__(self, inputs, outputs, bias=True, *, rng, initial=initial.he):
        self.weight = Parameter(initial(generator(rng), (inputs, outputs), inputs, outputs))
        self.bias = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x):
        x = check_input(self, x, self.weight)
        if x.shape[-1:] != self.weight.shape[:1]:
            raise ValueError(f"Dense: x {x.shape} has {x.shape[-1] if x.ndim else 'no'} features, "
                             f"weight {self.weight.shape} expects {self.weight.shape[0]}")
        return x @ self.weight if self.bias is None else linear(x, self.weight, self.bias)


class Conv2d(Module):
    """Convolution of images (n, h, w, channels_in) to (n, h', w', channels_out) (`conv`).

    weight (kh, kw, channels_in, channels_out), bias (channels_out,). kernel_size, stride, padding: a number or a pair.
    """

    def __init__(self, channels_in, channels_out, kernel_size, stride=1, padding=0, bias=True, *, rng,
                 initial=initial.he):
        kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.stride, self.padding = stride, padding
        self.weight = Parameter(initial(generator(rng), (kh, kw, channels_in, channels_out), kh * kw * channels_in,
                                        kh * kw * channels_out))
        self.bias = Parameter(np.zeros(channels_out, np.float32)) if bias else None

    def forward(self, x):
        x = check_images(self, x, self.weight, 2)
        y = conv2d(x, self.weight, self.stride, self.padding)
        return y if self.bias is None else y + self.bias


class ConvTranspose2d(Module):
    """Transposed convolution of images (n, h, w, channels_in) to (n, h', w', channels_out) (`conv-transpose`).

    weight (kh, kw, channels_out, channels_in), as in the convolution of which it is the adjoint; bias (channels_out,).
    """

    def __init__(self, channels_in, channels_out, kernel_size, stride=1, padding=0, output_padding=0, bias=True, *,
                 rng, initial=initial.he):
        kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.weight = Parameter(initial(generator(rng), (kh, kw, channels_out, channels_in), kh * kw * channels_in,
                                        kh * kw * channels_out))
        self.bias = Parameter(np.zeros(channels_out, np.float32)) if bias else None

    def forward(self, x):
        x = check_images(self, x, self.weight, 3)
        y = conv_transpose2d(x, self.weight, self.stride, self.padding, self.output_padding)
        return y if self.bias is None else y + self.bias


_STANDARD = initial.normal(1.0)


class Embedding(Module):
    """A vector for each of `count` classes: labels (n,) of integers -> (n, size).

    Labels on the host are checked. Labels on a device are not, because reading them would make a training step wait:
    check them before they are moved (there, an index out of range wraps around).
    """

    def __init__(self, count, size, *, rng, initial=_STANDARD):
        self.weight = Parameter(initial(generator(rng), (count, size), count, size))

    def forward(self, labels):
        labels = np.asarray(labels) if isinstance(labels, (list, int)) else unwrap(labels)
        if labels.dtype.kind not in "iu":
            raise TypeError(f"Embedding: labels have dtype {labels.dtype}, expected integers")
        count = self.weight.shape[0]
        if isinstance(labels, np.ndarray) and labels.size and not (labels.min() >= 0 and labels.max() < count):
            raise ValueError(f"Embedding: labels reach from {labels.min()} to {labels.max()}, "
                             f"expected 0 to {count - 1}")
        return getitem(self.weight, backend.to_device_of(labels, self.weight.data))


class Dropout(Module):
    """In training, sets each element to 0 with probability `rate` and divides the others by 1 - rate."""

    def __init__(self, rate=0.5, *, rng):
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate is {rate}, expected 0 <= rate < 1")
        self.rate, self.rng = rate, generator(rng)

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        kept = current_group().drawing(self.rng).random(x.shape, np.float32) >= self.rate
        return mul(x, backend.to_device_of(kept.astype(unwrap(x).dtype) / (1 - self.rate), unwrap(x)))


class Flatten(Module):
    """Reshapes (n, ...) to (n, features)."""

    def forward(self, x):
        return x.reshape((x.shape[0], -1))


class Reshape(Module):
    """Reshapes (n, ...) to (n, *shape)."""

    def __init__(self, *shape):
        self.shape = shape

    def forward(self, x):
        return x.reshape((x.shape[0], *self.shape))


class Sequential(Module):
    """Calls modules (or functions) one after the other."""

    _unnamed = "layers"

    def __init__(self, *layers):
        for i, layer in enumerate(layers):
            if isinstance(layer, type) or not callable(layer):
                got = layer if isinstance(layer, type) else f"a {type(layer).__name__}"
                raise TypeError(f"Sequential: layer {i} is {got}, expected a Module or a function; "
                                "write Sequential(Dense(...), ReLU()), or Sequential(*layers)")
        self.layers = list(layers)

    @accelerated
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, i):
        return self.layers[i]

    def __len__(self):
        return len(self.layers)
