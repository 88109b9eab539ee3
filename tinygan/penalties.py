"""Penalties on the discriminator: a gradient of a gradient."""
from __future__ import annotations

from tinygan.ops.reduce import mean, sum
from tinygan.tensor import Tensor, grad


def r1(discriminator, real, weight=1.0):
    """weight / 2 * E_x[|grad_x D(x)|^2] on real examples x, D on logits (`r1`; Mescheder et al. 2018, eq. 9).

    discriminator: a function of a Tensor (n, ...) to logits (n, 1), each depending on its own example alone (with
    batch normalisation in training it is the gradient of the sum). Returns a scalar to be added to a loss of D.
    """
    x = Tensor(real, requires_grad=True)
    [slope] = grad(sum(discriminator(x)), [x], create_graph=True)
    return (weight / 2) * mean(sum(slope * slope, tuple(range(1, slope.ndim))))
