"""Checks of the inputs and options of operations: axes, indices, strides, images, dtypes."""
from __future__ import annotations

from copy import deepcopy
from types import EllipsisType
from typing import Any

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor, unwrap

_FIXED = (float, int, slice, EllipsisType, type(None))


def signed(name: str, x):
    """The array in x; TypeError for unsigned integers, whose negatives are large positive numbers."""
    x = unwrap(x)
    if hasattr(x, "dtype") and x.dtype.kind == "u":
        raise TypeError(f"{name}: x {x.shape} is of {x.dtype}, which has no negative numbers; convert it")
    return x


def reduced_axes(name: str, x, axis) -> tuple[int, ...]:
    """NumPy's `axis` (None, a number, a tuple) as a tuple of axes counted from 0; None means all of them."""
    ndim = np.ndim(unwrap(x))
    axes: Any = range(ndim) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    for a in axes:
        if not -ndim <= a < ndim:
            raise ValueError(f"{name}: x {np.shape(unwrap(x))} has no axis {a}")
    return tuple([a % ndim for a in axes])


def kept_shape(x, axes) -> tuple[int, ...]:
    """The shape of x with the axes that are reduced kept as 1."""
    return tuple([1 if i in axes else n for i, n in enumerate(np.shape(unwrap(x)))])


def snapshot(value, *inputs):
    """An index, condition or bound for the rules of an operation: a copy, if the operation on the inputs is recorded.

    So the derivative stays when the user's array or list changes later.
    """
    if isinstance(value, _FIXED) or not [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]:
        return value
    return value.copy() if hasattr(value, "dtype") else deepcopy(value)


def bare_index(index, x):
    """An index of x with its Tensors replaced by their arrays, for the rules (see `snapshot`)."""
    if isinstance(index, tuple):
        return tuple([i if isinstance(i, _FIXED) else snapshot(unwrap(i), x) for i in index])
    return snapshot(unwrap(index), x)


def may_repeat(index) -> bool:
    """Whether an index can select an element twice: only sequences and arrays of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(i, (list, tuple, range)) or (backend.is_array(i) and i.dtype.kind != "b") for i in parts)


def pair(name: str, option: str, value, least: int) -> tuple[int, int]:
    """An option of a convolution as two numbers, (height, width), each at least `least`."""
    both = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(both) != 2 or any(not isinstance(v, (int, np.integer)) or v < least for v in both):
        raise ValueError(f"{name}: {option} is {value!r}, expected an integer of at least {least}, or two of them")
    return both


def check_channels(name: str, x, w, x_axis: int, w_axis: int) -> None:
    """ValueError where images x and kernels w do not have four axes each, and equal channels on the given axes."""
    for label, t, form in (("x", x, "(n, h, w, channels)"), ("w", w, "(kh, kw, in, out)")):
        if t.ndim != 4:
            raise ValueError(f"{name}: {label} {t.shape} has {t.ndim} dimensions, expected {form}")
    if x.shape[x_axis] != w.shape[w_axis]:
        raise ValueError(f"{name}: x {x.shape} has {x.shape[x_axis]} channels, w {w.shape} expects {w.shape[w_axis]}")
