"""What makes training faster and changes the whole process; so it is asked for, never done at import."""
from __future__ import annotations

import ctypes
import os

from tinygan.backend import parallel

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt's names in glibc's malloc.h
_MADV_HUGEPAGE = 14  # madvise's in Linux' mman.h
_PAGE = 1 << 21  # bytes of a huge page
_HEAP = 1 << 29  # bytes of the heap that are asked to lie in huge pages; only those that are used take memory


def tune(divide_batches: bool = False) -> None:
    """Sets memory, and with divide_batches threads, of this process for training.

    Memory: by default glibc gives every array of 128 KiB or more back to the kernel and faults its pages in anew at the
    next one, thousands of times a step; it is told to keep them, and the kernel to make them huge, which spares the
    processor looking them up (on Linux; elsewhere nothing is done).

    divide_batches: convolutions work on parts of the batch in threads, one for each core, with BLAS on one thread in
    each, instead of leaving the cores to BLAS. It pays where convolutions copy as much as they multiply, and does
    nothing for dense nets. Results change in rounding alone.
    """
    _keep_memory()
    if divide_batches:
        from threadpoolctl import threadpool_limits
        threadpool_limits(1, "blas")
        parallel.set_threads(cores())


def cores() -> int:
    """The cores this process may use; fewer where OPENBLAS_NUM_THREADS says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OPENBLAS_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdigit() and int(wanted) else cores


def limit(threads: int) -> None:
    """BLAS, and `tune` after it, use so many threads in this process: where several share the cores."""
    from threadpoolctl import threadpool_limits
    os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    threadpool_limits(threads, "blas")


def _keep_memory():
    try:
        libc = ctypes.CDLL(None)
        mallopt, malloc, madvise, free = libc.mallopt, libc.malloc, libc.madvise, libc.free
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, -1)
    malloc.argtypes, malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    madvise.argtypes, free.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], [ctypes.c_void_p]
    heap = malloc(_HEAP) or 0  # the heap grows by it, and what is freed stays in the heap
    first, end = -(-heap // _PAGE) * _PAGE, (heap + _HEAP) // _PAGE * _PAGE
    if heap:
        madvise(first, end - first, _MADV_HUGEPAGE)
        free(heap)
