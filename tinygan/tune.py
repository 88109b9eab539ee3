"""What makes training faster and changes the whole process; so it is asked for, never done at import."""
from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt's names in glibc's malloc.h


def tune() -> None:
    """Keeps freed memory in the process, on Linux with glibc; elsewhere does nothing.

    By default glibc gives every array of 128 KiB or more back to the kernel and faults its pages in anew at the next
    one: thousands of faults a step.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, -1)
