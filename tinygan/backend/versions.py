"""Tracks changes of arrays in place: `grad` refuses results that were computed before the change.

tinygan's own changes of weights are noted (`mark_changed`), on every device. A change by the user's own line, such as
`theta[:] *= 0.5` or `p.data -= step`, is not. So a recorded operation keeps a fingerprint of each input that is no
result of an operation: weights, data and constants. `grad` compares it with the present elements. It sees every
element of small arrays, a sample of large ones (see `EXACT`), and none on a GPU, where reading would make it wait.
"""
from __future__ import annotations

import itertools

import numpy as np

from tinygan.backend.arrays import share_foreign
from tinygan.errors import described

EXACT = 65_536  # bytes up to which every element is compared; beyond it a sample, spaced evenly
EXACT_WEIGHTS = 16_384  # the same for parameters: each call of a network takes their fingerprints anew
SAMPLES = 1024
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
    for y in reversed(tensors):
        if y.birth > _last_written:
            break
        for x, _ in y.edges:
            if getattr(x, "edges", None) == () and any(when > y.birth for when in _changes(x.data)):
                raise ValueError(f"grad: {described(x)} was updated in place after the output was computed with it; "
                                 "differentiate first, then update")
    for y in tensors:
        for x, mark in y.constants:
            if _fingerprint(x) != mark:
                raise ValueError(f"grad: {described(x)} was changed in place after the output was computed with it; "
                                 "differentiate first, then change it, or give a copy")


def _fingerprint(x):
    """The bytes of an array or list, or of elements spread over it; None for numbers and for arrays on a GPU."""
    a = x.data if hasattr(x, "edges") else x
    if type(a) is np.ndarray and a.nbytes <= EXACT_WEIGHTS:  # the most frequent case, kept fast
        return a.tobytes()
    if not isinstance(a, np.ndarray):
        a = np.asarray(a) if isinstance(a, list) else share_foreign(a)
        if not isinstance(a, np.ndarray):
            return None
    if a.nbytes > (EXACT_WEIGHTS if hasattr(type(x), "home") else EXACT):
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
