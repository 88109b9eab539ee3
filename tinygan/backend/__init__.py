"""The machine room: arrays and their devices, and the fast forms of what the course's files write plainly."""
from tinygan.backend.arrays import (
    ARRAY_MODULES,
    DeviceError,
    blocks,
    is_array,
    like,
    matmul,
    module,
    multiplying,
    shared,
    spread,
    to,
)
from tinygan.backend.versions import clock, refuse_written, written

__all__ = ["ARRAY_MODULES", "DeviceError", "blocks", "clock", "is_array", "like", "matmul", "module", "multiplying",
           "refuse_written", "shared", "spread", "to", "written"]
