"""Compiled loops: one pass over memory where NumPy makes several, on all cores. The extra `fast` installs numba.

`tune()` calls `start`. The loops stand in `compiled_*.py`, and each is one more form of an accelerated function.

A process needs one pool of threads: two pools wait for each other's threads. With several cores it is numba's, on
OpenMP; BLAS runs on one thread, and the loops call its matrix product themselves. Without OpenMP, or where the product
is not found, the loops run on one core, and BLAS keeps its threads. A forked process runs without the loops, as threads
of OpenMP do not survive a fork.
"""
from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from tinygan.backend.accelerated import ALWAYS_PLAIN, FORMS, FormError

FILES = "products", "passes", "convolutions", "winograd"
MIN_ELEMENTS = 1 << 13  # of an array; with fewer, NumPy is as fast; found by measurement
SPINS = "20000"  # turns in which an idle thread waits for the next loop, about a millisecond, before it sleeps
OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
ONLY_PRANGE = dict.fromkeys(("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"),
                            False)  # numba divides no other line among the threads
PRODUCTS = "scipy_cblas_{}gemm64_", "cblas_{}gemm64_"  # names of OpenBLAS's products with 64-bit sizes
DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]

threads = 0  # among which a loop is divided; 0: the loops are off
parallel = False  # whether the loops were compiled for several threads
_loaded = False


def start(cores: int) -> str:
    """Turns the loops on for so many cores. Returns one line: how they run, or why there are none."""
    global threads
    if ALWAYS_PLAIN:
        return "no compiled loops, as TINYGAN_PLAIN is set"
    try:
        version = _load(cores)
    except ModuleNotFoundError as error:
        if error.name != "numba":
            return f"no compiled loops: numba misses {error.name}"
        return "no compiled loops; pip install 'tinygan[fast]' makes training faster"
    except Exception as error:  # a broken installation may raise anything
        return f"no compiled loops: numba fails with {_first_line(error)}"
    threads = cores if parallel else 1
    return f"compiled loops on {threads} core{'s' * (threads > 1)}, by numba {version}"


def stop() -> None:
    """Turns the loops off."""
    global threads
    threads = 0


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=stop)


def _load(cores) -> str:
    """Loads numba and the loops, once in a process; the version of numba."""
    global parallel, _loaded
    if "numba" not in sys.modules:  # it reads both once
        os.environ["NUMBA_NUM_THREADS"] = str(cores)
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    import numba
    if not _loaded:
        parallel = cores > 1 and _openmp(numba, cores) and _find_products()
        for name in FILES:
            import_module(f"tinygan.backend.compiled_{name}")
        _loaded = True
    if parallel:
        from threadpoolctl import threadpool_limits
        threadpool_limits(1, "blas")
        numba.set_num_threads(min(cores, numba.config.NUMBA_NUM_THREADS))
    return numba.__version__


def _openmp(numba, cores) -> bool:
    """Starts numba's threads on OpenMP; False where another pool has been started, or OpenMP is missing."""
    if "NUMBA_THREADING_LAYER" not in os.environ:
        numba.config.THREADING_LAYER = "omp"
    try:
        numba.set_num_threads(min(cores, numba.config.NUMBA_NUM_THREADS))
    except ValueError:  # no such library
        return False
    return numba.threading_layer() == "omp"  # others are not safe with several threads of Python, or not measured


def _find_products() -> bool:
    """Makes the products of NumPy's BLAS known to numba as tinygan_sgemm and tinygan_dgemm."""
    from llvmlite import binding
    from threadpoolctl import threadpool_info
    for library in threadpool_info():
        if library["user_api"] == "blas":
            functions = ctypes.CDLL(library["filepath"])
            for name in PRODUCTS:
                if hasattr(functions, name.format("s")):
                    for kind in "sd":
                        address = ctypes.cast(functions[name.format(kind)], ctypes.c_void_p).value
                        binding.add_symbol(f"tinygan_{kind}gemm", address)
                    return True
    return False


def loop(f: Callable) -> Any:
    """Compiles a function at its first call; `numba.prange` in it is divided among the threads."""
    import numba
    if not parallel:
        f.__qualname__ += "_serial"  # a file of its own in the cache
    return numba.njit(parallel=parallel and ONLY_PRANGE, **OPTIONS)(f)


def piece(f: Callable) -> Any:
    """Compiles a function that loops call."""
    import numba
    return numba.njit(**OPTIONS)(f)


def fits(first, *others) -> bool:
    """Whether the loops are on and take these arrays: NumPy's, of one precision, each in one piece, the first large."""
    if not threads or type(first) is not np.ndarray or first.size < MIN_ELEMENTS:
        return False
    kind = first.dtype
    if kind not in DTYPES or not first.flags.carray:
        return False
    return all(type(a) is np.ndarray and a.dtype is kind and a.flags.carray for a in others)


def form(name: str, fits: Callable) -> Callable:
    """Registers a form as `accelerated.form` does, but to be tried before the others."""
    from numba.core.errors import NumbaError

    def register(fast):
        @functools.wraps(fast)
        def call(*args):
            try:
                return fast(*args)
            except (NumbaError, OSError) as error:  # of the compiler, or of its cache: before the loop has run
                raise FormError(f"numba fails with {_first_line(error)}") from error
        FORMS[name].insert(0, (fits, call))
        return fast
    return register


def _first_line(error) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
