"""Work on a batch in parts: small enough for the cache, and with `tune` one thread for each core.

NumPy lets go of the interpreter while it copies and multiplies. A part stays in the second-level cache from one pass
over it to the next. Nothing runs in threads until `tune` has been called; and only work that is worth the hand-over.
"""
from __future__ import annotations

import threading
from typing import Any

import numpy as np

MIN_ELEMENTS = 1 << 15  # elements that a function makes on its way; below it a hand-over costs more than it saves
CHUNK = 1 << 18  # of them at a time: with its sources and results what a second-level cache holds

_pool: Any = None
_threads = 1


def set_threads(threads: int) -> None:
    """From now on, work on batches is divided among so many threads."""
    from concurrent.futures import ThreadPoolExecutor  # not above: a tenth of the time to import tinygan
    global _pool, _threads
    if _pool is not None:
        _pool.shutdown()
    _pool, _threads = (ThreadPoolExecutor(threads - 1), threads) if threads > 1 else (None, 1)


def map_batch(f, width: int, *batches, chunk: int = CHUNK):
    """f(*batches), computed on parts of the batch and put together.

    width: elements that f makes of an example; chunk: about as many it makes of a part.
    """
    parts = _parts(width, chunk, batches)
    if len(parts) == 1:
        return f(*batches)
    whole: list[np.ndarray] = []
    lock = threading.Lock()

    def work(mine):
        for part in mine:
            value = f(*[b[part] for b in batches])
            with lock:
                if not whole:
                    whole.append(np.empty((len(batches[0]), *value.shape[1:]), value.dtype))
            whole[0][part] = value
    _run(work, [iter(parts)] * min(_threads, len(parts)))  # each thread takes the next part that is left
    return whole[0]


def sum_batch(f, width: int, *batches, chunk: int = CHUNK):
    """f(*batches), where f is a sum over the batch: computed on parts, the results added in their order."""
    parts = _parts(width, chunk, batches)
    if len(parts) == 1:
        return f(*batches)

    def work(mine):
        total = f(*[b[mine[0]] for b in batches])
        for part in mine[1:]:
            total += f(*[b[part] for b in batches])
        return total
    count = min(_threads, len(parts))
    shares = [parts[len(parts) * i // count:len(parts) * (i + 1) // count] for i in range(count)]
    first, *others = _run(work, shares)
    for total in others:
        first += total
    return first


def _parts(width, chunk, batches) -> list[slice]:
    """The parts of the batch, as many for each thread as for the others; the whole of it where that is better."""
    n = len(batches[0])
    if n * width < MIN_ELEMENTS or not isinstance(batches[0], np.ndarray):
        return [slice(0, n)]
    count = min(n, _threads * -(-n * width // (_threads * chunk)))
    bounds = [n * i // count for i in range(count + 1)]
    return [slice(*pair) for pair in zip(bounds, bounds[1:])]


def _run(work, shares):
    """work(share) in a thread for each share, this one too; their results in order."""
    others = [_pool.submit(work, share) for share in shares[1:]]
    return [work(shares[0]), *[other.result() for other in others]]
