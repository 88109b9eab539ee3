"""Images made twice as large or half as large: each of the two is the other's adjoint, but for a factor 4."""
from __future__ import annotations

from tinygan.ops.registry import case, op, unwrap
from tinygan.tensor import record


@op(case((2, 2, 3, 2)))
def upsample(x):
    """Each pixel as a block of 2 by 2 (`upsample`): (n, h, w, c) -> (n, 2 h, 2 w, c)."""
    if x.ndim != 4:
        raise ValueError(f"upsample: x {x.shape}, expected (n, h, w, channels)")
    return record(unwrap(x).repeat(2, 1).repeat(2, 2), (x, lambda g, y, x: 4 * average_pool(g)))


@op(case((2, 4, 6, 2)))
def average_pool(x):
    """The mean of each block of 2 by 2 pixels (`average-pool`): (n, 2 h, 2 w, c) -> (n, h, w, c).

    Of blocks of one value it is that value to the last bit: it undoes `upsample`.
    """
    if x.ndim != 4 or x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"average_pool: x {x.shape}, expected (n, h, w, channels) with h and w even")
    a = unwrap(x)
    blocks = (a[:, ::2, ::2] + a[:, ::2, 1::2]) + (a[:, 1::2, ::2] + a[:, 1::2, 1::2])
    return record(0.25 * blocks, (x, lambda g, y, x: 0.25 * upsample(g)))
