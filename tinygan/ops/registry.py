"""Declares operations: their place in the table `OPS`, their cases for the tests, and their error messages."""
from __future__ import annotations

import functools
import linecache
from typing import Any, NamedTuple, NoReturn

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor
from tinygan.tensor import unwrap as unwrap  # the files of operations import it together with `case` and `op`


class Case(NamedTuple):
    """One check of an operation: shapes of its tensors, its options, and the range of its random inputs."""

    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any]
    low: float
    high: float


class Op(NamedTuple):
    """An operation in the table: the function, its cases, and whether it takes one list of tensors."""

    function: Any
    cases: tuple[Case, ...]
    takes_list: bool

    def call(self, tensors, options):
        """Calls the operation on tensors, which it takes as one list or as the arguments that are not options."""
        if self.takes_list:
            return self.function(list(tensors), **options)
        names = (name for name in self.function.__code__.co_varnames if name not in options)
        return self.function(**dict(zip(names, tensors)), **options)


OPS: dict[str, Op] = {}
MISTAKES = (ValueError, TypeError, LookupError, AttributeError, ZeroDivisionError, OverflowError)


class OutsideError(ValueError, IndexError):
    """An index outside of an array. It is an IndexError too, which ends a loop over a Tensor as over a list."""


def case(*shapes, low=-2.0, high=2.0, **options) -> Case:
    """A case for `op`: `case((3, 4), axis=0)` checks f(x, axis=0) on a random x of shape (3, 4)."""
    return Case(shapes, options, low, high)


def op(*cases: Case, takes_list: bool = False):
    """Registers a differentiable function with the cases on which its derivatives are checked, to second order."""
    def register(function):
        named = _named(function)
        OPS[function.__name__] = Op(named, cases, takes_list)
        return named
    return register


def _named(function):
    """Wraps a function so that each error names it and the shapes of its inputs (see `refuse`).

    The wrapper is compiled with the function's own parameters, because passing `*args` on takes longer than a small
    operation.
    """
    name, names = function.__name__, ", ".join(function.__code__.co_varnames[:function.__code__.co_argcount])
    scope = {"function": function, "refuse": refuse, "MISTAKES": MISTAKES}
    file, source = f"<{name}, named>", (f"def {name}({names}):\n    try: return function({names})\n"
                                        f"    except MISTAKES as error: refuse({name!r}, error, locals())\n")
    exec(compile(source, file, "exec"), scope)
    linecache.cache[file] = len(source), None, source.splitlines(True), file  # so that a debugger shows it
    named: Any = functools.wraps(function)(scope[name])
    named.__defaults__, named.__func__ = function.__defaults__, function  # pdb's `break tinygan.relu` is in __func__
    return named


def refuse(name: str, error: Exception, inputs: dict[str, Any]) -> NoReturn:
    """Raises the error of an operation again, with its name and inputs, as a ValueError or TypeError."""
    message = " ".join(str(error).split())
    if message == str(error) and message.startswith(f"{name}: "):
        raise error
    kind: Any = TypeError if isinstance(error, (TypeError, AttributeError)) else ValueError
    if isinstance(error, IndexError):
        kind = OutsideError
    message = _two_devices(inputs) or (kind is TypeError and "shared" not in message and _foreign(inputs)) or message
    given = ", ".join(f"{key} {_described(value, kind is TypeError)}"
                      for key, value in inputs.items() if value is not error)
    raise kind(f"{name}: {given}: {message}") from None


def _two_devices(inputs) -> str:
    """The correction where some inputs are on the CPU and others on the GPU; else an empty string."""
    places: dict[str, list[str]] = {"CPU": [], "GPU": []}
    for key, value in inputs.items():
        for x in value if isinstance(value, (list, tuple)) else [value]:
            array = x.data if isinstance(x, Tensor) else x
            place = places["CPU" if isinstance(array, np.ndarray) else "GPU"]
            if backend.is_array(array) and np.ndim(array) and key not in place:
                place.append(key)
    if not all(places.values()):
        return ""
    return " and ".join(f"{', '.join(keys)} on the {place}" for place, keys in places.items()) + \
        "; move a network by .to('gpu'), an array x by tinygan.backend.to(x, 'gpu')"


def _foreign(inputs) -> str:
    """The correction where an input is an array of another library; else an empty string."""
    for key, value in inputs.items():
        for x in value if isinstance(value, (list, tuple)) else [value]:
            if hasattr(x, "__dlpack_device__") and not backend.is_array(x):
                cure = f"tg.Tensor({key})" if x is value else f"tg.Tensor of each of {key}"
                return f"got a {type(x).__module__}.{type(x).__name__}; write {cure}, which shares its memory"
    return ""


def _described(value, with_dtype: bool) -> str:
    """An input in a few words: the shape (and dtype) of an array, or of each array in a list."""
    if hasattr(value, "shape"):
        return f"{value.shape} {value.dtype}" if with_dtype else str(value.shape)
    if isinstance(value, (list, tuple)) and any(hasattr(v, "shape") for v in value):
        return "[" + ", ".join([_described(v, with_dtype) for v in value]) + "]"
    return f"{value!r:.60}"
