"""What a layer is given is checked at its door: no network computes in another precision than its own in silence."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor


def check_input(layer, x, weight, axis=0, name="x"):
    """x as an array or Tensor, with which the layer computes in the dtype of its weight; else one line with the cure.

    Numbers of lower precision are welcome: what comes out has the weight's. The array of another library is shared, as
    `Tensor(x)` does. An x of other than weight.shape[axis] features is left to the layer, which refuses its shape.
    """
    if isinstance(x, Tensor) and x.data.dtype is weight.data.dtype:
        return x  # the usual case, and the fast one
    given = x
    if not isinstance(x, (np.ndarray, Tensor)) and not backend.is_array(x):
        x = backend.as_array(x)
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{type(layer).__name__}: {name} is a {type(given).__name__}, "
                            "expected an array or a Tensor")
    lower = x.dtype.kind == "f" and x.dtype.itemsize <= weight.dtype.itemsize
    if not lower and (axis is None or x.shape[-1:] == (weight.shape[axis],)):
        raise TypeError(f"{type(layer).__name__}: {_wrong_dtype(name, given, x.dtype, weight.dtype)}")
    return x


def check_images(layer, x, weight, axis=0):
    """The same for images (n, h, w, channels): those that are channels-first are refused by that name."""
    x, channels = check_input(layer, x, weight, axis), weight.shape[axis]
    if x.ndim == 4 and x.shape[3] != channels == x.shape[1]:
        raise ValueError(f"{type(layer).__name__}: x {x.shape} looks channels-first (n, c, h, w), expected (n, h, w, "
                         f"{channels}); write x.transpose(0, 2, 3, 1)")
    return x


def _wrong_dtype(name, x, given, expected) -> str:
    cure = f"{name}.astype(np.{expected})" if hasattr(x, "astype") else f"np.asarray({name}, np.{expected})"
    if given == np.uint8:
        cure += " / 127.5 - 1 for pixels from 0 to 255"
    elif given.kind == "f":
        cure += f", or layer.astype(np.{given})"
    return f"{name} is {given}, the layer {expected}; write {cure}"
