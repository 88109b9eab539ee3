"""Pull-backs of choices: a cotangent goes to the branch that was taken, and the other branch gets 0.

A product with a mask of 0 and 1 is not a choice: behind an infinite slope it gives infinity times 0, which is NaN.
"""
from __future__ import annotations

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.ops.registry import unwrap
from tinygan.tensor import record


def chosen(x, mask):
    """x where the mask is true, 0 elsewhere; it is its own adjoint."""
    return record(_select(unwrap(x), mask), (x, lambda g, y, x: chosen(g, mask)))


@accelerated
def _select(x, mask):
    return np.where(mask, x, 0)


def share(g, y, x, other):
    """The part of the cotangent g that x gets, where y is x or `other`: all, half where they are equal, or 0.

    Where y is NaN, both get all of it, as in PyTorch.
    """
    return chosen(0.5 * g, x == other) + chosen(g, (y != other) & (x != other))
