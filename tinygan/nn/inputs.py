"""The inputs of networks and layers: their dtype must fit the weights, so that the precision does not change unseen."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.nn.members import first_of
from tinygan.nn.module import Module, Parameter
from tinygan.tensor import Tensor


def input_of(network: Module, a) -> Tensor:
    """An array as an input of the network: on the device of its theta and, unless it holds integers, of its dtype."""
    parameter = first_of(network, Parameter, Module)
    like = np.zeros(0, np.float32) if parameter is None else parameter.data
    a = a if isinstance(a, np.ndarray) else Tensor(a).data
    return Tensor(backend.to_device_of(a if a.dtype.kind in "iu" else a.astype(like.dtype, copy=False), like))


def check_input(layer, x, weight, axis=0, name="x"):
    """x as an array or Tensor for a layer with this weight; TypeError, with the correction, where its dtype is wrong.

    Lower precision is accepted: the output has the dtype of the weight. The memory of another library's array is
    shared, as in `Tensor(x)`. If x does not have weight.shape[axis] features, the layer itself raises the error.
    """
    if isinstance(x, Tensor) and x.data.dtype is weight.data.dtype:
        return x  # the most frequent case, kept fast
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
    """`check_input` for images (n, h, w, channels); ValueError for images that look channels-first."""
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
