"""Matrix products on the GPU by cuBLAS through nvmath-python, which a CUDA graph can record.

CuPy does not allow its own products while a stream is captured. `Products` is called like `a @ b` and is installed as
a form by `accelerated.using_form`.
"""
from __future__ import annotations

import functools
import math

import numpy as np

WORKSPACE = 32 << 20  # bytes: cuBLAS's own size on Hopper; it is smaller on older GPUs


@functools.cache
def products(owner) -> Products:
    """Makes `Products` for the array module `owner`, once in a process; ImportError without nvmath-python.

    RuntimeError if a small product is wrong.
    """
    made = Products(owner)
    for dtype in made.kinds:
        a = owner.asarray([[1, 2, 3], [4, 5, 6]], dtype)
        if made(a, a.T).tolist() != [[14, 32], [32, 77]]:
            raise RuntimeError(f"a product of dtype {dtype!r} is wrong")
    return made


class Products:
    """a @ b of matrices, stacks of them, and vectors by matrices, in float32 (never TF32) or float64.

    Everything else is left to the operator of the arrays.
    """

    def __init__(self, owner):
        from nvmath import CudaDataType
        from nvmath.bindings import cublas
        self.owner, self.cublas = owner, cublas
        self.handle = cublas.create()
        self.workspace = owner.empty(WORKSPACE, np.uint8)
        self.kinds: dict[str, tuple[int, int, np.ndarray]] = {
            "f": (CudaDataType.CUDA_R_32F, cublas.ComputeType.COMPUTE_32F, np.array([1, 0], np.float32)),
            "d": (CudaDataType.CUDA_R_64F, cublas.ComputeType.COMPUTE_64F, np.array([1, 0], np.float64))}

    def __call__(self, a, b):
        if not self._fit(a, b):
            return a @ b
        if a.ndim == 1:
            return self(a.reshape(1, -1), b)[..., 0, :]
        if b.ndim == 1:
            return self(a, b.reshape(-1, 1))[..., 0]
        if b.ndim == 2 < a.ndim:
            return self(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
        if a.ndim == b.ndim == 2:
            out = self.owner.empty((a.shape[0], b.shape[1]), a.dtype)
            self._multiply(a, b, out)
            return out
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (self.owner.ascontiguousarray(self.owner.broadcast_to(x, (*stack, *x.shape[-2:]))) for x in (a, b))
        out = self.owner.empty((*stack, a.shape[-2], b.shape[-1]), a.dtype)
        self._multiply(a, b, out, math.prod(stack))
        return out

    def _fit(self, a, b) -> bool:
        array = self.owner.ndarray
        return (isinstance(a, array) and isinstance(b, array) and a.dtype == b.dtype and a.dtype.char in self.kinds
                and a.ndim * b.ndim > 1 and a.shape[-1] == b.shape[-2 if b.ndim > 1 else -1] and a.size > 0 < b.size)

    def _multiply(self, a, b, out, count=0):
        """Writes a @ b to out; with `count`, that many products of contiguous stacks.

        cuBLAS stores matrices by columns, so it reads an array as its transpose. It computes out.T = b.T @ a.T.
        """
        cublas, (kind, compute, factors) = self.cublas, self.kinds[a.dtype.char]
        cublas.set_stream(self.handle, self.owner.cuda.get_current_stream().ptr)
        cublas.set_workspace(self.handle, self.workspace.data.ptr, WORKSPACE)  # set_stream has reset it
        (m, inner), n = a.shape[-2:], b.shape[-1]
        (a, of_a, step_a), (b, of_b, step_b) = self._stored(a), self._stored(b)
        one, zero = factors.ctypes.data, factors.ctypes.data + factors.itemsize
        shape = self.handle, of_b, of_a, n, m, inner, one
        if count:
            cublas.gemm_strided_batched_ex(
                *shape, b.data.ptr, kind, step_b, inner * n, a.data.ptr, kind, step_a, m * inner, zero,
                out.data.ptr, kind, n, m * n, count, compute, cublas.GemmAlgo.DFALT)
        else:
            cublas.gemm_ex(*shape, b.data.ptr, kind, step_b, a.data.ptr, kind, step_a, zero, out.data.ptr, kind, n,
                           compute, cublas.GemmAlgo.DFALT)

    def _stored(self, x):
        """x in an order that cuBLAS can read, the operation for it, and the distance between rows or columns."""
        if x.ndim == 2 and x.flags.f_contiguous and not x.flags.c_contiguous:
            return x, self.cublas.Operation.T, x.shape[0]
        return self.owner.ascontiguousarray(x), self.cublas.Operation.N, x.shape[-1]
