"""Arrays and the machine they live on: NumPy on the host, CuPy on the device.

There is no global switch. The array module of an array is the package its type comes from, so the data decide; and a
NumPy function called on a CuPy array is handed over to CuPy by NumPy itself, so most code needs no `module` at all.
"""
from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tinygan.errors import TinyganError

ARRAY_MODULES = {"numpy", "cupy"}
_HOST = (1, 3)  # DLPack's numbers of memory that NumPy can read: the host's, and that which a GPU sees too
device_index: int | None = None  # of the GPU that this process computes on, where several processes share a machine


class DeviceError(TinyganError, RuntimeError):
    """A device that this machine does not have."""


def _package(array) -> str:
    return type(array).__module__.partition(".")[0]


def is_array(x) -> bool:
    """True for an array of NumPy or CuPy (a NumPy scalar is a 0-d array)."""
    return _package(x) in ARRAY_MODULES and hasattr(x, "dtype") and hasattr(x, "shape")


def module(*arrays) -> Any:
    """The array module (`numpy` or `cupy`) that owns the arrays; numbers are at home everywhere.

    >>> module(np.zeros(3), 2.0).__name__
    'numpy'
    """
    names = {_package(a) for a in arrays if is_array(a) and not isinstance(a, np.generic)} or {"numpy"}
    if len(names) > 1:
        raise TypeError(f"arrays of {' and '.join(sorted(names))} meet; move one of them with .to('cpu') or .to('gpu')")
    return sys.modules[names.pop()]


def to(array, device: str):
    """The array on `device`: "cpu" (NumPy) or "gpu" (CuPy); itself when it is there already."""
    if device not in ("cpu", "gpu"):
        raise ValueError(f"device: got {device!r}, expected 'cpu' or 'gpu'")
    if device == "gpu":
        return _cupy().asarray(array)
    return array.get() if hasattr(array, "get") else np.asarray(array)


def as_array(x):
    """x as an array: what another library holds (PyTorch, JAX) in place, by DLPack; lists and numbers by NumPy's rules.

    TypeError, one line, where the memory cannot be shared.
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
    """x as it is if it is an array of ours, a number, or no array at all; the array of another library in place."""
    if is_array(x) or isinstance(x, type) or not (hasattr(x, "__dlpack_device__") or hasattr(x, "__array__")):
        return x
    array = as_array(x)
    if is_array(array) and array.dtype.kind not in "fiub":
        raise TypeError(f"a {type(x).__module__}.{type(x).__name__} of {array.dtype}, expected numbers")
    return array


def to_device_of(array, other):
    """A host array (of noise, of a batch) on the device of `other`."""
    owner = module(other)
    return array if owner is np else owner.asarray(array)


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
