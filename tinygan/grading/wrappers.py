"""Wrappers around a student's function for `public` and `hidden`: what a task forbids, and functions of arrays.

They see calls, not texts: a name in a comment costs nothing, and another name for a function hides nothing.
"""
from __future__ import annotations

import contextlib
import functools
import threading
from sys import _getframe, getprofile, setprofile

import numpy as np

from tinygan.grading.checks import CheckError
from tinygan.tensor import Tensor, _name_of, grad, unwrap

COMPLEX = {"imag", "complex", "complex64", "complex128", "cdouble", "csingle"}  # names in a derivative by complex steps


def on_arrays(f, numpy_alone=True):
    """Wraps a function of arrays as a function of Tensors; several results are concatenated to one Tensor.

    numpy_alone: a call of a function of tinygan by f, or a complex number, is a CheckError.
    """
    theirs = _getframe(1).f_globals  # f may be an object without globals, such as functools.partial

    def reason(code, home):
        if home.get("__name__", "").startswith("tinygan.") and home is not globals():
            return f"calls tinygan ({code.co_name})"
        if home is theirs and (COMPLEX & {*code.co_names, *map(str, code.co_consts)}
                               or any(isinstance(c, complex) for c in code.co_consts)):
            return "computes with complex numbers"
        return ""

    def on_tensors(*inputs, **options):
        arrays = [unwrap(x) for x in inputs]
        with _refusing(reason, "this task asks for NumPy alone") if numpy_alone else contextlib.nullcontext():
            results = f(*arrays, **options)
        return Tensor(np.concatenate(results) if isinstance(results, (tuple, list)) else results)
    return on_tensors


def own_rules(f):
    """Wraps a function whose derivative is the task: its value must come from `record`, with rules of its author.

    CheckError if a rule on the way from the inputs to the value is the library's, as in a formula composed of its
    operations, or if the function or one of its rules calls `tg.grad`. A `record` whose result is not used is no rule.
    """
    def reason(code, home):
        return "calls `tg.grad`" if code is grad.__code__ else ""

    def guarded(rule):
        @functools.wraps(rule)
        def pull(*arguments):
            with _refusing(reason, "this task asks for a formula of yours as the rule"):
                return rule(*arguments)
        return pull

    def ruled(*inputs, **options):
        with _refusing(reason, "this task asks for `record` with a rule of yours for each input"):
            y = f(*inputs, **options)
        todo = [y] if isinstance(y, Tensor) else []
        while todo:
            x = todo.pop()
            if any(x is given for given in inputs):
                continue
            for _, rule in x.edges:
                if _home(rule).startswith("tinygan."):
                    raise CheckError(f"the derivative is the library's (`{_name_of(rule)}`): this task asks for "
                                     "`record(value, (input, rule), ...)` with a rule of yours for each input")
            todo += [before for before, _ in x.edges if isinstance(before, Tensor)]
            x.edges = tuple((before, guarded(rule)) for before, rule in x.edges)
        return y
    return ruled


def without(f, module):
    """Wraps a function that its author must write without a module, such as "tinygan.penalties"; else a CheckError."""
    def reason(code, home):
        return f"calls {module} ({code.co_name})" if home.get("__name__") == module else ""

    def checked(*inputs, **options):
        with _refusing(reason, "this task asks you to write it yourself"):
            return f(*inputs, **options)
    return checked


@contextlib.contextmanager
def _refusing(reason, asked):
    """A block, with the threads that it starts, in which a call is a CheckError if reason(code, globals) is a text."""
    found: list[str] = []
    before = getprofile()

    def watch(frame, event, _):
        if text := reason(frame.f_code, frame.f_globals):
            found.append(text)

    threading.setprofile(watch)
    setprofile(watch)
    try:
        yield
    finally:
        lost = getprofile() is not watch
        setprofile(before)
        threading.setprofile(before)
    if found or lost:
        raise CheckError(f"the function {(found or ['removes the profiler'])[0]}: {asked}")


def _home(rule) -> str:
    """The name of the module in which a rule is defined."""
    while isinstance(rule, functools.partial):
        rule = rule.func
    return getattr(rule, "__module__", None) or ""


WRAPPERS = {wrapper.__name__: wrapper for wrapper in (on_arrays, own_rules, without)}  # whatever an answer defines
