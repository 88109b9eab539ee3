"""The operations, one file a family; `OPS` is the table of all of them, and here operators get their meaning."""
from tinygan.ops import conv as conv  # registers its operations
from tinygan.ops import elementwise, linear, reduce, shape
from tinygan.ops import image as image  # registers its operations
from tinygan.ops.registry import OPS, case, op
from tinygan.tensor import Tensor

__all__ = ["OPS", "case", "op"]


def _shape_arguments(f):
    """x.reshape(2, 3) and x.transpose(1, 0) as well as x.reshape((2, 3)), as NumPy has it."""
    def method(x, *entries):
        return f(x, entries[0] if len(entries) == 1 and not isinstance(entries[0], int) else entries or None)
    return method


OPERATORS = {
    "__add__": elementwise.add, "__radd__": lambda x, other: elementwise.add(other, x),
    "__sub__": elementwise.sub, "__rsub__": lambda x, other: elementwise.sub(other, x),
    "__mul__": elementwise.mul, "__rmul__": lambda x, other: elementwise.mul(other, x),
    "__truediv__": elementwise.div, "__rtruediv__": lambda x, other: elementwise.div(other, x),
    "__pow__": elementwise.pow, "__rpow__": lambda x, other: elementwise.pow(other, x),
    "__matmul__": linear.matmul, "__rmatmul__": lambda x, other: linear.matmul(other, x),
    "__neg__": elementwise.neg, "__abs__": elementwise.abs, "__getitem__": shape.getitem,
    "sum": reduce.sum, "mean": reduce.mean, "var": reduce.var, "max": reduce.max,
    "reshape": _shape_arguments(shape.reshape), "transpose": _shape_arguments(shape.transpose),
    "T": property(shape.transpose),
}
for _name, _function in OPERATORS.items():
    setattr(Tensor, _name, _function)

# Comparisons give bare arrays of bools: a choice has no derivative.
for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
    def _compare(x, other, _name=_name):
        return getattr(x.data, _name)(other.data if isinstance(other, Tensor) else other)
    setattr(Tensor, _name, _compare)
Tensor.__hash__ = object.__hash__  # type: ignore[method-assign]  # a tensor is a key by identity
