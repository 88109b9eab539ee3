"""Arrays and their devices: NumPy on the host, CuPy on the GPU.

There is no global switch: the array module of an array is the package of its type. NumPy itself passes a call such as
np.exp(x) on to CuPy if x is a CuPy array, so most code does not need `module`.
"""
from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tinygan.backend.accelerated import accelerated
from tinygan.errors import TinyganError

ARRAY_MODULES = {"numpy", "cupy"}
WIDER = {"e": np.float32, "f": np.float64}
_HOST = (1, 3)  # DLPack's codes of memory that NumPy can read: the host's, and host memory that a GPU reads too
device_index: int | None = None  # the GPU of this process, where several processes share a machine


class DeviceError(TinyganError, RuntimeError):
    """A device that is missing on this machine."""


def _package(array) -> str:
    return type(array).__module__.partition(".")[0]


def is_array(x) -> bool:
    """True for an array of NumPy or CuPy (a NumPy scalar is a 0-d array)."""
    return _package(x) in ARRAY_MODULES and hasattr(x, "dtype") and hasattr(x, "shape")


def module(*arrays) -> Any:
    """The array module (`numpy` or `cupy`) of the arrays; numbers fit either.

    >>> module(np.zeros(3), 2.0).__name__
    'numpy'
    """
    names = {_package(a) for a in arrays if is_array(a) and not isinstance(a, np.generic)} or {"numpy"}
    if len(names) > 1:
        raise TypeError(f"arrays of {' and '.join(sorted(names))} meet; move one of them with .to('cpu') or .to('gpu')")
    return sys.modules[names.pop()]


def to(array, device: str):
    """The array on `device`: "cpu" (NumPy) or "gpu" (CuPy); the array itself if it is already there."""
    if device not in ("cpu", "gpu"):
        raise ValueError(f"device: got {device!r}, expected 'cpu' or 'gpu'")
    if device == "gpu":
        return _cupy().asarray(array)
    return array.get() if hasattr(array, "get") else np.asarray(array)


def as_array(x):
    """x as an array: an array of PyTorch or JAX shares its memory (DLPack); lists and numbers follow NumPy's rules.

    TypeError where the memory cannot be shared.
    """
    if isinstance(x, np.ndarray) or not hasattr(x, "__dlpack_device__"):
        return np.asarray(x)
    try:
        owner = np if int(x.__dlpack_device__()[0]) in _HOST else _cupy()
        return owner.from_dlpack(x)
    except DeviceError:
        raise
    except (BufferError, RuntimeError, ValueError) as error:
        raise TypeError(f"Tensor: the memory of this {type(x).__name__} cannot be shared: {error}") from error


def share_foreign(x):
    """Another library's array as an array of NumPy or CuPy on the same memory; anything else unchanged."""
    if is_array(x) or isinstance(x, type) or not (hasattr(x, "__dlpack_device__") or hasattr(x, "__array__")):
        return x
    array = as_array(x)
    if is_array(array) and array.dtype.kind not in "fiub":
        raise TypeError(f"a {type(x).__module__}.{type(x).__name__} of {array.dtype}, expected numbers")
    return array


def to_device_of(array, other):
    """Moves a host array (noise, a batch) to the device of `other`."""
    owner = module(other)
    return array if owner is np else owner.asarray(array)


@accelerated
def plus(a, b):
    """a + b of arrays or Tensors."""
    return a + b


def reduce_wide(name: str, x, axes, keepdims: bool = False):
    """The "sum" or "mean" of x over `axes`; NumPy accumulates float16 in float32, and float32 in float64.

    NumPy adds rows one by one, so in the dtype of x the error would grow with their number. CuPy adds in pairs.
    """
    wide = WIDER.get(x.dtype.char) if isinstance(x, np.ndarray) else None
    result = getattr(np, name)(x, axis=axes, dtype=wide, keepdims=keepdims)
    return result if wide is None else result.astype(x.dtype)


def _cupy():
    try:
        import cupy
    except ImportError as error:
        raise DeviceError("device 'gpu' needs CuPy: pip install 'tinygan[cuda12]' or 'tinygan[cuda13]'") from error
    if not cupy.is_available():
        raise DeviceError("device 'gpu': CuPy is installed but finds no GPU on this machine; use 'cpu'")
    if device_index is not None:
        cupy.cuda.Device(device_index % cupy.cuda.runtime.getDeviceCount()).use()
    return cupy
