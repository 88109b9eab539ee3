"""Plain and fast forms of one computation, joined by name.

A course file writes a function as the lecture does and marks it with `@accelerated`. Other files of `backend/` register
faster forms of it with `@form(name, fits)`. A call runs the first form whose `fits` accepts the arguments, else the
plain body. In a block `with plain():`, and in a process started with TINYGAN_PLAIN=1, every plain body runs. So one
variable shows whether a wrong result comes from your code or from a fast form.
"""
from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PLAIN: dict[str, Callable] = {}  # by name ("ops.conv.correlate"): the body in the course's file
FORMS: dict[str, list[tuple[Callable, Callable]]] = {}  # by name: pairs (fits, form), in the order of trial
ALWAYS_PLAIN = os.environ.get("TINYGAN_PLAIN", "0") not in ("", "0")
_fast = not ALWAYS_PLAIN


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
                    return fast(*args)
        return body(*args)
    call.__func__ = body  # type: ignore[attr-defined]  # pdb sets `break tinygan.updates.adam_step` there, not here
    return call


def form(name: str, fits: Callable) -> Callable:
    """Registers a faster form of the accelerated function `name`, used where fits(*args) is true.

    It gives the same result up to rounding, and changes the same arguments in place. Forms are tried in the order of
    their registration.
    """
    def register(fast):
        FORMS.setdefault(name, []).append((fits, fast))
        return fast
    return register


def run(name: str, *args):
    """Runs the accelerated function `name` from inside a form: its first form that fits, or its body."""
    for fits, fast in FORMS[name]:
        if fits(*args):
            return fast(*args)
    return PLAIN[name](*args)


@contextmanager
def using_form(name: str, fits: Callable, fast: Callable) -> Iterator[None]:
    """A block in which the function `name` has one more form, tried first."""
    pair = fits, fast
    FORMS[name].insert(0, pair)
    try:
        yield
    finally:
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
