"""Layers that a discriminator is given against what goes wrong in the game: it sees more than one example at a time."""
from __future__ import annotations

from tinygan.nn.module import Module
from tinygan.ops.elementwise import sqrt
from tinygan.ops.reduce import mean, var
from tinygan.ops.shape import broadcast_to, concatenate


class MinibatchStd(Module):
    """How much the examples of the batch differ, as one more channel: (n, ..., c) -> (n, ..., c + 1) (`minibatch-std`).

    The standard deviation of each feature over the batch, averaged over all features, so one number for all examples; a
    generator that draws few different things gives itself away by it (Karras et al. 2018, section 3).
    """

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        spread = mean(sqrt(var(x, axis=0) + self.eps))
        return concatenate([x, broadcast_to(spread, (*x.shape[:-1], 1))])
