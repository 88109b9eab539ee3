"""Arrays and the machine they live on: NumPy on the host, CuPy on the device.

There is no global switch. The array module of an array is the package its type comes from, so the data decide; and a
NumPy function called on a CuPy array is handed over to CuPy by NumPy itself, so most code needs no `module` at all.
"""
from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
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


def to_device_of(array, other):
    """A host array (of noise, of a batch) on the device of `other`."""
    owner = module(other)
    return array if owner is np else owner.asarray(array)


def broadcast_copy(x, shape, over=1):
    """x / over repeated to `shape`; a copy, which for small arrays is faster than a view."""
    if over != 1 and module(x) is not np:
        return module(x).broadcast_to(x, shape) / over
    out = np.empty_like(x, shape=shape)
    out[...] = x if over == 1 else x / over
    return out


_multiply: Callable | None = None


def matmul(a, b):
    """a @ b, of arrays or Tensors; inside `with using_matmul(f)` it is f(a, b)."""
    if _multiply is not None:
        return _multiply(a, b)
    if a.shape[-1] == 1 and a.ndim == b.ndim == 2:  # column times row: nothing to add up, which BLAS is slow at
        return a * b
    return a @ b


@contextmanager
def using_matmul(f: Callable):
    """Matrix products by another library: f(a, b) is called for all of them, and may leave some to a @ b."""
    global _multiply
    before, _multiply = _multiply, f
    try:
        yield
    finally:
        _multiply = before


def cache_blocks(*vectors):
    """The vectors block by block, side by side: small enough to stay in the cache through several passes.

    On a device they come whole: there a pass is a launch, and few are better.
    """
    size = 1 << 16 if isinstance(vectors[0], np.ndarray) else len(vectors[0]) or 1
    for start in range(0, len(vectors[0]), size):
        yield [v[start:start + size] for v in vectors]


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
