"""The tape and the chain rule. The operations are in `ops/`.

A `Tensor` is an array that records how it was computed: from which inputs, and by which rule its cotangent is pulled
back to each of them. `grad` follows this record from an output back to the given inputs (equation `chain-rule`).

An operation computes its value on arrays, then calls `record(value, (input, rule), ...)`. A rule is a function
`rule(g, y, *inputs)`: it receives the cotangent `g` of the output, the output `y` and all inputs, and returns the
cotangent of one input. It is written with operators and tinygan's functions, which accept arrays as well as Tensors:

- `grad(...)` calls it with bare arrays: nothing is recorded, which is fast;
- `grad(..., create_graph=True)` calls the same rule with Tensors: its computation is recorded, so it can be
  differentiated again, to any order.
"""
from __future__ import annotations

import operator
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygan import backend

Axis = int | tuple[int, ...] | None
_birth = operator.attrgetter("birth")


class _Mode(threading.local):
    recording = True


_mode = _Mode()


class Tensor:
    """An array that records how it was computed.

    data: the array (NumPy or CuPy; lists and numbers are converted by NumPy's rules; the memory of a PyTorch tensor is
    shared, and `torch.from_dlpack(x.data)` shares it in the other direction). requires_grad: whether `grad` can
    differentiate with respect to this tensor; its dtype must be floating point.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> grad(y, [x])
    [Tensor([2., 4., 6.])]
    """

    __slots__ = ("__weakref__", "birth", "constants", "data", "edges", "requires_grad")

    def __init__(self, data, requires_grad: bool = False):
        if isinstance(data, Tensor):
            data = data.data
        if not backend.is_array(data) or isinstance(data, np.generic):
            data = backend.as_array(data)
        if data.dtype.kind not in "fiub":
            raise TypeError(f"Tensor: got dtype {data.dtype}, expected real numbers")
        if requires_grad and data.dtype.kind != "f":
            raise TypeError(f"Tensor: requires_grad needs a floating point dtype, got {data.dtype}")
        self.data: Any = data
        self.requires_grad = requires_grad
        self.edges: tuple = ()  # pairs (input, rule); none for a leaf or a constant
        self.constants: Any = ()  # pairs (input, fingerprint) of the inputs that the user can change
        self.birth = next(backend.clock)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self):
        return self.data.dtype

    def numpy(self) -> np.ndarray:
        """The values as a NumPy array, on the host."""
        return backend.to(self.data, "cpu")

    def item(self) -> float:
        """The value of a tensor of one element, as a Python number."""
        return self.data.item()

    def detach(self) -> Tensor:
        """The same array without its record: a constant for every derivative."""
        return Tensor(self.data)

    def to(self, device: str) -> Tensor:
        """The same values on `device` ("cpu" or "gpu"), without their record."""
        return Tensor(backend.to(self.data, device), self.requires_grad)

    def __repr__(self) -> str:
        text = np.array2string(self.numpy(), separator=", ", prefix="Tensor(", threshold=20)
        return f"Tensor({text}{', requires_grad=True' if self.requires_grad else ''})"

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __round__(self, digits: int | None = None):
        return round(self.item(), digits)

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else str(self)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a Tensor without axes: it holds one number, `x.item()`")
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        """The values, for `np.asarray(x)`, matplotlib and np.testing; for NumPy's functions see `ops/methods.py`."""
        return np.array(self.numpy(), dtype, copy=copy)

    def __reduce__(self):  # a copy or an unpickled tensor is a new leaf
        return type(self), (self.data, self.requires_grad)

    if TYPE_CHECKING:  # for editors and mypy: `ops/methods.py` adds these to the class
        def __add__(self, other: Any) -> Tensor: ...
        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __add__
        __matmul__ = __rmatmul__ = __getitem__ = __add__
        def __neg__(self) -> Tensor: ...
        __abs__ = __neg__
        def __lt__(self, other: Any) -> Any: ...
        __le__ = __gt__ = __ge__ = __lt__
        @property
        def T(self) -> Tensor:  # noqa: N802
            """The axes in reverse order."""
        def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The sum over `axis` (all axes by default)."""
        def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The mean over `axis` (all axes by default)."""
        def var(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The variance over `axis`, divided by n."""
        def std(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The standard deviation over `axis`: the root of `var`."""
        def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The largest element over `axis`."""
        def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
            """The smallest element over `axis`."""
        def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
            """The same elements in another shape; one entry may be -1."""
        def transpose(self, *axes: int | tuple[int, ...]) -> Tensor:
            """The axes in another order (reversed by default)."""
        def astype(self, dtype) -> Tensor:
            """The values converted to another dtype; differentiable between floating point dtypes."""


def unwrap(x):
    """The bare array (or number) inside `x`, on which an operation computes.

    A NumPy float64 number becomes a Python float, because it would turn a float32 array into float64 (NEP 50).
    The memory of another library's array is shared, as in `Tensor(x)`.
    """
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (np.ndarray, float, int)):
        return float(x) if type(x) is np.float64 else x
    return backend.share_foreign(x)


def record(value, *edges):
    """The result of an operation: `value`, with a pair (input, rule) for each of its inputs.

    It is a bare array if no input is a Tensor, and a constant Tensor if no input requires a derivative.
    """
    tensor = requires_grad = False
    given: tuple = ()
    for x, _ in edges:
        if isinstance(x, Tensor):
            tensor = True
            if x.edges:
                requires_grad = True
            else:
                requires_grad |= x.requires_grad
                if type(x) is Tensor:  # no result of an operation, no parameter
                    given += (x,)
        elif not isinstance(x, (float, int)):
            given += (x,)
    if not tensor:
        return value
    out = Tensor.__new__(Tensor)
    out.data = np.asarray(value) if isinstance(value, np.generic) else value
    out.requires_grad = requires_grad = requires_grad and _mode.recording
    out.edges = edges if requires_grad else ()
    out.constants = backend.fingerprints(given) if given and requires_grad else ()
    out.birth = next(backend.clock)
    return out


@contextmanager
def no_grad():
    """A block `with no_grad():` in which nothing is recorded."""
    before, _mode.recording = _mode.recording, False
    try:
        yield
    finally:
        _mode.recording = before


def grad(output: Tensor, inputs, create_graph: bool = False, allow_unused: bool = False) -> list[Tensor]:
    """The derivatives of a scalar `output` with respect to `inputs`, by the chain rule backwards (`chain-rule`).

    inputs: Tensors, leaves or not. create_graph: record the computation of the derivatives, so that they can be
    differentiated again. An input that `output` does not depend on is an error, or gives None with allow_unused.
    Only paths that end in `inputs` are followed, so other networks cost nothing.

    >>> x = Tensor(2.0, requires_grad=True)
    >>> [slope] = grad(x ** 3, [x], create_graph=True)
    >>> grad(slope, [x])
    [Tensor(12.)]
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    _validate(output, inputs)
    wanted = set(inputs)
    between = _between(output, wanted)
    backend.check_unchanged(between)
    cotangents = {output: np.ones_like(output.data)}
    if create_graph:
        cotangents[output] = Tensor(cotangents[output])
    for y in between:
        g = cotangents[y] if y in wanted else cotangents.pop(y)
        if create_graph:
            value, args = y, [x for x, _ in y.edges]
        else:
            g = np.asarray(g) if isinstance(g, np.generic) else g  # the product of two 0-d arrays is a number
            value, args = y.data, [x.data if isinstance(x, Tensor) else unwrap(x) for x, _ in y.edges]
        for x, rule in y.edges:
            if isinstance(x, Tensor) and x in between:
                part = rule(g, value, *args)
                if part.shape != x.data.shape:
                    cause = "not summed over the broadcast axis" if part.size != x.size else "transposed, or reshaped"
                    raise ValueError(f"{_name_of(rule)}: the pull-back gives shape {part.shape} for an input of shape "
                                     f"{x.shape}; was it {cause}?")
                cotangents[x] = backend.plus(cotangents[x], part) if x in cotangents else part
    results = [cotangents.get(x) for x in inputs]
    for i, g in enumerate(results):
        if g is None and not allow_unused:
            raise ValueError(f"grad: the output does not depend on inputs[{i}], of shape {inputs[i].shape}; "
                             "pass allow_unused=True to get None")
        kind = inputs[i].data.dtype
        if g is not None and g.dtype is not kind and g.dtype.itemsize > kind.itemsize:  # float32 weights, float64 data
            results[i] = g.astype(kind)
    return [g if g is None or isinstance(g, Tensor) else Tensor(g) for g in results]  # type: ignore[misc]


def _between(output: Tensor, wanted: set[Tensor]) -> dict[Tensor, None]:
    """The tensors between `output` and the wanted inputs, youngest first.

    A tensor is younger than all its inputs. So in the order of birth every cotangent is complete before it is pulled
    back, and no path leads from a tensor to a younger input. There is no recursion, since a chain may be very long.
    """
    oldest = min([x.birth for x in wanted])
    ancestors, todo = {output}, [output]
    while todo:
        for x, _ in todo.pop().edges:
            if isinstance(x, Tensor) and x.birth >= oldest and x not in ancestors:
                ancestors.add(x)
                todo.append(x)
    between: dict[Tensor, None] = {}
    for y in sorted(ancestors, key=_birth):
        if y in wanted:
            between[y] = None
        else:
            for x, _ in y.edges:
                if isinstance(x, Tensor) and x in between:
                    between[y] = None
                    break
    return dict.fromkeys(reversed(between))


def _validate(output, inputs):
    if not isinstance(output, Tensor):
        raise TypeError(f"grad: output is a {type(output).__name__}, expected a Tensor")
    if output.size != 1:
        raise ValueError(f"grad: output has shape {output.shape}, expected a scalar: take its sum or mean first")
    if not output.requires_grad:
        raise ValueError("grad: output was not recorded: no input of it has requires_grad=True, or no_grad() is on")
    if output.dtype.kind != "f":
        raise TypeError(f"grad: output has dtype {output.dtype}, expected a floating point dtype")
    if not inputs:
        raise ValueError("grad: no inputs given")
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"grad: inputs[{i}] is a {type(x).__name__}, expected a Tensor; "
                            "write network.parameters()")
        if not x.requires_grad:
            raise ValueError(f"grad: inputs[{i}], of shape {x.shape}, has requires_grad=False")


def _name_of(rule) -> str:
    """The name of the function in which a rule is defined."""
    return ["rule", *getattr(rule, "__qualname__", "").split(".<locals>.")][-2]
