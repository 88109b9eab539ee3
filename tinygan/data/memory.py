"""The memory of this machine, and that of a folder's images."""
from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from tinygan.files import open_regular

from .errors import DataError

MOST_NUMBERS = 2**32  # in all images together: as float32, 16 GiB
DECODING = 15  # bytes for each pixel while a folder is read: three colours, as uint8 and as float32
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container on Linux


def machine() -> int | None:
    """The bytes of memory that this process may use at most, or None where the system does not give them."""
    found = []
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(AttributeError, ValueError, OSError):
        found.append(_windows())
    for path in LIMITS:
        with suppress(ValueError, OSError), open_regular(path, 2**16) as file:  # "max" where there is no limit
            found.append(int(file.read(32)))
    return min((size for size in found if size > 0), default=None)


def _windows() -> int:
    """The bytes of memory of a machine with Windows; AttributeError on other systems."""
    import ctypes
    state = (ctypes.c_ulonglong * 8)()  # MEMORYSTATUSEX: its length and the load in percent, then seven sizes
    ctypes.cast(state, ctypes.POINTER(ctypes.c_ulong))[0] = ctypes.sizeof(state)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(state)):  # type: ignore[attr-defined]
        raise OSError("GlobalMemoryStatusEx failed")
    return state[1]


def check_images(folder: Path, count: int, size: int) -> None:
    """DataError, before an image is decoded, if so many images of size x size pixels do not fit into the memory."""
    def fits(size):
        pixels = count * size * size
        return 3 * pixels <= MOST_NUMBERS and DECODING * pixels <= (machine() or DECODING * pixels)

    if not fits(size):
        largest = next((smaller for smaller in range(size - size % 8, 0, -8) if fits(smaller)), None)
        name = re.sub(r"@\d+$", "", folder.name)
        cure = f"the largest size that does is {name}@{largest}" if largest else "use fewer files"
        raise DataError(f"folder {str(folder)!r}: {count:,} files as images of {size} x {size} pixels need "
                        f"{text(DECODING * count * size * size)} of memory, and do not fit here; {cure}")


def text(size: float) -> str:
    """A number of bytes in words.

    >>> text(1.5 * 2**30), text(300 * 2**20)
    ('1.5 GiB', '300 MiB')
    """
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{max(1, round(size / 2**20))} MiB"
