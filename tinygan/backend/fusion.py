"""Fused forms: two layers, or two calls of a network, in one pass. This file imports the layers."""
from __future__ import annotations

import numpy as np

from tinygan.backend import cuda
from tinygan.backend.accelerated import accelerated, form
from tinygan.backend.host import floats
from tinygan.backend.kernels import owner_of
from tinygan.nn import BatchNorm, Dense, LeakyReLU, ReLU, Sequential
from tinygan.ops.elementwise import leaky_relu, relu_backward
from tinygan.ops.normalise import affine, affine_adjoint
from tinygan.ops.registry import unwrap
from tinygan.ops.shape import concatenate
from tinygan.tensor import record


@form("nn.layers.Sequential.forward", lambda *_: True)
def _forward(sequential, x):
    """Batch normalisation and the (leaky) ReLU after it in one pass over x."""
    layers = iter(zip(sequential.layers, [*sequential.layers[1:], None]))
    for layer, after in layers:
        if type(layer) is BatchNorm and type(after) in (ReLU, LeakyReLU):
            x = affine_relu(x, layer.scale_shift(x), after.negative_slope)
            next(layers)
        else:
            x = layer(x)
    return x


def affine_relu(x, scale_shift, slope):
    """leaky_relu(affine(x, scale_shift), slope), for a slope from 0 to 1."""
    bare, rows = unwrap(x), unwrap(scale_shift)
    if not 0 <= slope <= 1 or not (owner_of(bare, rows) or (floats(bare) and bare.dtype == rows.dtype)):
        return leaky_relu(affine(x, scale_shift), slope)
    value = _affine_relu(bare, rows, slope)
    straight = record(value,  # no rule uses the value before the ReLU, so it is not kept
                      (x, lambda g, _, x, scale_shift: _scale(g, scale_shift)),
                      (scale_shift, lambda g, _, x, scale_shift: affine_adjoint(x, g)))
    return record(value, (straight, lambda g, y, _: relu_backward(g, y, slope)))


@accelerated
def _affine_relu(x, scale_shift, slope):
    value = x * scale_shift[0]
    value += scale_shift[1]
    return np.maximum(value, slope * value, out=value) if slope else np.clip(value, 0, np.inf, out=value)


@accelerated
def _scale(g, scale_shift):
    return g * scale_shift[0]


form("backend.fusion._affine_relu", owner_of)(cuda.affine_relu)


def _one_pass(game, x, fake, condition) -> bool:
    """Whether D may take x and fake as one batch: its layers treat examples separately, and x needs no derivative."""
    return not (condition or x.requires_grad) and x.shape == fake.shape and _dense(game.discriminator)


def _dense(layer) -> bool:
    """Whether a layer, and all layers in it, treat examples separately."""
    kind = type(layer)
    return kind in (Dense, ReLU, LeakyReLU) or (kind is Sequential and all(map(_dense, layer.layers)))


@form("game.step.logits", _one_pass)
def _logits(game, x, fake, condition):
    """One call of D on both batches: fewer and larger products."""
    values = game.discriminator(concatenate([x, fake], 0))
    return values[:len(x)], values[len(x):]
