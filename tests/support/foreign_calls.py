"""The record of CuPy and of nvmath's cuBLAS, to which the foreign module binds calls; and the counts of a test.

`cupy_names.json` and `nvmath_names.json` hold the real names and signatures, without defaults. A call is bound first:
an argument that the real function does not take is a TypeError, even where the Python code here would take it.
"""
import contextlib
import functools
import inspect
import json
import re
from collections import namedtuple
from pathlib import Path

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
NVMATH = json.loads(Path(__file__).with_name("nvmath_names.json").read_text())

launches = 0  # array calls that would start at least one kernel; CuPy may start several for one call
synchronisations = 0  # times the host would wait for the device
calls = {}  # path of a function of CuPy or nvmath -> its forms: the number of arguments, then the keywords


# --- signatures ---

def _of_cython(text):
    """The signature "name(type a, type b) -> type" as "a, b"."""
    return ", ".join(part.split()[-1] for part in re.search(r"\((.*)\)", text)[1].split(",") if part)


SIGNATURES = {**NAMES["signatures"],
              **{f"nvmath.bindings.cublas.{name}": _of_cython(text) for name, text in NVMATH["signatures"].items()}}


def signature(path):
    """The parameters of CuPy's or nvmath's function at `path` ("a, axis=..."), None where they are unknown."""
    return SIGNATURES.get(path)


@functools.cache
def _parsed(path):
    text = signature(path)
    return None if text is None else inspect.signature(eval(f"lambda {text}: None"))


def bind(path, args, kwargs):
    """Refuse arguments that the real function does not take, and note the form of the call."""
    form = (len(args), *sorted(kwargs))
    if form not in calls.setdefault(path, set()):
        if expected := _parsed(path):
            try:
                expected.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{path}(): {error}") from None
        calls[path].add(form)


def bound(path, function, implicit=0):
    """The function, with its calls bound. implicit: how many first arguments the signature leaves out (`self`)."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        bind(path, args[implicit:], kwargs)
        return function(*args, **kwargs)

    return call


def bind_all(path, functions):
    """The functions of the module at `path` by name, with their calls bound."""
    return {name: bound(f"{path}.{name}", function) for name, function in functions.items()}


def bind_class(path, kind):
    """Binds, from now on, the calls of the class at `path` and of its public methods."""
    for name, function in list(vars(kind).items()):
        if inspect.isfunction(function) and (name == "__init__" or not name.startswith("_")):
            setattr(kind, name, bound(path if name == "__init__" else f"{path}.{name}", function, implicit=1))


def not_played(path):
    """Raises the error for a name that CuPy has and foreign lacks."""
    raise NotImplementedError(f"CuPy has {path}, but tests/support/foreign.py does not play it yet")


# --- counts ---

Counts = namedtuple("Counts", "now")
Counts.launches = property(lambda self: self.now()[0])
Counts.synchronisations = property(lambda self: self.now()[1])


@contextlib.contextmanager
def counting():
    """Count launches and synchronisations from here on: `with counting() as counts: ...; counts.launches`."""
    start, end = (launches, synchronisations), []
    yield Counts(lambda: tuple(b - a for a, b in zip(start, end or (launches, synchronisations))))
    end[:] = launches, synchronisations


def count(launched=0, synchronised=0):
    """Add to the counts."""
    global launches, synchronisations
    launches += launched
    synchronisations += synchronised
