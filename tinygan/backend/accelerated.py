"""Plain and fast forms of one computation, joined by name.

A course file writes a function as the lecture does and marks it with `@accelerated`. Other files of `backend/` register
faster forms of it with `@form(name, fits)`. A call runs the first form whose `fits` accepts the arguments, else the
plain body. In a block `with plain():`, and in a process started with TINYGAN_PLAIN=1, every plain body runs. So one
variable shows whether a wrong result comes from your code or from a fast form. A form that raises FormError is not
tried again: the next form, or the plain body, takes its place.
"""
from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PLAIN: dict[str, Callable] = {}  # by name ("ops.conv.correlate"): the body in the course's file
FORMS: dict[str, list[tuple[Callable, Callable]]] = {}  # by name: pairs (fits, form), in the order of trial
ALWAYS_PLAIN = os.environ.get("TINYGAN_PLAIN", "0") not in ("", "0")
_fast = not ALWAYS_PLAIN


class FormError(RuntimeError):
    """A fast form that this machine cannot run, such as a kernel that does not compile; nothing has been changed."""


def accelerated(body: Callable) -> Any:
    """Marks a function that may have faster forms; its arguments are passed by position.

    With TINYGAN_PLAIN=1 it is the function itself, so a debugger steps straight into the body.
    """
    name = f"{body.__module__.partition('.')[2]}.{body.__qualname__}"
    PLAIN[name] = body
    forms = FORMS.setdefault(name, [])
    if ALWAYS_PLAIN:
        return body

    @functools.wraps(body)
    def call(*args):
        if _fast:
            for fits, fast in forms:
                if fits(*args):
                    try:
                        return fast(*args)
                    except FormError as error:
                        return _without(name, (fits, fast), error, args)
        return body(*args)
    call.__func__ = body  # type: ignore[attr-defined]  # pdb sets `break tinygan.updates.adam_step` there, not here
    return call


def form(name: str, fits: Callable) -> Callable:
    """Registers a faster form of the accelerated function `name`, used where fits(*args) is true.

    It gives the same result up to rounding, and changes the same arguments in place. Forms are tried in the order of
    their registration, compiled ones first.
    """
    def register(fast):
        FORMS.setdefault(name, []).append((fits, fast))
        return fast
    return register


def run(name: str, *args):
    """Runs the accelerated function `name` from inside a form: its first form that fits, or its body."""
    for fits, fast in FORMS[name]:
        if fits(*args):
            try:
                return fast(*args)
            except FormError as error:
                return _without(name, (fits, fast), error, args)
    return PLAIN[name](*args)


def _without(name, pair, error, args):
    """Takes a form out of use, with a warning, and runs the function without it."""
    FORMS[name].remove(pair)
    warnings.warn(f"tinygan.{name} is slower from now on, as it runs without one of its fast forms: {error}",
                  RuntimeWarning, stacklevel=3)
    return run(name, *args)


@contextmanager
def using_form(name: str, fits: Callable, fast: Callable) -> Iterator[None]:
    """A block in which the function `name` has one more form, tried first."""
    pair = fits, fast
    FORMS[name].insert(0, pair)
    try:
        yield
    finally:
        if pair in FORMS[name]:
            FORMS[name].remove(pair)


def is_plain() -> bool:
    """Whether every function runs as its course file writes it."""
    return not _fast


@contextmanager
def plain() -> Iterator[None]:
    """A block `with plain():` in which every function runs as its course file writes it, in the whole process.

    Breakpoints in these bodies are hit. Results equal those of the fast forms up to rounding.
    """
    global _fast
    before, _fast = _fast, False
    try:
        yield
    finally:
        _fast = before
