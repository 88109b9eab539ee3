"""Operators and methods of class Tensor, and Tensors as inputs of NumPy's functions.

`np.asarray(x)` gives the values of a Tensor. NumPy's functions compute on these values, so their results have no
derivative. With requires_grad=True this is an error that names tinygan's function.
"""
from __future__ import annotations

import numpy as np

from tinygan.ops import elementwise, linear, power, reduce, shape
from tinygan.ops.registry import OPS, unwrap
from tinygan.tensor import Tensor, record


def _shape_arguments(f):
    """A method that takes x.reshape(2, 3) and x.transpose(1, 0) as well as x.reshape((2, 3)), as in NumPy."""
    def method(x, *entries):
        return f(x, entries[0] if len(entries) == 1 and not isinstance(entries[0], int) else entries or None)
    return method


OPERATORS = {
    "__add__": elementwise.add, "__radd__": lambda x, other: elementwise.add(other, x),
    "__sub__": elementwise.sub, "__rsub__": lambda x, other: elementwise.sub(other, x),
    "__mul__": elementwise.mul, "__rmul__": lambda x, other: elementwise.mul(other, x),
    "__truediv__": elementwise.div, "__rtruediv__": lambda x, other: elementwise.div(other, x),
    "__pow__": power.pow, "__rpow__": lambda x, other: power.pow(other, x),
    "__matmul__": linear.matmul, "__rmatmul__": lambda x, other: linear.matmul(other, x),
    "__neg__": elementwise.neg, "__abs__": elementwise.abs, "__getitem__": shape.getitem,
    "sum": reduce.sum, "mean": reduce.mean, "var": reduce.var, "std": reduce.std, "max": reduce.max, "min": reduce.min,
    "reshape": _shape_arguments(shape.reshape), "transpose": _shape_arguments(shape.transpose),
    "T": property(shape.transpose),
}
for _name, _function in OPERATORS.items():
    setattr(Tensor, _name, _function)

# Comparisons give bare arrays of bools, which have no derivative.
for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
    def _compare(x, other, _name=_name):
        return getattr(x.data, _name)(unwrap(other))
    setattr(Tensor, _name, _compare)
Tensor.__hash__ = object.__hash__  # type: ignore[method-assign]  # tensors are dictionary keys by identity


def _astype(x, dtype):
    """The values in another dtype; its adjoint converts back. Integers have no derivative."""
    value = x.data.astype(dtype)
    return record(value, (x, lambda g, y, x: g.astype(x.dtype))) if value.dtype.kind == "f" else Tensor(value)


_OF_PYTORCH = {"backward": "tg.grad(loss, network.parameters())", "grad": "tg.grad(loss, network.parameters())",
               "cuda": 'x.to("gpu")', "cpu": 'x.to("cpu")', "view": "x.reshape(shape)"}


def _missing(x, name):
    """Refuses an attribute that a Tensor does not have, with tinygan's word for it."""
    own = _OF_PYTORCH.get(name, f"tg.{name}(x)" if name in OPS else "")
    raise AttributeError(f"Tensor has no attribute {name!r}" + (own and f"; write {own}"), name=name, obj=x)


Tensor.__getattr__ = _missing  # type: ignore[attr-defined]


# --- NumPy's functions ---

_ARITHMETIC = {np.add: elementwise.add, np.subtract: elementwise.sub, np.multiply: elementwise.mul,
               np.divide: elementwise.div, np.power: power.pow, np.matmul: linear.matmul}  # array + tensor
_BY_NAME = {"add": "a + b", "subtract": "a - b", "multiply": "a * b", "divide": "a / b", "power": "a ** b",
            "absolute": "abs", "negative": "-x", "positive": "x", "square": "x * x", "logaddexp": "softplus",
            "ravel": "x.reshape(-1)", "dot": "a @ b"}
_WITHOUT_DERIVATIVE = {"allclose", "argmax", "argmin", "argsort", "array2string", "array_equal", "array_repr",
                       "array_str", "ceil", "equal", "floor", "full_like", "greater", "greater_equal", "isclose",
                       "isfinite", "isinf", "isnan", "less", "less_equal", "ndim", "not_equal", "ones_like", "rint",
                       "save", "savetxt", "savez", "savez_compressed", "shape", "sign", "signbit", "size", "zeros_like"}


def _values(x):
    """x with its Tensors replaced by their arrays, and whether one of them is differentiable."""
    if isinstance(x, Tensor):
        return x.data, x.requires_grad
    if isinstance(x, (list, tuple)):
        parts = [_values(part) for part in x]
        values = [value for value, _ in parts]
        return values if isinstance(x, list) else tuple(values), any(lost for _, lost in parts)
    return x, False


def _on_values(package, name, function, inputs, options):
    """Calls a NumPy function on the values of its inputs; TypeError where this would lose a derivative."""
    inputs, lost = _values(inputs)
    keys, (values, also) = list(options), _values(list(options.values()))
    if (lost or also) and name not in _WITHOUT_DERIVATIVE:
        own = _BY_NAME.get(name, name)
        cure = f"tg.{own}" if own in OPS or own == "split" else own if own != name else "tinygan's operations"
        raise TypeError(f"{package}.{name}: a Tensor with requires_grad=True would lose its derivative; write {cure}, "
                        "or give x.detach() where no derivative is needed")
    return function(*inputs, **dict(zip(keys, values)))


def _ufunc(self, ufunc, method, *inputs, **options):
    """Turns array + tensor, for NumPy np.add(array, tensor), into the operation; other ufuncs get the values."""
    if method == "__call__" and not options and ufunc in _ARITHMETIC:
        return _ARITHMETIC[ufunc](*inputs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return _on_values("np", name, getattr(ufunc, method), inputs, options)


def _array_function(self, function, types, inputs, options):
    package = function.__module__.replace("numpy", "np", 1)
    return _on_values(package, function.__name__, function, inputs, options)


class _ForNumPyAlone:
    """`__array_ufunc__` for NumPy, which reads it from the class. CuPy reads it from the tensor: with None there,
    `array + tensor` is left to our operators."""

    def __get__(self, tensor, owner):
        return _ufunc if tensor is None else None


for _name, _member in {"astype": _astype, "__array_ufunc__": _ForNumPyAlone(),
                       "__array_function__": _array_function}.items():
    setattr(Tensor, _name, _member)
