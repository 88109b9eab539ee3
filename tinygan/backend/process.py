"""Process-wide speed settings (allocator, threads). They are opt-in: importing tinygan changes nothing."""
from __future__ import annotations

import ctypes
import os
import warnings

from tinygan.backend import compiled

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def tune(divide_batches: bool | None = None, *, loops: bool = True) -> str:
    """Changes memory and threads of this process to train faster; returns one line about the compiled loops.

    Memory: by default, glibc returns every array of 128 KiB or more to the kernel, and the next array gets new pages,
    thousands of times a step. After this call glibc keeps the memory (other libraries of C are left unchanged).

    loops: where numba is installed (the extra `fast`), operations on large NumPy arrays run as compiled loops on all
    cores, and BLAS on one thread. They are compiled at their first use, and kept in your cache folder. Results are
    equal up to rounding. With loops=False they are turned off, and BLAS has its threads again.
    """
    if divide_batches is not None:
        warnings.warn("tune: divide_batches has no effect any more, compiled loops have taken its place; the next "
                      "release removes it", DeprecationWarning, 2)
    _keep_memory()
    if not loops:
        compiled.stop()
        return "no compiled loops, as asked"
    return compiled.start(cores())


def cores() -> int:
    """The number of cores that this process may use, at most OPENBLAS_NUM_THREADS, or OMP_NUM_THREADS without that."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # in the order in which OpenBLAS reads them
        wanted = os.environ.get(name, "").partition(",")[0]  # OMP: a number for each level of nesting
        if wanted.isdigit() and int(wanted):
            return min(cores, int(wanted))
    return cores


def limit(threads: int) -> None:
    """Limits the threads of BLAS, and of loops after a later `tune`, where several processes share the cores."""
    from threadpoolctl import threadpool_limits
    os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    threadpool_limits(threads, "blas")


def _keep_memory():
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, -1)
