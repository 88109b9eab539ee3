"""Arrays and their devices, and the fast forms of functions that the course's files write plainly."""
from tinygan.backend import host  # isort: skip  # forms are tried in the order in which these files register them
from tinygan.backend import convolutions, cuda
from tinygan.backend.arrays import (
    ARRAY_MODULES,
    DeviceError,
    as_array,
    is_array,
    module,
    plus,
    reduce_wide,
    share_foreign,
    to,
    to_device_of,
)
from tinygan.backend.versions import carry_changes, check_unchanged, clock, fingerprints, mark_changed

__all__ = ["ARRAY_MODULES", "DeviceError", "as_array", "carry_changes", "check_unchanged", "clock",
           "convolutions", "cuda", "fingerprints", "host", "is_array", "mark_changed", "module", "plus",
           "reduce_wide", "share_foreign", "to", "to_device_of"]
