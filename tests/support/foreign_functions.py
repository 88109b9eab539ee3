"""Functions of the foreign module: NumPy's by CuPy's rules, kernels in CUDA C, and random numbers."""
import functools
import sys

import numpy as np
from foreign_array import call_host, ndarray, unwrap
from foreign_calls import NAMES, bind, count, counting

kernels = {}  # name of an ElementwiseKernel, ReductionKernel or RawKernel -> the Python function that stands in for it
NO_ARRAY_NEEDED = """arange array2string bartlett base_repr binary_repr blackman broadcast_shapes can_cast diag_indices
    empty eye full fromfunction get_printoptions hamming hanning identity indices isdtype isscalar issubdtype iterable
    kaiser linspace logspace mask_indices mintypecode ndim ones printoptions promote_types result_type set_printoptions
    shape size tri tril_indices triu_indices typename zeros"""


def function(path, host, needs_array):
    """The function of CuPy at `path`, played by NumPy's `host`."""
    name = path.rpartition(".")[2]

    @functools.wraps(host)
    def played(*args, **kwargs):
        bind(path, args, kwargs)
        first, found = args[1:] if name == "einsum" and args else args[:1] or tuple(kwargs.values())[:1], []
        unwrap(first, found)
        if needs_array and not found:
            raise TypeError(f"{path}: {type(first[0] if first else None)} is no array of this module")
        if found and any(type(item) in (list, tuple) and len(item) != len(found) for item in first):
            raise TypeError("Only cupy arrays can be concatenated")
        return call_host(host, name, args, kwargs)

    return played


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A copy on the host."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)


def get_array_module(*args):
    """This module if any argument is a foreign array, else NumPy."""
    return sys.modules["foreign"] if any(isinstance(a, ndarray) for a in args) else np


# --- kernels ---

class Kernel:
    """A kernel in CUDA C, which cannot run here: the stand-in from `kernels` gets the arguments as NumPy arrays."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        if self.name not in kernels:
            raise RuntimeError(f"foreign cannot run CUDA: register foreign.kernels[{self.name!r}] = python_function")
        return call_host(kernels[self.name], self.name, args, kwargs, launch=True)


def kernel_class(kind, position, default=None):
    """The class `kind` of CuPy, whose argument at `position` is the name of the kernel."""
    def make(*args, name=default, **kwargs):
        bind(f"cupy.{kind}", args, kwargs if name is default else {**kwargs, "name": name})
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
        count(launched=1 - counts.launches)
        return result

    return fused


# --- random numbers ---

def drawing(path, host):
    """The function or method of CuPy at `path` that draws random numbers, by NumPy's `host`."""
    def draw(*args, dtype=None, **kwargs):
        def drawn(*args, **kwargs):
            values = host(*args, **kwargs)
            return values if dtype is None else np.asarray(values).astype(dtype, copy=False)

        bind(path, args, kwargs if dtype is None else {**kwargs, "dtype": dtype})
        return call_host(drawn, path, args, kwargs)

    return draw


class Generator:
    """A random generator with the methods of CuPy's only; it draws NumPy's numbers, not CuPy's."""

    def __init__(self, seed=None):
        host = np.random.default_rng(seed)
        for name in NAMES["cupy.random.Generator"]:
            if not name.startswith("__"):
                setattr(self, name, drawing(f"cupy.random.Generator.{name}", getattr(host, name)))
