"""Plays nvmath-python's cuBLAS on the memory of foreign arrays, which it finds by address, as cuBLAS does.

Matrices are read column by column, with their leading dimensions; the arguments of a call are checked against the real
signatures (`nvmath_names.json`). The handle must work on the current stream, with memory of its own.
"""
import ctypes
import enum
import inspect
import types

import foreign
import numpy as np
from foreign_calls import NVMATH, bind_all

DTYPES = {0: np.float32, 1: np.float64}  # of CUDA_R_32F, CUDA_R_64F
COMPUTE = {0: "COMPUTE_32F", 1: "COMPUTE_64F"}
HANDLE = 4242

_state = {"stream": None, "workspace": None}


def create():
    """A handle."""
    return HANDLE


def set_stream(handle, stream_id):
    """The stream of the next calls; it takes the workspace away."""
    assert handle == HANDLE
    _state.update(stream=stream_id, workspace=None)


def set_workspace(handle, workspace, workspace_size_in_bytes):
    """Memory for the next calls."""
    assert handle == HANDLE
    assert workspace_size_in_bytes >= 4 << 20
    _state.update(workspace=workspace)


def gemm_ex(handle, transa, transb, m, n, k, alpha, a, atype, lda, b, btype, ldb, beta, c, ctype, ldc, compute_type,
            algo):
    """c = op(a) op(b), all stored by columns."""
    gemm_strided_batched_ex(handle, transa, transb, m, n, k, alpha, a, atype, lda, 0, b, btype, ldb, 0, beta, c, ctype,
                            ldc, 0, 1, compute_type, algo)


def gemm_strided_batched_ex(handle, transa, transb, m, n, k, alpha, a, atype, lda, stride_a, b, btype, ldb, stride_b,
                            beta, c, ctype, ldc, stride_c, batch_count, compute_type, algo):
    """The same for matrices that follow each other at a distance."""
    assert handle == HANDLE
    assert _state["stream"] == foreign.cuda.get_current_stream().ptr, "the handle is on another stream"
    assert _state["workspace"], "cuBLAS would allocate memory"
    assert atype == btype == ctype
    assert compute_type == NVMATH["enumerations"]["ComputeType"][COMPUTE[ctype]]
    assert algo == -1
    dtype = np.dtype(DTYPES[ctype])
    assert (_at(alpha, dtype, (), ()), _at(beta, dtype, (), ())) == (1, 0)

    def matrices(place, transposed, rows, columns, leading, stride):
        rows, columns = (columns, rows) if transposed else (rows, columns)
        assert leading >= max(1, rows)
        found = _at(place, dtype, (batch_count, rows, columns), (stride, 1, leading))
        return found.swapaxes(1, 2) if transposed else found

    def multiply():
        first, second = matrices(a, transa, m, k, lda, stride_a), matrices(b, transb, k, n, ldb, stride_b)
        matrices(c, False, m, n, ldc, stride_c)[...] = (second.swapaxes(1, 2) @ first.swapaxes(1, 2)).swapaxes(1, 2)
    foreign.launched(multiply)


def _at(place, dtype, shape, strides):
    """The array at an address."""
    size = 1 + sum((n - 1) * step for n, step in zip(shape, strides))
    flat = np.frombuffer((ctypes.c_char * (size * dtype.itemsize)).from_address(place), dtype)
    return np.lib.stride_tricks.as_strided(flat, shape, [step * dtype.itemsize for step in strides])


def modules():
    """The modules that stand for nvmath-python in `sys.modules`."""
    played = [create, set_stream, set_workspace, gemm_ex, gemm_strided_batched_ex]
    for function in played:
        expected = foreign.signature(f"nvmath.bindings.cublas.{function.__name__}")
        assert ", ".join(inspect.signature(function).parameters) == expected
    cublas = types.SimpleNamespace(**bind_all("nvmath.bindings.cublas",
                                              {function.__name__: function for function in played}))
    for name, members in NVMATH["enumerations"].items():
        setattr(cublas, name, enum.IntEnum(name, members))
    kinds = enum.IntEnum("CudaDataType", NVMATH["CudaDataType"])
    bindings = types.SimpleNamespace(cublas=cublas)
    return {"nvmath": types.SimpleNamespace(CudaDataType=kinds, bindings=bindings), "nvmath.bindings": bindings,
            "nvmath.bindings.cublas": cublas}
