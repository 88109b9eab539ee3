"""The CUDA sources of the kernels, compiled for the host by g++: elements run in turn, threads stand for the blocks."""
import ctypes
import shutil
import subprocess

import numpy as np

from tinygan.backend.kernels import KERNELS, Elementwise

HEADER = r"""
#include <barrier>
#include <cmath>
#include <cstddef>
#include <thread>
#include <vector>
using namespace std;
static bool outside;  // whether an index was outside of its array
template <typename T> struct Raw {
    T* start; ptrdiff_t count;
    ptrdiff_t size() const { return count; }
    T& operator[](ptrdiff_t k) const { if (k < 0 || k >= count) { outside = true; k = 0; } return start[k]; }
};
struct Three { unsigned int x = 0, y = 0, z = 0; };
static thread_local Three threadIdx, blockIdx;
static barrier<>* together;
#define __syncthreads() together->arrive_and_wait()
#define __shared__ static
#define __device__ static
#define __global__
#define __launch_bounds__(n)
extern "C" bool was_outside() { bool was = outside; outside = false; return was; }
"""
TYPES = {"f": "float", "d": "double"}
LANES = 4  # threads are slow here


def parameters(text):
    """The pairs (type, name) of a list of parameters, type being "raw", "T" or an integer's."""
    return [("raw" if p.split()[0] == "raw" else p.split()[-2], p.split()[-1]) for p in text.split(", ")]


def elementwise_source(kernel, dtype):
    """A function (count of elements, pointers, sizes) that runs the code for every element."""
    lines = []
    for k, (kind, name) in enumerate(parameters(f"{kernel.inputs}, {kernel.outputs}")):
        output = k >= len(parameters(kernel.inputs))
        if kind == "raw":
            lines.append(f"Raw<T> {name}{{(T*)args_[{k}], sizes_[{k}]}};")
        elif kind == "T":
            lines.append(f"{'' if output else 'const '}T& {name} = ((T*)args_[{k}])[i];")
        else:
            lines.append(f"const {'unsigned ' if kind[0] == 'u' else ''}int {name} = *(int*)args_[{k}];")
    return (f"namespace {kernel.name}_{dtype} {{ typedef {dtype} T; extern \"C\" void {kernel.name}_{dtype}_("
            "ptrdiff_t count, void** args_, ptrdiff_t* sizes_) {\nfor (ptrdiff_t i = 0; i < count; i++) {\n"
            + "\n".join(lines) + f"\n{kernel.code};\n}} }} }}\n")


def columns_source(kernel, dtype):
    """A function that plays the blocks one after the other, with a thread for each of theirs."""
    name, source = f"{kernel.name}_{dtype}", kernel.source(dtype).replace("#define LANES 128", f"#define LANES {LANES}")
    source = source.replace("#define LANES", "#undef LANES\n#undef X\n#undef G\n#define LANES")
    source = source.replace('extern "C"', "").replace("typedef", f"namespace {name} {{ typedef")
    return source + f"""}}
extern "C" void {name}_(int blocks, const {dtype}* x, const {dtype}* g, {dtype}* out, int rows, int columns) {{
    for (int b = 0; b < blocks; b++) {{
        barrier<> all(8 * LANES); together = &all;
        vector<thread> threads;
        for (int t = 0; t < 8 * LANES; t++) threads.emplace_back([=] {{
            threadIdx.x = t % 8; threadIdx.y = t / 8; blockIdx.x = b;
            {name}::{kernel.name}(x, g, out, rows, columns); }});
        for (auto& t : threads) t.join();
    }}
}}
"""


def build(folder):
    """The stand-ins (see `foreign.kernels`) that run the sources of all kernels, or None without a compiler."""
    if shutil.which("g++") is None:
        return None
    source = HEADER + "".join((elementwise_source if isinstance(kernel, Elementwise) else columns_source)(kernel, dtype)
                              for kernel in KERNELS.values() for dtype in TYPES.values())
    (folder / "kernels.cpp").write_text(source)
    subprocess.run(["g++", "-std=c++20", "-O1", "-w", "-shared", "-fPIC", "-pthread", "-o", folder / "kernels.so",
                    folder / "kernels.cpp"], check=True)
    library = ctypes.CDLL(str(folder / "kernels.so"))
    library.was_outside.restype = ctypes.c_bool
    return {name: (elementwise if isinstance(kernel, Elementwise) else columns)(library, kernel)
            for name, kernel in KERNELS.items()}


def pointer(a):
    return ctypes.c_void_p(a.ctypes.data)


def elementwise(library, kernel):
    kinds = [kind for kind, _ in parameters(f"{kernel.inputs}, {kernel.outputs}")]
    inputs = len(parameters(kernel.inputs))

    def play(*args):
        assert len(args) == len(kinds)
        out = args[-1]
        arrays = []
        for k, (kind, a) in enumerate(zip(kinds, args)):
            if kind == "T":
                a = np.array(np.broadcast_to(np.asarray(a, out.dtype), out.shape))
            arrays.append(np.array(a, out.dtype if kind == "raw" else "i4" if kind != "T" else None, order="C"))
            assert kind != "raw" or a.dtype == out.dtype, k
        f = getattr(library, f"{kernel.name}_{TYPES[out.dtype.char]}_")
        f(ctypes.c_ssize_t(out.size), (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays]),
          (ctypes.c_ssize_t * len(arrays))(*[a.size for a in arrays]))
        assert not library.was_outside(), f"{kernel.name}: an index outside of its array"
        for a, b in zip(args[inputs:], arrays[inputs:]):
            a[...] = b
    return play


def columns(library, kernel):
    def play(grid, block, args):
        x, g, out, rows, count = args
        f = getattr(library, f"{kernel.name}_{TYPES[x.dtype.char]}_")
        f(grid[0], pointer(x), pointer(g), pointer(out), int(rows), int(count))
    return play
