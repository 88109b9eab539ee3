"""Compiled loops in the tests' own process, with bounds so low that small arrays enter them."""
import os
from contextlib import ExitStack, contextmanager
from unittest import mock

import pytest

from tinygan.backend import compiled
from tinygan.backend.accelerated import ALWAYS_PLAIN, FORMS

THREADS = 2


def start():
    """Turns the loops on, for 2 threads unless NUMBA_NUM_THREADS says less, even on one core; the line about them."""
    return compiled.start(THREADS)


def real_pays():
    """When Winograd's is taken, by the bounds that were measured."""
    from tinygan.backend.compiled_winograd import pays
    return getattr(pays, "real", pays)


def _patches():
    """Bounds so low that small arrays enter the loops."""
    from tinygan.backend import compiled_convolutions, compiled_passes, compiled_products, compiled_winograd
    pays = real_pays()

    def even_small(a, b, y, w, stride):
        """The shapes for which Winograd's works, whatever their size."""
        n, *out, o = y
        return bool(n) and pays(a, b, (n << 30, *out, o << 6), (*w[:2], w[2] << 7, o), stride)
    even_small.real = pays
    return [mock.patch.object(module, name, value) for module, name, value in (
        (compiled, "MIN_ELEMENTS", 2), (compiled_passes, "MIN_CHANNELS", 1), (compiled_products, "MIN_PRODUCTS", 1),
        (compiled_convolutions, "MIN_PRODUCTS", 1), (compiled_winograd, "pays", even_small))]


@contextmanager
def lowered():
    """Inside, no array is too small for a loop."""
    with ExitStack() as stack:
        for patch in _patches():
            stack.enter_context(patch)
        yield


def use_everywhere():
    """All tests of this session run through the loops, and so do the processes that they start."""
    os.environ["OPENBLAS_NUM_THREADS"] = str(THREADS)  # `tune` starts as many; BLAS has read it
    line = start()
    if not compiled.threads:
        raise pytest.UsageError(f"--compiled: {line}")
    for patch in _patches():
        patch.start()


def is_loop(pair):
    """Whether a pair of the table of forms is a compiled one."""
    return pair[1].__module__.startswith(f"{compiled.__name__}_")


@contextmanager
def counting():
    """Inside, the names of the loops that run, such as "passes.relu", enter a set."""
    entered, before = set(), {name: pairs.copy() for name, pairs in FORMS.items()}

    def noting(fits, form):
        return fits, lambda *args: (entered.add(name_of(form)), form(*args))[1]
    for pairs in FORMS.values():
        pairs[:] = [noting(*pair) if is_loop(pair) else pair for pair in pairs]
    try:
        yield entered
    finally:
        for name, pairs in before.items():
            FORMS[name][:] = pairs


def name_of(form):
    return f"{form.__module__.rpartition('_')[2]}.{form.__name__}"


def need():
    """Skips a test where there can be no loops."""
    pytest.importorskip("numba")
    if ALWAYS_PLAIN:
        pytest.skip("TINYGAN_PLAIN=1 turns the loops off")
