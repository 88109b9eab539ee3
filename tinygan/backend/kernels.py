"""GPU kernels: CUDA source that CuPy compiles at the first call. The sources are in `cuda.py`.

The time of small networks on a GPU is set by the number of launches. A kernel needs one launch where NumPy's functions
need several.
"""
from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tinygan.backend.accelerated import FormError
from tinygan.backend.arrays import ARRAY_MODULES

KERNELS: dict[str, Any] = {}  # every kernel, by its name in CuPy
LARGE = 1 << 31  # the kernels count in 32 bits
# CUDA's numbers for a kernel that this device cannot load or launch: INVALID_VALUE, INVALID_IMAGE, NO_BINARY_FOR_GPU,
# INVALID_PTX, UNSUPPORTED_PTX_VERSION, INVALID_SOURCE, NOT_FOUND, LAUNCH_OUT_OF_RESOURCES
REFUSED = 1, 200, 209, 218, 222, 300, 500, 701


def owner_of(*args) -> Any:
    """The array module of the arguments if a GPU kernel can take them, else None.

    A kernel takes arrays of one precision, float32 or float64, and numbers.
    """
    if type(args[0]) is np.ndarray:
        return None
    owner = dtype = None
    for a in args:
        kind = type(a)
        if kind in (float, int) or isinstance(a, np.generic):
            continue
        package = kind.__module__.partition(".")[0]
        if package == "numpy" or package not in ARRAY_MODULES or a.dtype.char not in "fd" or a.size >= LARGE \
                or dtype not in (None, a.dtype):
            return None
        owner, dtype = package, a.dtype
    return sys.modules[owner] if owner else None


def _launch(name, owner, kernel, *args) -> None:
    """Launches a kernel; FormError, with the first line that is about an error, if this device cannot run it.

    Other errors of the driver stay as they are, such as a lack of memory or the fault of an earlier kernel.
    """
    try:
        kernel(*args)
    except (owner.cuda.compiler.CompileException, owner.cuda.driver.CUDADriverError) as error:
        if hasattr(error, "status") and error.status not in REFUSED:
            raise
        lines = str(error).strip().splitlines()
        line = next((line for line in lines if "error" in line), lines[0] if lines else "")
        raise FormError(f"the kernel {name} fails with {type(error).__name__}: {line}") from error


class Elementwise:
    """An ElementwiseKernel of CuPy, made at first use; in its code T is the dtype and i the index of the element."""

    def __init__(self, name: str, inputs: str, outputs: str, code: str):
        self.name, self.inputs, self.outputs, self.code = f"tinygan_{name}", inputs, outputs, code
        self.compiled: dict[Any, Any] = {}
        KERNELS[self.name] = self

    def launch(self, owner, *args):
        """Launches the kernel on arrays of the module `owner`, inputs then outputs; returns the last output."""
        if (kernel := self.compiled.get(owner)) is None:
            kernel = self.compiled[owner] = owner.ElementwiseKernel(self.inputs, self.outputs, self.code, self.name)
        _launch(self.name, owner, kernel, *args)
        return args[-1]

    def __call__(self, *args):
        """The output for these inputs, as a new array with shape and dtype of the first."""
        owner, first = owner_of(*args), args[0]
        return self.launch(owner, *args, owner.empty(first.shape, first.dtype))


# A block of threads has 8 columns, since 32 neighbouring bytes are one read. Each of its lanes adds up every LANES-th
# row; then the lanes are added in a fixed order, so that equal inputs give equal sums.
_COLUMNS = """
template <typename F> __device__ T over_rows(int rows, F f) {
    __shared__ T lanes[8 * LANES];
    T lane = 0;
    #pragma unroll 8
    for (int r = threadIdx.y; r < rows; r += LANES) lane += f(r);
    T* mine = lanes + 8 * threadIdx.y + threadIdx.x;
    *mine = lane;
    for (int k = LANES / 2; k > 0; k /= 2) {
        __syncthreads();
        if (threadIdx.y < k) *mine += mine[8 * k];
    }
    __syncthreads();
    lane = lanes[threadIdx.x];
    __syncthreads();  // all have read before another call writes the lanes
    return lane;
}
extern "C" __global__ void __launch_bounds__(8 * LANES) NAME(const T* x, const T* g, T* out, int rows, int columns) {
    unsigned int column = 8 * blockIdx.x + threadIdx.x;
    bool first = column < columns && threadIdx.y == 0;  // this thread writes
    if (column >= columns) rows = 0;  // it takes part in __syncthreads only
#define X(r) x[(unsigned int)(r) * columns + column]
#define G(r) g[(unsigned int)(r) * columns + column]
    CODE
}
"""
_LANES = 128  # in a block; a lane has 8 threads


class Columns:
    """A kernel with sums over all axes but the last; its result has `out` rows, or is a vector if `out` is 0."""

    def __init__(self, name: str, out: int, code: str):
        self.name, self.out, self.code = f"tinygan_{name}", out, code
        self.compiled: dict[Any, Any] = {}
        KERNELS[self.name] = self

    def source(self, dtype: str) -> str:
        """The CUDA source for "float" or "double"."""
        source = f"#define LANES {_LANES}\ntypedef {dtype} T;" + _COLUMNS
        return source.replace("NAME", self.name).replace("CODE", self.code)

    def __call__(self, x, *others):
        owner = owner_of(x, *others)
        dtype = "float" if x.dtype.char == "f" else "double"
        kernel = self.compiled.get((owner, dtype))
        if kernel is None:
            kernel = self.compiled[owner, dtype] = owner.RawKernel(self.source(dtype), self.name)
        columns = x.shape[-1]
        x, g = [owner.ascontiguousarray(a) for a in (x, *others, x)][:2]
        out = owner.empty((self.out, columns) if self.out else (columns,), x.dtype)
        sizes = np.int32(x.size // columns), np.int32(columns)
        _launch(self.name, owner, kernel, (-(-columns // 8),), (8, _LANES), (x, g, out, *sizes))
        return out
