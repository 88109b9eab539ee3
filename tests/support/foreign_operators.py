"""Universal functions, operators and methods of the foreign array, from CuPy's list of names.

Operands are foreign arrays or scalars. An operator leaves its work to the other operand as CuPy's does, by
`__array_ufunc__` and `__array_priority__`.
"""
import functools
import sys
import types

import numpy as np
from foreign_array import SCALARS, call_host, ndarray
from foreign_calls import NAMES, bind, not_played

ON_HOST = "__bool__ __int__ __float__ __complex__ __bytes__ __repr__ __str__ __format__ tolist tobytes"
BINARY = {"add": "add", "sub": "subtract", "mul": "multiply", "matmul": "matmul", "truediv": "true_divide",
          "floordiv": "floor_divide", "mod": "remainder", "divmod": "divmod", "pow": "power", "lshift": "left_shift",
          "rshift": "right_shift", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lt": "less",
          "le": "less_equal", "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal"}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}


# --- universal functions ---

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
        bind(self.name.replace("_", ".", 1), args, kwargs)
        for x in (*args, kwargs.get("out")):
            if not (x is None or isinstance(x, (ndarray, np.generic)) or type(x) in SCALARS or type(x) is tuple):
                raise TypeError(f"Unsupported type {type(x)}")
        return call_host(self.host, self.name, args, kwargs, launch=True)

    def at(self, a, indices, b=None):
        """Scatter in place. CuPy has no int64 here; of repeated indices it adds in any order."""
        if self.name not in ("cupy_add", "cupy_maximum", "cupy_minimum"):
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.char not in "iILQfd" + "e" * (self.name == "cupy_add"):
            raise TypeError(f"scatter_{self.name[5:8]} only supports int32, float32, float64, uint32, uint64")
        call_host(lambda x, y: self.host.at(x, a._index(indices)[0], y), "at", (a, b), {})

    reduce = _reduction("reduce", "sum", "prod")
    accumulate = _reduction("accumulate", "cumsum", "cumprod")


# --- operators and methods ---

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
            return sys.modules["foreign"].full(self.shape, op == "ne")
        return host(self, other)

    return {f"__{op}__": forward, f"__r{op}__": lambda self, other: host(other, self),
            f"__i{op}__": lambda self, other: played(self, other, self)}


def _method(name):
    def method(self, *args, **kwargs):
        bind(f"cupy.ndarray.{name}", args, kwargs)
        return call_host(getattr(np.ndarray, name), name, (self, *args), kwargs)

    return method


def _on_host(name):
    return lambda self, *args: getattr(self.get(), name)(*args)


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
            get = functools.partial(call_host, host.__get__, name)
            setattr(ndarray, name, property(lambda self, get=get: get((self,), {})))
        elif callable(host):
            setattr(ndarray, name, _method(name))
        else:
            setattr(ndarray, name, property(lambda self, name=name: not_played(f"cupy.ndarray.{name}")))


_fill_class()
