"""The machine room: arrays and their devices, and the fast forms of what the course's files write plainly."""
from tinygan.backend.arrays import (
    ARRAY_MODULES,
    DeviceError,
    as_array,
    broadcast_copy,
    cache_blocks,
    is_array,
    matmul,
    module,
    share_foreign,
    to,
    to_device_of,
    using_matmul,
)
from tinygan.backend.versions import check_unchanged, clock, mark_changed

__all__ = [
    "ARRAY_MODULES",
    "DeviceError",
    "as_array",
    "broadcast_copy",
    "cache_blocks",
    "check_unchanged",
    "clock",
    "is_array",
    "mark_changed",
    "matmul",
    "module",
    "share_foreign",
    "to",
    "to_device_of",
    "using_matmul",
]
