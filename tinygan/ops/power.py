"""Powers, with the limits of their derivatives where the formulas give infinity times 0."""
from __future__ import annotations

import numpy as np

from tinygan.ops.choices import chosen
from tinygan.ops.elementwise import log, mul, where
from tinygan.ops.registry import case, op, unwrap
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import Tensor, record


@op(case((2, 3), b=3), case((2, 3), b=-1.5, low=0.5), case((2, 3), (3,), low=0.5))
def pow(a, b):
    """a ** b, with broadcasting; a must not be negative where the derivative with respect to b is needed."""
    b = np.asarray(b) if isinstance(b, (list, tuple)) else b
    return record(unwrap(a) ** unwrap(b),
                  (a, lambda g, y, a, b: unbroadcast(_base_backward(g, a, b), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(_exponent_backward(g, y, a, b), b.shape)))


def _base_backward(g, a, b):
    """g b a^(b - 1); 0 where b = 0, also at a = 0 and for infinite g, where the product is NaN."""
    if isinstance(b, (int, float, np.number)):
        return mul(g, b * a ** (b - 1.0)) if b else chosen(g, np.zeros_like(unwrap(g), bool))
    flat = np.equal(unwrap(b), 0)
    if isinstance(b, Tensor) and b.requires_grad:
        flat = flat & (a == 0)  # elsewhere the slope has a derivative with respect to b
    return chosen(g, np.logical_not(flat)) * b * where(flat, 1, a) ** (b - 1)


def _exponent_backward(g, y, a, b):
    """g y log(a); its limit 0 where a = 0 and b >= 0, where the product is NaN."""
    flat = np.logical_and(unwrap(a) == 0, unwrap(b) >= 0)
    return chosen(g, np.logical_not(flat)) * y * log(where(flat, y.dtype.type(1), a))
