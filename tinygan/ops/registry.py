"""What every operation is declared with: its place in the table `OPS` and the cases on which tests check it."""
from __future__ import annotations

from typing import Any, NamedTuple

from tinygan.tensor import array as array  # for the files of operations, beside `case` and `op`


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


def case(*shapes, low=-2.0, high=2.0, **options) -> Case:
    """A case for `op`: `case((3, 4), axis=0)` checks f(x, axis=0) on a random x of shape (3, 4)."""
    return Case(shapes, options, low, high)


def op(*cases: Case, takes_list: bool = False):
    """Registers a differentiable function with the cases on which its derivatives are checked, to second order."""
    def register(function):
        OPS[function.__name__] = Op(function, cases, takes_list)
        return function
    return register
