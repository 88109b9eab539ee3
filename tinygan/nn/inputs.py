"""What a layer is given is checked at its door: no network computes in another precision than its own in silence."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor


def check_input(layer, x, weight, size: int, name="x"):
    """x as an array or Tensor, with which the layer computes in the dtype of its weight; else one line with the cure.

    Numbers of lower precision are welcome: what comes out has the weight's. The array of another
    library is shared, as `Tensor(x)` does. An x without `size` features is left to the layer, which refuses its shape.
    """
    if not isinstance(x, (np.ndarray, Tensor)) and not backend.is_array(x):
        x = backend.as_array(x)
    if x.dtype != weight.dtype and (x.dtype.kind != "f" or x.dtype.itemsize > weight.dtype.itemsize) \
            and x.shape[-1:] == (size,):
        raise TypeError(f"{type(layer).__name__}: {_wrong_dtype(name, x.dtype, weight.dtype)}")
    return x


def check_images(layer, x, weight, channels: int):
    """The same for images (n, h, w, channels): those that are channels-first are refused by that name."""
    x = check_input(layer, x, weight, channels)
    if x.ndim == 4 and x.shape[3] != channels == x.shape[1]:
        raise ValueError(f"{type(layer).__name__}: x {x.shape} looks channels-first (n, c, h, w), expected (n, h, w, "
                         f"{channels}); write x.transpose(0, 2, 3, 1)")
    return x


def _wrong_dtype(name, given, expected) -> str:
    cure = f"{name}.astype(np.{expected})"
    if given == np.uint8:
        return f"{name} is {given}, the layer {expected}; write {cure} / 127.5 - 1 for pixels from 0 to 255"
    if given.kind == "f":
        cure += f", or layer.astype(np.{given})"
    return f"{name} is {given}, the layer {expected}; write {cure}"
