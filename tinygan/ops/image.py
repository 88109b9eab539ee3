"""Images of twice or half the size. Each of the two operations is the other's adjoint, up to a factor of 4."""
from __future__ import annotations

from tinygan.ops.registry import case, op, unwrap
from tinygan.tensor import record


@op(case((2, 2, 3, 2)))
def upsample(x):
    """Repeats each pixel as a block of 2 by 2 (`upsample`): (n, h, w, c) -> (n, 2 h, 2 w, c)."""
    if x.ndim != 4:
        raise ValueError(f"upsample: x {x.shape}, expected (n, h, w, channels)")
    return record(unwrap(x).repeat(2, 1).repeat(2, 2), (x, lambda g, y, x: 4 * average_pool(g)))


@op(case((2, 4, 6, 2)))
def average_pool(x):
    """The mean of each block of 2 by 2 pixels (`average-pool`): (n, 2 h, 2 w, c) -> (n, h, w, c).

    The mean of four equal values is exact, so it is the inverse of `upsample` to the last bit.
    """
    if x.ndim != 4 or x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"average_pool: x {x.shape}, expected (n, h, w, channels) with h and w even")
    a = unwrap(x)
    blocks = (a[:, ::2, ::2] + a[:, ::2, 1::2]) + (a[:, 1::2, ::2] + a[:, 1::2, 1::2])
    return record(0.25 * blocks, (x, lambda g, y, x: 0.25 * upsample(g)))
