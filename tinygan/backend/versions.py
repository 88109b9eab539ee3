"""Tracks changes of arrays in place: `grad` refuses results that were computed before the change.

tinygan's own changes of weights are noted (`mark_changed`). A change by the user's own line `a[:] = ...` is not, so a
recorded operation keeps a fingerprint of its inputs that are no results of operations.
"""
from __future__ import annotations

import itertools

import numpy as np

from tinygan.backend.arrays import share_foreign

EXACT, SAMPLES = 65_536, 1024  # bytes up to which every element is compared; else so many elements, evenly spaced
clock = itertools.count()  # one count for births of tensors and changes of arrays
_written: dict[int, dict[tuple[int, int], int]] = {}  # owner of memory -> part of it -> time of its last change
_last_written = -1


def mark_changed(array):
    """Records that `array` was changed in place: results computed with it before have lost their derivative."""
    global _last_written
    _last_written = _written.setdefault(id(_owner(array)), {})[_place(array)] = next(clock)


def carry_changes(old, new):
    """Records that `new` takes the place of `old`, with the time of its last change."""
    if times := _changes(old):
        _written.setdefault(id(_owner(new)), {})[_place(new)] = max(times)


def fingerprints(inputs) -> list[tuple]:
    """The inputs that can change, each with the fingerprint of its present elements."""
    return [(x, _fingerprint(x)) for x in inputs]


def check_unchanged(tensors):
    """ValueError where one of the tensors (youngest first) was computed from an array that has changed since."""
    for y in tensors:
        for x, mark in y.constants:
            if _fingerprint(x) != mark:
                raise ValueError(f"grad: an input of shape {np.shape(x)} was changed in place after the output "
                                 "was computed with it; differentiate first, then change it, or give a copy")
    for y in reversed(tensors):
        if y.birth > _last_written:
            break
        for x, _ in y.edges:
            if getattr(x, "edges", None) == () and any(when > y.birth for when in _changes(x.data)):
                raise ValueError(f"grad: an input of shape {x.shape} was updated in place after the output was "
                                 "computed with it; differentiate first, then update")


def _fingerprint(x):
    """The bytes of an array or list, or of elements spread over it; None for numbers and for arrays on a GPU."""
    a = x.data if hasattr(x, "edges") else x
    if type(a) is np.ndarray and a.nbytes <= EXACT:  # the most frequent case, kept fast
        return a.tobytes()
    if not isinstance(a, np.ndarray):
        a = np.asarray(a) if isinstance(a, list) else share_foreign(a)
        if not isinstance(a, np.ndarray):
            return None
    if a.nbytes > EXACT:
        a = (a.ravel("K") if a.flags.forc else a.flat)[::a.size // SAMPLES | 1]  # odd, so that columns take turns
    return a.tobytes()


def _changes(array) -> list[int]:
    """The times at which parts of the array were changed."""
    parts = _written.get(id(_owner(array)))
    if parts is None:
        return []
    first, end = _place(array)
    return [when for (start, stop), when in parts.items() if start < end and first < stop]


def _owner(array):
    return array if array.base is None else array.base


def _place(array) -> tuple[int, int]:
    """The addresses of the first byte of a contiguous array and of the byte after its end."""
    first = array.data.ptr if hasattr(array.data, "ptr") else array.__array_interface__["data"][0]
    return first, first + array.nbytes
