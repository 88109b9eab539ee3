"""Penalties on the discriminator: a gradient of a gradient."""
from __future__ import annotations

from tinygan.ops.reduce import mean, sum
from tinygan.tensor import grad


def r1(logits, x, weight=1.0):
    """weight / 2 * E_x[|grad_x D(x)|^2] on real examples (`r1`; Mescheder et al. 2018, eq. 9), to be added to D's loss.

    logits: D(x), shape (n, 1), computed from the Tensor x (n, ...), which has requires_grad=True. Each logit depends on
    its own example alone, so the gradient of their sum holds the gradient of each. (With batch normalisation in D that
    is nearly so: what is penalised then is the gradient of the sum.)
    """
    [slope] = grad(sum(logits), [x], create_graph=True)
    return (weight / 2) * mean(sum(slope * slope, tuple(range(1, slope.ndim))))
