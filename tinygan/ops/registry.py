"""What every operation is declared with: its place in the table `OPS`, the cases on which tests check it, and how a
mistake in its inputs is told."""
from __future__ import annotations

import functools
import linecache
from typing import Any, NamedTuple, NoReturn

from tinygan.tensor import unwrap as unwrap  # for the files of operations, beside `case` and `op`


class Case(NamedTuple):
    """One check of an operation: shapes of its tensors, its options, and the range its inputs are drawn from."""

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
        """The operation on tensors, however it takes them: as one list, or as the arguments that are no options."""
        if self.takes_list:
            return self.function(list(tensors), **options)
        names = (name for name in self.function.__code__.co_varnames if name not in options)
        return self.function(**dict(zip(names, tensors)), **options)


OPS: dict[str, Op] = {}
MISTAKES = (ValueError, TypeError, LookupError, AttributeError, ZeroDivisionError, OverflowError)


class OutsideError(ValueError, IndexError):
    """An index outside of an array: a loop over a Tensor ends with it, as one over a list."""


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
    """The function, whose every error names it and the shapes of its inputs (see `refuse`).

    It is compiled with the function's own parameters: to pass on `*args` takes longer than a small operation.
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
    """Raises the error of an operation with its name and what it was given, as a ValueError or TypeError."""
    said = " ".join(str(error).split())
    if said == str(error) and said.startswith(f"{name}: "):
        raise error
    kind: Any = TypeError if isinstance(error, (TypeError, AttributeError)) else ValueError
    if isinstance(error, IndexError):
        kind = OutsideError
    given = ", ".join(f"{key} {_told(value, kind is TypeError)}" for key, value in inputs.items() if value is not error)
    raise kind(f"{name}: {given}: {said}") from None


def signed(name: str, x):
    """The array in x; not of unsigned integers, whose negatives are large positive numbers."""
    x = unwrap(x)
    if hasattr(x, "dtype") and x.dtype.kind == "u":
        raise TypeError(f"{name}: x {x.shape} is of {x.dtype}, which has no negative numbers; convert it")
    return x


def _told(value, with_dtype: bool) -> str:
    """An input in a few words: the shape of an array, with its dtype; or those of several."""
    if hasattr(value, "shape"):
        return f"{value.shape} {value.dtype}" if with_dtype else str(value.shape)
    if isinstance(value, (list, tuple)) and any(hasattr(v, "shape") for v in value):
        return "[" + ", ".join([_told(v, with_dtype) for v in value]) + "]"
    return f"{value!r:.60}"
