"""When arrays are written in place: `grad` refuses to go through what was computed with them before."""
from __future__ import annotations

import itertools

clock = itertools.count()  # tells when tensors are born and arrays written
_written: dict[int, dict[tuple[int, int], int]] = {}  # the owner of memory -> a part of it -> when it was last written
_last_written = -1


def mark_changed(array):
    """Notes that `array` was changed in place: what was computed with it before has lost its derivative."""
    global _last_written
    _last_written = _written.setdefault(id(_owner(array)), {})[_place(array)] = next(clock)


def check_unchanged(tensors):
    """ValueError where one of the tensors (youngest first) was computed from an array that was written since."""
    for y in reversed(tensors):
        if y.birth > _last_written:
            break
        for x, _ in y.edges:
            if getattr(x, "edges", None) == () and id(_owner(x.data)) in _written:
                first, end = _place(x.data)
                if any(when > y.birth and start < end and first < stop
                       for (start, stop), when in _written[id(_owner(x.data))].items()):
                    raise ValueError(f"grad: an input of shape {x.shape} was updated in place after the output was "
                                     "computed with it; differentiate first, then update")


def _owner(array):
    return array if array.base is None else array.base


def _place(array) -> tuple[int, int]:
    """The address of the first byte, and that behind the last, of an array in one piece."""
    first = array.data.ptr if hasattr(array.data, "ptr") else array.__array_interface__["data"][0]
    return first, first + array.nbytes
