"""A strict foreign array: plays CuPy on NumPy's memory, for tests on machines without a GPU.

`import foreign` gives a module that offers the names of real CuPy (`cupy_names.json`) and no others. Its `ndarray` is
no `numpy.ndarray`, refuses implicit conversion and mixing with CuPy's own errors, and counts kernel launches and host
synchronisations. `foreign.register()` makes tinygan accept it; `@pytest.mark.parametrize("xp", foreign.BACKENDS,
ids=foreign.IDS)` runs a test on both. Deviations from CuPy are stricter, unless a docstring states otherwise.

    foreign_calls      the signatures of CuPy, to which calls are bound; the counts of launches and synchronisations
    foreign_cuda       cupy.cuda: errors, streams, events, memory pools, the device
    foreign_capture    the capture of a stream, and graphs
    foreign_array      the array: its memory, conversion, indices
    foreign_operators  its operators and methods, and universal functions
    foreign_functions  other functions, kernels in CUDA C, random numbers
"""
import functools
import sys
import types

import foreign_calls
import numpy as np
from foreign_array import array, asarray, create, ndarray
from foreign_calls import NAMES, bind_all, bound, calls, counting, not_played, signature  # noqa: F401
from foreign_cuda import CUDA, RUNTIME, get_default_memory_pool, launched  # noqa: F401
from foreign_functions import (
    NO_ARRAY_NEEDED,
    Generator,
    asnumpy,
    drawing,
    function,
    fuse,
    get_array_module,
    kernel_class,
    kernels,  # noqa: F401
)
from foreign_operators import ufunc

OWN = {"BACKENDS", "IDS", "ForeignArray", "calls", "counting", "kernels", "launched", "launches", "register",
       "signature", "synchronisations", "to_backend", "to_host"}  # names that foreign has and CuPy lacks
NOT_PLAYED = """broadcast c_ exceptions fft flatiter frombuffer fromfile fromiter fromstring from_dlpack genfromtxt load
    loadtxt mgrid ogrid poly1d polynomial r_ save savetxt savez savez_compressed testing typing vectorize"""


class Strict(types.ModuleType):
    """A module that offers CuPy's names only, and those in `_own`."""

    def __getattribute__(self, name):
        if name.startswith("__"):
            return super().__getattribute__(name)
        inside = super().__getattribute__("__dict__")
        if name in inside["_offered"]:
            return inside["_offered"][name]
        if name in inside["_own"]:
            return super().__getattribute__(name)
        if name in NAMES[inside["_path"]]:
            not_played(f"{inside['_path']}.{name}")
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self):
        return sorted({*self.__dict__["_offered"], *self.__dict__["_own"]})


class Foreign(Strict):
    """This module, with the counts as they are now."""

    launches = property(lambda self: foreign_calls.launches)
    synchronisations = property(lambda self: foreign_calls.synchronisations)


def _offer(path, host, **played):
    """The objects behind the names of CuPy at `path`: `played`, else NumPy's constants, dtypes and functions."""
    for name in set(NAMES[path]) - set(NOT_PLAYED.split()) - played.keys():
        value = getattr(host, name, None)
        if isinstance(value, np.ufunc):
            played[name] = ufunc(name)
        elif isinstance(value, type) or not callable(value):
            if hasattr(host, name) and not isinstance(value, types.ModuleType):
                played[name] = value
        else:
            played[name] = function(f"{path}.{name}", value, name not in NO_ARRAY_NEEDED.split())
    return played


def _space(path, offered):
    module = Strict(path.replace("cupy", "foreign", 1))
    module.__dict__.update(_path=path, _own=(), _offered=offered)
    return module


def register():
    """Let tinygan accept foreign arrays."""
    from tinygan import backend

    backend.ARRAY_MODULES.add("foreign")


def to_backend(xp, array):
    """The NumPy array as an array of module `xp`."""
    return xp.asarray(array)


def to_host(array):
    """The array, foreign or NumPy's, as a NumPy array."""
    return asnumpy(array)


BACKENDS, IDS, ForeignArray = [np, sys.modules[__name__]], ["numpy", "foreign"], ndarray
sys.modules["foreign"] = sys.modules[__name__]
_legacy = np.random.RandomState()
_draws = {name: drawing(f"cupy.random.{name}", getattr(_legacy, name)) for name in NAMES["cupy.random"]
          if callable(getattr(_legacy, name, None))}
_tricks = _space("cupy.lib.stride_tricks", _offer("cupy.lib.stride_tricks", np.lib.stride_tricks))
_path, _own, _offered = "cupy", OWN, _offer(
    "cupy", np, ndarray=ndarray, ufunc=ufunc, array=array, asarray=asarray,
    **{name: functools.partial(create, name) for name in ("asanyarray", "ascontiguousarray", "asfortranarray")},
    **bind_all("cupy", {"asnumpy": asnumpy, "fuse": fuse, "get_array_module": get_array_module,
                        "get_default_memory_pool": get_default_memory_pool, "is_available": lambda: True,
                        "memoize": lambda for_each_device=False: functools.cache}),
    ElementwiseKernel=kernel_class("ElementwiseKernel", 3, "kernel"),
    ReductionKernel=kernel_class("ReductionKernel", 6, "reduce_kernel"), RawKernel=kernel_class("RawKernel", 1),
    lib=types.SimpleNamespace(stride_tricks=_tricks),
    linalg=_space("cupy.linalg", _offer("cupy.linalg", np.linalg)),
    random=_space("cupy.random", {**_draws, "Generator": Generator,
                                  "default_rng": bound("cupy.random.default_rng", Generator)}),
    cuda=_space("cupy.cuda", {**CUDA, "runtime": _space("cupy.cuda.runtime", RUNTIME)}))
sys.modules[__name__].__class__ = Foreign
