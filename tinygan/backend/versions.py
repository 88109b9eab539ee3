"""Tracks in-place changes of arrays: `grad` refuses results that were computed before the change."""
from __future__ import annotations

import itertools

clock = itertools.count()  # one count for births of tensors and changes of arrays
_written: dict[int, dict[tuple[int, int], int]] = {}  # owner of memory -> part of it -> time of its last change
_last_written = -1


def mark_changed(array):
    """Records that `array` was changed in place: results computed with it before have lost their derivative."""
    global _last_written
    _last_written = _written.setdefault(id(_owner(array)), {})[_place(array)] = next(clock)


def check_unchanged(tensors):
    """ValueError where one of the tensors (youngest first) was computed from an array that has changed since."""
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
    """The addresses of the first byte of a contiguous array and of the byte after its end."""
    first = array.data.ptr if hasattr(array.data, "ptr") else array.__array_interface__["data"][0]
    return first, first + array.nbytes
