"""Computes on a batch in parts that fit into the cache; after `tune(divide_batches=True)`, in threads.

NumPy releases the interpreter lock while it copies and multiplies. A part stays in the second-level cache from one pass
to the next. Threads start only after `tune`, and only for enough elements to gain time.
"""
from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

MIN_ELEMENTS = 1 << 15  # elements of intermediate arrays; with fewer, threads take more time than they save
CHUNK = 1 << 18  # elements of a part: with its inputs and results it fits into a second-level cache

_pool: Any = None
_threads = 1


def set_threads(threads: int) -> None:
    """Sets the number of threads among which batches are divided."""
    from concurrent.futures import ThreadPoolExecutor  # not at the top: adds a tenth to the import time
    global _pool, _threads
    if _pool is not None:
        _pool.shutdown()
    _pool, _threads = (ThreadPoolExecutor(threads - 1), threads) if threads > 1 else (None, 1)


def _renew():
    """Gives a forked process threads of its own: a fork copies the pool, but of the threads only the caller."""
    global _pool
    _pool = _pool and type(_pool)(_threads - 1)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew)


def map_batch(f, width: int, *batches, chunk: int = CHUNK):
    """f(*batches), computed on parts of the batch and joined.

    width: the elements of intermediate arrays of f for one example; chunk: about how many a part may have.
    """
    parts = _parts(width, chunk, batches)
    if len(parts) == 1:
        return f(*batches)
    joined: list[np.ndarray] = []  # one array, made when the first part is known
    lock = threading.Lock()

    def work(queue):
        for part in queue:
            value = f(*[b[part] for b in batches])
            with lock:
                if not joined:
                    joined.append(np.empty((len(batches[0]), *value.shape[1:]), value.dtype))
            joined[0][part] = value
    _run(work, [iter(parts)] * min(_threads, len(parts)))  # each thread takes the next part from one iterator
    return joined[0]


def sum_batch(f, width: int, *batches, chunk: int = CHUNK):
    """f(*batches) for an f that sums over the batch: computed on parts, whose results are added in order."""
    parts = _parts(width, chunk, batches)
    if len(parts) == 1:
        return f(*batches)

    def work(share):
        total = f(*[b[share[0]] for b in batches])
        for part in share[1:]:
            total += f(*[b[part] for b in batches])
        return total
    count = min(_threads, len(parts))
    shares = [parts[len(parts) * i // count:len(parts) * (i + 1) // count] for i in range(count)]
    first, *others = _run(work, shares)
    for total in others:
        first += total
    return first


def _parts(width, chunk, batches) -> list[slice]:
    """The parts of the batch, a multiple of the number of threads; a single part for a small batch."""
    n = len(batches[0])
    if n * width < MIN_ELEMENTS or not isinstance(batches[0], np.ndarray):
        return [slice(0, n)]
    count = min(n, _threads * -(-n * width // (_threads * chunk)))
    bounds = [n * i // count for i in range(count + 1)]
    return [slice(*pair) for pair in zip(bounds, bounds[1:])]


def _run(work, shares):
    """work(share) in one thread for each share, the calling thread included; the results in order."""
    others = [_pool.submit(work, share) for share in shares[1:]]
    return [work(shares[0]), *[other.result() for other in others]]
