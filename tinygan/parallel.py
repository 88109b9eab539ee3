"""A batch in parts, one for each core: NumPy lets go of the interpreter while it copies and multiplies.

Nothing runs in threads until `tune` has been called; and then only work that is worth the hand-over.
"""
from __future__ import annotations

import functools
from typing import Any

import numpy as np

WORTH = 1 << 15  # elements of a batch; below it a hand-over costs more than it saves

_pool: Any = None
_parts = 1


def use(threads: int) -> None:
    """From now on, work on batches is divided among so many threads."""
    from concurrent.futures import ThreadPoolExecutor  # not above: a tenth of the time to import tinygan
    global _pool, _parts
    _pool, _parts = (ThreadPoolExecutor(threads), threads) if threads > 1 else (None, 1)


def joined(f, *batches):
    """f(*batches), computed on parts of the batch; the results are put together again."""
    return _divided(f, np.concatenate, batches)


def added(f, *batches):
    """f(*batches), where f is a sum over the batch: computed on parts, the results are added."""
    return _divided(f, functools.partial(functools.reduce, np.add), batches)


def _divided(f, join, batches):
    n = len(batches[0])
    if _pool is None or n < _parts or batches[0].size < WORTH or not isinstance(batches[0], np.ndarray):
        return f(*batches)
    bounds = [n * i // _parts for i in range(_parts + 1)]
    slices = [slice(*pair) for pair in zip(bounds, bounds[1:])]
    return join(list(_pool.map(lambda s: f(*[b[s] for b in batches]), slices)))
