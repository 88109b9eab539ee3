"""The array of the foreign module: NumPy's memory behind CuPy's rules.

No implicit conversion, no mixing with NumPy's arrays, results of reductions and of indices are arrays, indices out of
range wrap, views know their owner. `foreign_operators.py` adds the operators and the methods that are NumPy's own.
"""
import contextlib
import functools
import itertools
import sys
from collections import namedtuple

import numpy as np
from foreign_calls import bind, bind_class, count
from foreign_cuda import DEVICE, current_pool, recording, refuse_while_captured, wait

SCALARS = (bool, int, float, complex)
DTYPES = "?bhilqBHILQefdFD"
NO_LAUNCH = {"empty", "empty_like"}
CUBLAS = {"matmul", "dot", "tensordot", "einsum", "inner", "vdot"}  # except for vectors, which take a product and a sum
SYNCHRONISE = {"nonzero", "argwhere", "flatnonzero", "unique", "compress", "extract", "bincount"}
ARRAY_RESULT = {"allclose", "array_equal", "array_equiv", "count_nonzero"}  # NumPy gives a scalar, CuPy an array

MemoryPointer = namedtuple("MemoryPointer", "ptr device")
Flags = namedtuple("Flags", "c_contiguous f_contiguous owndata")


# --- NumPy's memory ---

def unwrap(value, inputs):
    """The NumPy arrays behind foreign ones, also in lists, tuples and dicts; a NumPy array is refused."""
    kind = type(value)
    if kind is ndarray:
        inputs.append(value)
        return value._array
    if kind is tuple or kind is list:
        return kind([unwrap(item, inputs) for item in value])
    if kind is dict:
        return {key: unwrap(item, inputs) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {kind}")
    return value


def wrap(value, inputs=(), fresh=None):
    """Turn NumPy's result into a foreign array: the input itself, a view of it, or an owner (then noted in `fresh`)."""
    if isinstance(value, (list, tuple)):
        items = [wrap(item, inputs, fresh) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    for array in inputs:
        if array._array is value:
            return array
    wrapped = object.__new__(ndarray)
    wrapped._array = value = np.asarray(value)
    if value.dtype.char not in DTYPES:
        raise TypeError(f"Unable to find C++ type for dtype {value.dtype}")
    if not value.dtype.isnative:  # CuPy allows it for a view only, and then reads the wrong numbers
        raise ValueError(f"Unsupported dtype {value.dtype} with big-endian byte-order")
    owner = None
    if value.base is not None:  # perhaps a view of an input
        owner = next((array for array in inputs if _root(array._array) is _root(value)), None)
    wrapped.base = owner if owner is None or owner.base is None else owner.base
    if owner is None and fresh is not None:
        fresh.append(wrapped)
    return wrapped


def _module():
    return sys.modules["foreign"]


def _root(array):
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def call_host(function, name, args, kwargs, launch=None):
    """Call a NumPy function on the memory of foreign arrays; count; floating-point warnings are silent, as on a GPU."""
    inputs, fresh, noted = [], [], recording()
    args, kwargs = unwrap(args, inputs), unwrap(kwargs, inputs)
    if name in SYNCHRONISE or (name == "where" and len(args) == 1):
        wait()
    if noted:
        if name.removeprefix("cupy_") in CUBLAS and max((a.ndim for a in inputs), default=0) > 1:
            raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")
        if name in ("concatenate", "stack") and len(inputs) > 8:  # by a kernel that gets their addresses
            refuse_while_captured("so H2D transfers are disallowed")
        noted.touched([a._array for a in inputs])

    def call(found):
        with np.errstate(all="ignore"):
            result = function(*args, **kwargs)
        return wrap(np.asarray(result) if name in ARRAY_RESULT else result, inputs, found)

    wrapped = call(fresh)
    if launch is None:
        launch = name not in NO_LAUNCH and (fresh or wrapped is None or kwargs.get("out") is not None)
    launch = launch and any(a._array.size for a in fresh or inputs)  # empty arrays need no kernel
    count(bool(launch))
    if noted:
        for new in fresh:
            noted.allocated(new._array, current_pool())
        if launch:
            noted.launched(call, fresh)
    return wrapped


# --- the array ---

class ndarray:  # noqa: N801
    """An array on the pretended device; most methods and all operators are added in `foreign_operators.py`."""

    __module__ = "foreign"  # by which tinygan finds the functions for an array
    __slots__ = ("_array", "base")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float):
        self._array, self.base = wrap(np.zeros(shape, dtype))._array, None

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. "
                        "Please use `.get()` to construct a NumPy array explicitly.")

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        function = getattr(getattr(_module(), function.__name__, None), method, None)
        known = all(isinstance(x, (ndarray, np.ndarray, np.generic)) or type(x) in SCALARS for x in inputs)
        return function(*inputs, **kwargs) if function and known else NotImplemented

    def __array_function__(self, function, kinds, args, kwargs):
        path = [*function.__module__.split(".")[1:], function.__name__]
        function = functools.reduce(lambda space, name: getattr(space, name, None), path, _module())
        known = all(issubclass(kind, (ndarray, np.ndarray)) for kind in kinds)
        return function(*args, **kwargs) if function and known else NotImplemented

    def get(self, stream=None, order="C", out=None, blocking=True):
        """A copy on the host; the host waits."""
        wait()
        if out is None:
            return self._array.copy(order)
        out[...] = self._array
        return out

    def set(self, arr, stream=None):
        """Copy a NumPy array of the same shape and dtype into this one."""
        if not isinstance(arr, np.ndarray) or (arr.dtype, arr.shape) != (self.dtype, self.shape):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray, of its shape and dtype")
        refuse_while_captured("so H2D transfers are disallowed")
        self._array[...] = arr

    def item(self):
        """The only element, on the host."""
        return self.get().item()

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    nbytes = property(lambda self: self._array.nbytes)
    itemsize = property(lambda self: self._array.itemsize)
    strides = property(lambda self: self._array.strides)
    device = property(lambda self: DEVICE)
    data = property(lambda self: MemoryPointer(self._array.__array_interface__["data"][0], DEVICE))

    @property
    def flags(self):
        """Contiguity and ownership; read-only, and there is no `writeable`."""
        return Flags(self._array.flags.c_contiguous, self._array.flags.f_contiguous, self.base is None)

    __copy__ = lambda self: self.copy()
    __deepcopy__ = lambda self, memo: self.copy()
    __reduce__ = lambda self: (array, (self.get(),))
    __len__ = lambda self: len(self._array)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def _index(self, index):
        """NumPy's index for CuPy's, how many index arrays and how many masks it has; indices out of range wrap."""
        items = list(index) if isinstance(index, tuple) else [index]
        if not any(isinstance(item, (list, tuple, ndarray, np.ndarray)) for item in items):
            whole = () if any(item is Ellipsis for item in items) else (Ellipsis,)  # with it NumPy gives a view
            return (*items, *whole), 0, 0
        for i, item in enumerate(items):
            if isinstance(item, (list, tuple, np.ndarray)):
                refuse_while_captured("so H2D transfers are disallowed")
            if isinstance(item, (list, tuple, ndarray)):
                items[i] = np.asarray(unwrap(item, []))
                if items[i].size == 0 and not isinstance(item, ndarray):
                    items[i] = items[i].astype(int)
        arrays = [item for item in items if isinstance(item, np.ndarray)]
        masks = [item for item in arrays if item.dtype == bool]
        taken = [0 if item is None or item is Ellipsis else item.ndim if any(item is m for m in masks) else 1
                 for item in items]
        if not any(item is Ellipsis for item in items):
            items, taken = [*items, Ellipsis], [*taken, 0]
        taken = [self.ndim - sum(taken) if item is Ellipsis else n for item, n in zip(items, taken)]
        for i, (item, axis) in enumerate(zip(items, itertools.accumulate([0, *taken]))):
            if isinstance(item, np.ndarray) and item.dtype.kind in "iu" and 0 <= axis < self.ndim:
                items[i] = item.astype(np.intp) % max(self.shape[axis], 1)
        return tuple(items), len(arrays), len(masks)

    def __getitem__(self, index):
        """A view, or a copy where an index is an array, even a NumPy array, which CuPy moves to the device itself."""
        places, arrays, masks = self._index(index)
        if masks:
            wait()
        if arrays:  # a recorded call reads their elements each time
            return call_host(lambda array: array[self._index(index)[0]], "getitem", (self,), {})
        return call_host(lambda array: array[places], "getitem", (self,), {})

    def __setitem__(self, index, value):
        """Write; the value is a foreign array or a scalar. (With index arrays CuPy would take a NumPy array too.)"""
        if self._index(index)[2]:
            wait()
        if isinstance(value, np.ndarray) and value.ndim:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        if not isinstance(value, (ndarray, np.ndarray, np.generic)) and type(value) not in SCALARS:
            raise TypeError(f"Unsupported type {type(value)}")
        value = value[()] if isinstance(value, np.ndarray) else value
        call_host(lambda array, value: array.__setitem__(self._index(index)[0], value), "setitem", (self, value), {},
                  launch=True)

    def take(self, indices, axis=None, out=None):
        """Elements along an axis; indices out of range wrap, and may be a NumPy array or a list."""
        indices = indices if isinstance(indices, ndarray) or np.isscalar(indices) else asarray(indices, dtype=int)
        return call_host(np.take, "take", (self, indices), {"axis": axis, "out": out, "mode": "wrap"})


# --- arrays of anything ---

def create(name, a, *args, **kwargs):
    """Make a foreign array of anything; data on the host is copied, and the copy counts as a launch."""
    bind(f"cupy.{name}", (a, *args), kwargs)
    kwargs.pop("blocking", None)
    found, host = [], getattr(np, name)
    if not isinstance(a, np.ndarray):
        with contextlib.suppress(TypeError):  # a list of NumPy arrays
            unwrap(a, found)
    if found:
        return call_host(host, name, (a, *args), kwargs)
    refuse_while_captured("so H2D transfers are disallowed")
    made = np.array(host(a, *args, **kwargs))
    return call_host(lambda: made.astype(made.dtype.newbyteorder("="), copy=False), name, (), {})


def array(obj, *args, **kwargs):
    """A new foreign array."""
    return create("array", obj, *args, **kwargs)


bind_class("cupy.ndarray", ndarray)
array.__module__ = "foreign"  # where a pickled array finds it
asarray = functools.partial(create, "asarray")
