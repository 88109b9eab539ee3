"""Compiled loops: one pass over memory where NumPy makes several, on all cores. The extra `fast` installs numba.

`tune()` calls `start`. The loops stand in `compiled_*.py`, and each is one more form of an accelerated function.

A process needs one pool of threads, since those of two pools wait on the same cores. With several cores it is numba's,
on OpenMP, which a fork does not copy: BLAS runs on one thread, and the loops call its matrix product. Without OpenMP,
or where that product is not found, the loops run on one core, and BLAS keeps its threads.
"""
from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pickle import UnpicklingError
from typing import Any

import numpy as np

from tinygan.backend.accelerated import ALWAYS_PLAIN, FORMS, FormError

FILES = "passes", "products", "convolutions", "winograd"  # compiled_*.py; a form of a later file is tried first
MIN_ELEMENTS = 1 << 13  # of an array; with fewer, NumPy is as fast
SPINS = "20000"  # turns in which an idle thread waits for the next loop, tenths of a millisecond, before it sleeps
DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]
PRODUCTS = "scipy_cblas_{}gemm64_", "cblas_{}gemm64_"  # names in OpenBLAS of the products with 64-bit sizes
OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
ONLY_PRANGE = dict.fromkeys(("comprehension", "fusion", "inplace_binop", "numpy", "reduction", "setitem", "stencil"),
                            False)  # numba divides no other line among the threads
INSTALL = "numba is missing; pip install 'tinygan[fast]' makes training faster"

threads = 0  # among which a loop is divided; 0: the loops are off
parallel = False  # whether the loops were compiled for several threads
_loaded = _forked = False
_blas: Any = None  # the limit of BLAS to one thread


def start(cores: int) -> str:
    """Turns the loops on for so many cores. Returns one line: how they run, or why there are none."""
    global threads
    try:
        threads, version = _load(cores)
    except ModuleNotFoundError as error:
        return f"no compiled loops: {INSTALL if error.name == 'numba' else error}"
    except FormError as reason:
        return f"no compiled loops: {reason}"
    except Exception as error:  # a broken installation may raise anything
        cure = "; set NUMBA_CACHE_DIR to a folder that can be written" if "cannot cache" in str(error) else ""
        return f"no compiled loops: numba fails with {_first_line(error)}{cure}"
    return f"compiled loops on {threads} core{'s' * (threads > 1)}, by numba {version}"


def stop() -> None:
    """Turns the loops off, and gives BLAS its threads back."""
    global threads, _blas
    if _blas:
        _blas.restore_original_limits()
    threads, _blas = 0, None


def _stop_for_good():
    global threads, _forked
    threads, _forked = 0, _forked or parallel


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_stop_for_good)


def _load(cores) -> tuple[int, str]:
    """Loads numba and, once in a process, the loops; the number of threads and the version of numba."""
    global parallel, _loaded, _blas
    if ALWAYS_PLAIN:
        raise FormError("TINYGAN_PLAIN is set")
    if _forked:
        raise FormError("this process is forked; start processes with the method 'spawn'")
    if "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_NUM_THREADS", str(cores))
    import numba
    import numpy.ma  # noqa: F401  # numba would, at its first call, where `train --debug` sees half made arrays
    from platformdirs import user_cache_dir
    if numba.config.DISABLE_JIT:
        raise FormError("NUMBA_DISABLE_JIT is set")
    cores = min(cores, numba.config.NUMBA_NUM_THREADS)
    if not _loaded:
        parallel = cores > 1 and _openmp(numba, cores) and _find_products()
        own = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = own or f"{user_cache_dir('tinygan')}/loops"  # pip leaves those in a package
        try:
            for name in FILES:
                import_module(f"tinygan.backend.compiled_{name}")
        finally:
            numba.config.CACHE_DIR = own
        _announce()
        _loaded = True
    if parallel:
        from threadpoolctl import threadpool_limits
        _blas = _blas or threadpool_limits(1, "blas")
        numba.set_num_threads(cores)
    return cores if parallel else 1, numba.__version__


def _openmp(numba, cores) -> bool:
    """Starts numba's threads on OpenMP; False where OpenMP is missing, or another pool has been started."""
    if "NUMBA_THREADING_LAYER" not in os.environ:
        numba.config.THREADING_LAYER = "omp"
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # OpenMP reads it when it is loaded
    try:
        numba.set_num_threads(cores)
    except ValueError:  # there is no such library
        return False
    return numba.threading_layer() == "omp"


def _find_products() -> bool:
    """Makes the products of NumPy's BLAS known to the compiler, as tinygan_sgemm and tinygan_dgemm."""
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


def _announce() -> None:
    """Has a line written before the first loop that is not in the cache is compiled."""
    from numba.core.event import Listener, register
    from tqdm import tqdm

    class Announcement(Listener):
        written = False

        def on_start(self, event):
            if not self.written and event.data["dispatcher"].py_func.__module__.startswith("tinygan."):
                self.written = True
                tqdm.write("compiling loops for this processor, once; it takes some seconds", file=sys.stderr)

        def on_end(self, event):
            pass
    register("numba:compile", Announcement())


def loop(f: Callable) -> Any:
    """Compiles a function at its first call; `numba.prange` in it is divided among the threads."""
    import numba
    if not parallel:
        f.__qualname__ += "_serial"  # a file of its own in the cache
    return numba.njit(**OPTIONS | {"parallel": parallel and ONLY_PRANGE})(f)


def piece(f: Callable) -> Any:
    """Compiles a function that loops call."""
    import numba
    return numba.njit(**OPTIONS)(f)


def form(name: str, fits: Callable) -> Callable:
    """Registers a form as `accelerated.form` does, but before all others."""
    from numba.core.errors import NumbaError

    def register(fast):
        @functools.wraps(fast)
        def call(*args):
            try:
                return fast(*args)
            except (NumbaError, OSError, EOFError, UnpicklingError) as error:  # compiler or cache; no loop has run
                raise FormError(f"numba fails with {_first_line(error)}") from error
        FORMS[name].insert(0, (fits, call))
        return fast
    return register


def take(*arrays) -> bool:
    """Whether the loops are on and take these arrays: NumPy's, of one precision, each in one piece."""
    kind = arrays[0].dtype
    if not threads or kind not in DTYPES:
        return False
    for a in arrays:  # noqa: SIM110  # faster than `all`
        if type(a) is not np.ndarray or a.dtype is not kind or not a.flags.carray:
            return False
    return True


def fits(first, *others) -> bool:
    """Whether the loops, which check no index, take these large arrays of one shape."""
    return (type(first) is np.ndarray and first.size >= MIN_ELEMENTS and take(first, *others)
            and all(a.shape == first.shape for a in others))


def _first_line(error) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"
