"""A strict foreign array: plays CuPy on NumPy's memory, for tests on machines without a GPU.

`import foreign` gives a module that offers the names of real CuPy (`cupy_names.json`) and no others. Its `ndarray` is
no `numpy.ndarray`, refuses implicit conversion and mixing with CuPy's own errors, and counts kernel launches and host
synchronisations. `foreign.register()` makes tinygan accept it; `@pytest.mark.parametrize("xp", foreign.BACKENDS,
ids=foreign.IDS)` runs a test on both. Deviations from CuPy are stricter, unless a docstring states otherwise.
"""

import contextlib
import functools
import inspect
import itertools
import json
import sys
import types
from collections import namedtuple
from pathlib import Path

import numpy as np
from capture import Graph, Recording

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
OWN = {"BACKENDS", "IDS", "ForeignArray", "calls", "counting", "kernels", "launched", "launches", "register",
       "synchronisations", "to_backend", "to_host"}  # names that foreign has and CuPy lacks
SCALARS = (bool, int, float, complex)
DTYPES = "?bhilqBHILQefdFD"
NO_ARRAY_NEEDED = """arange array2string bartlett base_repr binary_repr blackman broadcast_shapes can_cast diag_indices
    empty eye full fromfunction get_printoptions hamming hanning identity indices isdtype isscalar issubdtype iterable
    kaiser linspace logspace mask_indices mintypecode ndim ones printoptions promote_types result_type set_printoptions
    shape size tri tril_indices triu_indices typename zeros"""
NOT_PLAYED = """broadcast c_ exceptions fft flatiter frombuffer fromfile fromiter fromstring from_dlpack genfromtxt load
    loadtxt mgrid ogrid poly1d polynomial r_ save savetxt savez savez_compressed testing typing vectorize"""
ON_HOST = "__bool__ __int__ __float__ __complex__ __bytes__ __repr__ __str__ __format__ tolist tobytes"
NO_LAUNCH = {"empty", "empty_like"}
CUBLAS = {"matmul", "dot", "tensordot", "einsum", "inner", "vdot"}  # except for vectors, which take a product and a sum
SYNCHRONISE = {"nonzero", "argwhere", "flatnonzero", "unique", "compress", "extract", "bincount"}
ARRAY_RESULT = {"allclose", "array_equal", "array_equiv", "count_nonzero"}  # NumPy gives a scalar, CuPy an array
BINARY = {"add": "add", "sub": "subtract", "mul": "multiply", "matmul": "matmul", "truediv": "true_divide",
          "floordiv": "floor_divide", "mod": "remainder", "divmod": "divmod", "pow": "power", "lshift": "left_shift",
          "rshift": "right_shift", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lt": "less",
          "le": "less_equal", "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal"}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}

launches = 0  # array calls that would start at least one kernel; CuPy may start several for one call
synchronisations = 0  # times the host would wait for the device
calls = {}  # path of a function of CuPy -> the forms in which it was called: the number of arguments, then keywords
kernels = {}  # name of an ElementwiseKernel, ReductionKernel or RawKernel -> the Python function that stands in for it


class CompileException(Exception):
    """A kernel does not compile."""


class CUDADriverError(RuntimeError):
    """A kernel cannot be launched."""


class CUDARuntimeError(RuntimeError):
    """A call of CUDA's runtime fails."""


class Stream:
    """A queue of the device, or the device: the host can wait for either. One can be captured (see `capture`)."""

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.ptr, self.is_non_blocking, self._recording = 0 if null else next(_pointers), non_blocking, None

    def __enter__(self):
        _streams.append(self)
        return self

    def __exit__(self, *error):
        _streams.pop()

    def synchronize(self):
        """Wait; while it is captured, this spoils the capture."""
        if self._recording:
            self._recording.valid = False
            raise CUDARuntimeError("cudaErrorStreamCaptureUnsupported: operation not permitted when stream is "
                                   "capturing")
        _count(synchronised=1)

    def is_capturing(self):
        """Whether launches are noted instead of made."""
        return self._recording is not None

    def begin_capture(self, mode=None):
        """From now on, launches on this stream are noted."""
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if not self.is_non_blocking or self._recording:
            raise CUDARuntimeError("cudaErrorStreamCaptureImplicit")  # CuPy refuses later: when the null is used
        self._recording = Recording()

    def end_capture(self):
        """The graph of the noted launches."""
        recording, self._recording = self._recording, None
        if recording is None:
            raise CUDARuntimeError("cudaErrorIllegalState: the operation cannot be performed in the present state")
        recording.undo()
        if not recording.valid:
            raise CUDARuntimeError("cudaErrorStreamCaptureInvalidated: operation failed due to a previous error")
        return Graph(recording, lambda: _count(launched=1))


class MemoryPool:
    """A pool of memory; freed memory stays in it."""

    def __init__(self, allocator=None):
        self._life = types.SimpleNamespace(alive=True)

    def __del__(self):
        self._life.alive = False

    def malloc(self, size):
        """Only marks the pool, for `using_allocator`."""
        raise NotImplementedError("foreign: pass it to using_allocator")


@contextlib.contextmanager
def using_allocator(allocator=None):
    """Inside, arrays get their memory from the pool whose `malloc` this is."""
    _pools.append(allocator.__self__._life)
    try:
        yield
    finally:
        _pools.pop()


class Device(namedtuple("Device", "id", defaults=[0])):
    """The pretended device, number 0."""

    synchronize = lambda self: _count(synchronised=1)
    __enter__ = lambda self: self
    __exit__ = lambda self, *error: None


_pointers, _pools = itertools.count(1000), [None]
Stream.null = Stream(null=True)
_streams = [Stream.null]
MemoryPointer = namedtuple("MemoryPointer", "ptr device")
Flags = namedtuple("Flags", "c_contiguous f_contiguous owndata")
Counts = namedtuple("Counts", "now")
Counts.launches = property(lambda self: self.now()[0])
Counts.synchronisations = property(lambda self: self.now()[1])


@contextlib.contextmanager
def counting():
    """Count launches and synchronisations from here on: `with counting() as counts: ...; counts.launches`."""
    start, end = (launches, synchronisations), []
    yield Counts(lambda: tuple(b - a for a, b in zip(start, end or (launches, synchronisations))))
    end[:] = launches, synchronisations


def _count(launched=0, synchronised=0):
    global launches, synchronisations
    if synchronised:
        _refuse_while_captured("so D2H transfers are disallowed")
    launches += launched
    synchronisations += synchronised


def _refuse_while_captured(why):
    if _streams[-1].is_capturing():
        raise RuntimeError(f"the current stream is capturing, {why}")


def launched(function):
    """Makes a launch that returns no arrays (a library's, which has only pointers); notes it under capture."""
    function()
    _count(launched=1)
    if recording := _streams[-1]._recording:
        recording.launched(lambda found: function(), [])


def _unwrap(value, inputs):
    """The NumPy arrays behind foreign ones, also in lists, tuples and dicts; a NumPy array is refused."""
    if isinstance(value, ndarray):
        inputs.append(value)
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if type(value) in (list, tuple):
        return type(value)(_unwrap(item, inputs) for item in value)
    if type(value) is dict:
        return {key: _unwrap(item, inputs) for key, item in value.items()}
    return value


def _wrap(value, inputs=(), fresh=None):
    """Turn NumPy's result into a foreign array: the input itself, a view of it, or an owner (then noted in `fresh`)."""
    if isinstance(value, (list, tuple)):
        items = [_wrap(item, inputs, fresh) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    for array in inputs:
        if array._array is value:
            return array
    wrapped = object.__new__(ndarray)
    wrapped._array = np.asarray(value)
    if wrapped._array.dtype.char not in DTYPES:
        raise TypeError(f"Unable to find C++ type for dtype {wrapped._array.dtype}")
    owners = (array for array in inputs if _root(array._array) is _root(wrapped._array))
    owner = next(owners, None)
    wrapped.base = owner if owner is None or owner.base is None else owner.base
    if owner is None and fresh is not None:
        fresh.append(wrapped)
    return wrapped


def _root(array):
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def _play(function, name, args, kwargs, launch=None):
    """Call a NumPy function on the memory of foreign arrays; count; floating-point warnings are silent, as on a GPU."""
    inputs, fresh, recording = [], [], _streams[-1]._recording
    args, kwargs = _unwrap(args, inputs), _unwrap(kwargs, inputs)
    _count(synchronised=name in SYNCHRONISE or (name == "where" and len(args) == 1))
    if recording:
        if name.removeprefix("cupy_") in CUBLAS and max((a.ndim for a in inputs), default=0) > 1:
            raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")
        if name in ("concatenate", "stack") and len(inputs) > 8:  # by a kernel that gets their addresses
            _refuse_while_captured("so H2D transfers are disallowed")
        recording.touched([a._array for a in inputs])

    def call(found):
        with np.errstate(all="ignore"):
            result = function(*args, **kwargs)
        return _wrap(np.asarray(result) if name in ARRAY_RESULT else result, inputs, found)

    wrapped = call(fresh)
    if launch is None:
        launch = name not in NO_LAUNCH and (fresh or wrapped is None or kwargs.get("out") is not None)
    launch = launch and any(a._array.size for a in fresh or inputs)  # empty arrays need no kernel
    _count(bool(launch))
    if recording:
        for new in fresh:
            recording.allocated(new._array, _pools[-1])
        if launch:
            recording.launched(call, fresh)
    return wrapped


@functools.cache
def _signature(path):
    """CuPy's signature of the function at `path`, None where it is unknown."""
    text = NAMES["signatures"].get(path)
    return None if text is None else inspect.signature(eval(f"lambda {text}: None"))


def _bind(path, args, kwargs):
    """Refuse arguments that CuPy's function does not take, and note the form of the call."""
    form = (len(args), *sorted(kwargs))
    if form not in calls.setdefault(path, set()):
        if signature := _signature(path):
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{path}(): {error}") from None
        calls[path].add(form)


def _function(path, host, needs_array):
    """The function of CuPy at `path`, played by NumPy's `host`."""
    name = path.rpartition(".")[2]

    @functools.wraps(host)
    def played(*args, **kwargs):
        _bind(path, args, kwargs)
        first, found = args[1:] if name == "einsum" and args else args[:1] or tuple(kwargs.values())[:1], []
        _unwrap(first, found)
        if needs_array and not found:
            raise TypeError(f"{path}: {type(first[0] if first else None)} is no array of this module")
        if found and any(type(item) in (list, tuple) and len(item) != len(found) for item in first):
            raise TypeError("Only cupy arrays can be concatenated")
        return _play(host, name, args, kwargs)

    return played


def _reduction(method, add, multiply):
    """A method of `ufunc` that CuPy has for `add` and `multiply` only."""

    def reduction(self, array, axis=0, **kwargs):
        names = {"cupy_add": add, "cupy_multiply": multiply}
        if self.name not in names:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported yet")
        return getattr(array, names[self.name])(axis, **kwargs)

    return reduction


class ufunc:  # noqa: N801
    """A universal function: operands are foreign arrays or scalars, keywords only out, dtype and casting."""

    def __init__(self, name):
        self.host = getattr(np, name)
        self.name, self.nin, self.nout, self.nargs = f"cupy_{name}", self.host.nin, self.host.nout, self.host.nargs

    def __call__(self, *args, **kwargs):
        if kwargs.keys() - {"out", "dtype", "casting"} and self.name != "cupy_matmul":
            raise TypeError(f"Wrong arguments {kwargs}")
        _bind(self.name.replace("_", ".", 1), args, kwargs)
        for x in (*args, kwargs.get("out")):
            if not (x is None or isinstance(x, (ndarray, np.generic)) or type(x) in SCALARS or type(x) is tuple):
                raise TypeError(f"Unsupported type {type(x)}")
        return _play(self.host, self.name, args, kwargs, launch=True)

    def at(self, a, indices, b=None):
        """Scatter in place. CuPy has no int64 here; of repeated indices it adds in any order."""
        if self.name not in ("cupy_add", "cupy_maximum", "cupy_minimum"):
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.char not in "iILQfd" + "e" * (self.name == "cupy_add"):
            raise TypeError(f"scatter_{self.name[5:8]} only supports int32, float32, float64, uint32, uint64")
        _play(lambda x, y: self.host.at(x, a._index(indices)[0], y), "at", (a, b), {})

    reduce = _reduction("reduce", "sum", "prod")
    accumulate = _reduction("accumulate", "cumsum", "cumprod")


class ndarray:  # noqa: N801
    """An array on the pretended device; most methods and all operators are added below from CuPy's list of names."""

    __slots__ = ("_array", "base")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float):
        self._array, self.base = _wrap(np.zeros(shape, dtype))._array, None

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. "
                        "Please use `.get()` to construct a NumPy array explicitly.")

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        function = getattr(getattr(THIS, function.__name__, None), method, None)
        known = all(isinstance(x, (ndarray, np.ndarray, np.generic)) or type(x) in SCALARS for x in inputs)
        return function(*inputs, **kwargs) if function and known else NotImplemented

    def __array_function__(self, function, kinds, args, kwargs):
        path = [*function.__module__.split(".")[1:], function.__name__]
        function = functools.reduce(lambda space, name: getattr(space, name, None), path, THIS)
        known = all(issubclass(kind, (ndarray, np.ndarray)) for kind in kinds)
        return function(*args, **kwargs) if function and known else NotImplemented

    def get(self, stream=None, order="C", out=None, blocking=True):
        """A copy on the host; the host waits."""
        _refuse_while_captured("so D2H transfers are disallowed")
        _count(synchronised=1)
        if out is None:
            return self._array.copy(order)
        out[...] = self._array
        return out

    def set(self, array, stream=None):
        """Copy a NumPy array of the same shape and dtype into this one."""
        if not isinstance(array, np.ndarray) or (array.dtype, array.shape) != (self.dtype, self.shape):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray, of its shape and dtype")
        _refuse_while_captured("so H2D transfers are disallowed")
        self._array[...] = array

    def item(self):
        """The only element, on the host."""
        return self.get().item()

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    device = property(lambda self: Device(0))
    data = property(lambda self: MemoryPointer(self._array.__array_interface__["data"][0], Device(0)))

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
        for i, item in enumerate(items):
            if isinstance(item, (list, tuple, np.ndarray)):
                _refuse_while_captured("so H2D transfers are disallowed")
            if isinstance(item, (list, tuple, ndarray)):
                items[i] = np.asarray(_unwrap(item, []))
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
        _count(synchronised=self._index(index)[2] > 0)
        return _play(lambda array: array[self._index(index)[0]], "getitem", (self,), {})

    def __setitem__(self, index, value):
        """Write; the value is a foreign array or a scalar. (With index arrays CuPy would take a NumPy array too.)"""
        _count(synchronised=self._index(index)[2] > 0)
        if isinstance(value, np.ndarray) and value.ndim:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        if not isinstance(value, (ndarray, np.ndarray, np.generic)) and type(value) not in SCALARS:
            raise TypeError(f"Unsupported type {type(value)}")
        value = value[()] if isinstance(value, np.ndarray) else value
        _play(lambda array, value: array.__setitem__(self._index(index)[0], value), "setitem", (self, value), {}, True)

    def take(self, indices, axis=None, out=None):
        """Elements along an axis; indices out of range wrap, and may be a NumPy array or a list."""
        indices = indices if isinstance(indices, ndarray) or np.isscalar(indices) else asarray(indices, dtype=int)
        return _play(np.take, "take", (self, indices), {"axis": axis, "out": out, "mode": "wrap"})


def _binary(op, name):
    host, played = getattr(np, name), ufunc(name)

    def forward(self, other, modulo=None):
        if isinstance(other, ndarray):
            return played(self, other)
        if hasattr(other, "__array_ufunc__"):
            defer = other.__array_ufunc__ is None
        else:
            defer = getattr(other, "__array_priority__", 0) > self.__array_priority__
        if defer:
            return NotImplemented
        if op in ("eq", "ne") and (other is None or type(other).__eq__ is object.__eq__):
            return THIS.full(self.shape, op == "ne")
        return host(self, other)

    return {f"__{op}__": forward, f"__r{op}__": lambda self, other: host(other, self),
            f"__i{op}__": lambda self, other: played(self, other, self)}


def _method(name):
    def method(self, *args, **kwargs):
        _bind(f"cupy.ndarray.{name}", args, kwargs)
        return _play(getattr(np.ndarray, name), name, (self, *args), kwargs)

    return method


def _on_host(name):
    return lambda self, *args: getattr(self.get(), name)(*args)


def _not_played(path):
    raise NotImplementedError(f"CuPy has {path}, but tests/support/foreign.py does not play it yet")


def _fill_class():
    for op, name in BINARY.items():
        for dunder, function in _binary(op, name).items():
            if dunder in NAMES["cupy.ndarray"]:
                setattr(ndarray, dunder, function)
    for op, name in UNARY.items():
        setattr(ndarray, f"__{op}__", functools.partialmethod(lambda self, played: played(self), ufunc(name)))
    for name in ON_HOST.split():
        setattr(ndarray, name, _on_host(name))
    for name in set(NAMES["cupy.ndarray"]) - set(dir(ndarray)):
        host = getattr(np.ndarray, name, None)
        if name.startswith("__"):
            continue
        if isinstance(host, types.GetSetDescriptorType) and name != "flat":
            setattr(ndarray, name, property(lambda self, get=host.__get__, name=name: _play(get, name, (self,), {})))
        elif callable(host):
            setattr(ndarray, name, _method(name))
        else:
            setattr(ndarray, name, property(lambda self, name=name: _not_played(f"cupy.ndarray.{name}")))


def _create(name, a, *args, **kwargs):
    """Make a foreign array of anything; data on the host is copied, and the copy counts as a launch."""
    _bind(f"cupy.{name}", (a, *args), kwargs)
    kwargs.pop("blocking", None)
    found, host = [], getattr(np, name)
    if not isinstance(a, np.ndarray):
        with contextlib.suppress(TypeError):  # a list of NumPy arrays
            _unwrap(a, found)
    if found:
        return _play(host, name, (a, *args), kwargs)
    _refuse_while_captured("so H2D transfers are disallowed")
    return _play(lambda: np.array(host(a, *args, **kwargs)), name, (), {})


def array(obj, *args, **kwargs):
    """A new foreign array."""
    return _create("array", obj, *args, **kwargs)


asarray = functools.partial(_create, "asarray")


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A copy on the host."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)


def get_array_module(*args):
    """This module if any argument is a foreign array, else NumPy."""
    return THIS if any(isinstance(a, ndarray) for a in args) else np


class Kernel:
    """A kernel in CUDA C, which cannot run here: the stand-in from `kernels` gets the arguments as NumPy arrays."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        if self.name not in kernels:
            raise RuntimeError(f"foreign cannot run CUDA: register foreign.kernels[{self.name!r}] = python_function")
        return _play(kernels[self.name], self.name, args, kwargs, launch=True)


def _kernel_class(kind, position, default=None):
    def make(*args, name=default, **kwargs):
        _bind(f"cupy.{kind}", args, kwargs if name is default else {**kwargs, "name": name})
        return Kernel(args[position] if len(args) > position else name)
    return make


def fuse(function=None, **kwargs):
    """The function as it is, counted as one launch; inside it nothing may wait for the device."""
    if not callable(function):
        return fuse

    @functools.wraps(function)
    def fused(*args):
        if get_array_module(*args) is np:
            return function(*args)
        with counting() as counts:
            result = function(*args)
        if counts.synchronisations:
            raise TypeError(f"{function.__name__}: no host synchronisation inside cupy.fuse")
        _count(launched=1 - counts.launches)
        return result

    return fused


def _random(path, host):
    def draw(*args, dtype=None, **kwargs):
        def drawn(*args, **kwargs):
            values = host(*args, **kwargs)
            return values if dtype is None else np.asarray(values).astype(dtype, copy=False)

        _bind(path, args, kwargs if dtype is None else {**kwargs, "dtype": dtype})
        return _play(drawn, path, args, kwargs)

    return draw


class Generator:
    """A random generator with the methods of CuPy's only; it draws NumPy's numbers, not CuPy's."""

    def __init__(self, seed=None):
        host = np.random.default_rng(seed)
        for name in NAMES["cupy.random.Generator"]:
            if not name.startswith("__"):
                setattr(self, name, _random(f"cupy.random.Generator.{name}", getattr(host, name)))


class Strict(types.ModuleType):
    """A module that offers CuPy's names only."""

    def __getattribute__(self, name):
        if name.startswith("__"):
            return super().__getattribute__(name)
        inside = super().__getattribute__("__dict__")
        if name in inside["_offered"] or name in OWN & inside.keys():
            return inside["_offered"].get(name, inside.get(name))
        if name in NAMES[inside["_path"]]:
            _not_played(f"{inside['_path']}.{name}")
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self):
        return sorted({*self.__dict__["_offered"], *(OWN & self.__dict__.keys())})


def _offer(path, host, **played):
    """The objects behind the names of CuPy at `path`: `played`, else NumPy's constants, dtypes and functions."""
    for name in set(NAMES[path]) - set(NOT_PLAYED.split()) - played.keys():
        value = getattr(host, name, None)
        if isinstance(value, np.ufunc):
            played[name] = ufunc(name)
        elif isinstance(value, type) or not callable(value):
            if hasattr(host, name) and not isinstance(value, types.ModuleType):
                played[name] = value
        else:
            played[name] = _function(f"{path}.{name}", value, name not in NO_ARRAY_NEEDED.split())
    return played


def _space(path, offered):
    module = Strict(path.replace("cupy", "foreign", 1))
    module.__dict__.update(_path=path, _offered=offered)
    return module


def register():
    """Let tinygan accept foreign arrays."""
    from tinygan import backend

    backend.ARRAY_MODULES.add("foreign")


def to_backend(xp, array):
    """The NumPy array as an array of module `xp`."""
    return xp.asarray(array)


def to_host(array):
    """The array, foreign or NumPy's, as a NumPy array."""
    return asnumpy(array)


_fill_class()
THIS = sys.modules["foreign"] = sys.modules[__name__]
ForeignArray, ndarray.__module__ = ndarray, "foreign"
_legacy = np.random.RandomState()
_draws = {name: _random(f"cupy.random.{name}", getattr(_legacy, name)) for name in NAMES["cupy.random"]
          if callable(getattr(_legacy, name, None))}
_tricks = _space("cupy.lib.stride_tricks", _offer("cupy.lib.stride_tricks", np.lib.stride_tricks))
_path, _offered = "cupy", _offer(
    "cupy", np, ndarray=ndarray, ufunc=ufunc, array=array, asarray=asarray, asnumpy=asnumpy, fuse=fuse,
    **{name: functools.partial(_create, name) for name in ("asanyarray", "ascontiguousarray", "asfortranarray")},
    get_array_module=get_array_module, is_available=lambda: True, memoize=lambda for_each_device=False: functools.cache,
    ElementwiseKernel=_kernel_class("ElementwiseKernel", 3, "kernel"),
    ReductionKernel=_kernel_class("ReductionKernel", 6, "reduce_kernel"), RawKernel=_kernel_class("RawKernel", 1),
    lib=types.SimpleNamespace(stride_tricks=_tricks),
    linalg=_space("cupy.linalg", _offer("cupy.linalg", np.linalg)),
    random=_space("cupy.random", {**_draws, "Generator": Generator, "default_rng": Generator}),
    cuda=_space("cupy.cuda", {"Device": Device, "Stream": Stream, "get_current_stream": lambda: _streams[-1],
                              "compiler": types.SimpleNamespace(CompileException=CompileException),
                              "driver": types.SimpleNamespace(CUDADriverError=CUDADriverError),
                              "Graph": Graph, "MemoryPool": MemoryPool, "using_allocator": using_allocator,
                              "is_available": lambda: True, "get_device_id": lambda: 0}))
BACKENDS, IDS = [np, THIS], ["numpy", "foreign"]
THIS.__class__ = Strict
