"""Work done in one launch on a device: functions with a plain NumPy body, and beside it CUDA source that CuPy compiles.

The body is the meaning, and what runs on NumPy arrays. Small networks on a GPU are bound by the number of launches, so
where a body would make several, `@elementwise` gives it one kernel for arrays of CuPy. A call that the kernel does not
fit (mixed precisions, integers, Tensors) runs the body, so every call has the same result on every array.
"""
from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from tinygan import backend

KERNELS: dict[str, Any] = {}  # every function with a kernel, by the name that CuPy knows it by
LARGE = 1 << 31  # the kernels count in 32 bits


def _device(*args) -> Any:
    """The array module whose kernel fits the arguments: arrays of one precision on a device, and numbers; or None."""
    owner = dtype = None
    for a in args:
        kind = type(a)
        if kind in (float, int) or isinstance(a, np.generic):
            continue
        package = kind.__module__.partition(".")[0]
        if package == "numpy" or package not in backend.ARRAY_MODULES or a.dtype.char not in "fd" or a.size >= LARGE \
                or dtype not in (None, a.dtype):
            return None
        owner, dtype = package, a.dtype
    return sys.modules[owner] if owner else None


class Elementwise:
    """An ElementwiseKernel of CuPy, made when first needed; in its code T is the precision, i the element's number."""

    def __init__(self, name: str, inputs: str, outputs: str, code: str):
        self.name, self.inputs, self.outputs, self.code = name, inputs, outputs, code
        self.compiled: dict[Any, Any] = {}
        KERNELS[name] = self

    def launch(self, owner, *args):
        """One launch on arrays of the module `owner`, the outputs being the last of them; returns the last output."""
        if (kernel := self.compiled.get(owner)) is None:
            kernel = self.compiled[owner] = owner.ElementwiseKernel(self.inputs, self.outputs, self.code, self.name)
        kernel(*args)
        return args[-1]


def elementwise(inputs: str, outputs: str, code: str, new: bool = True):
    """The kernel of a function: with `new` its output is made like the first argument; else it is the last one."""
    def declare(body):
        kernel = Elementwise(f"tinygan_{body.__name__.strip('_')}", inputs, outputs, code)

        @functools.wraps(body)
        def call(*args):
            if type(args[0]) is np.ndarray:
                return body(*args)
            if (owner := _device(*args)) is None:
                return body(*args)
            return kernel.launch(owner, *args, *[owner.empty(args[0].shape, args[0].dtype)] * new)
        return call
    return declare


# Functions of one variable

@elementwise("T x", "T y", "T e = exp(x < 0 ? x : -x); y = (x < 0 ? e : T(1)) / (1 + e)")
def sigmoid(x):
    """1 / (1 + exp(-x)), accurate on both sides."""
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x < 0, e, 1) / (1 + e)


@elementwise("T x", "T y", "T e = exp(x < 0 ? x : -x); y = (x < 0 ? x : T(0)) - log1p(e)")
def log_sigmoid(x):
    """log(1 / (1 + exp(-x))), stable at any x."""
    return -np.logaddexp(-x, 0)


def relu(x):
    """max(x, 0); on NumPy by np.clip, as np.maximum takes four times as long with a number as with an array."""
    return np.clip(x, 0, np.inf) if type(x) is np.ndarray and x.dtype.kind == "f" else np.maximum(x, 0)


@elementwise("T x, T slope", "T y", "y = x > 0 ? x : slope * x")
def leaky_relu(x, slope):
    """x where x > 0, slope * x elsewhere."""
    value = x * slope
    return np.maximum(x, value, out=value) if value.ndim else np.maximum(x, value)


@elementwise("T x, T y, T slope", "T out", "out = y > 0 ? x : slope * x")
def relu_backward(x, y, slope):
    """x where y > 0, slope * x elsewhere."""
    if not slope:
        return x * (y > 0)
    value = (y > 0).astype(x.dtype)  # the slope as an array: np.where takes ten times as long
    value = value.clip(slope, 1, out=value if value.ndim else None)
    value *= x
    return value


# Sums over all axes but the last, and what is made of them

# A block has 8 columns: 32 neighbouring bytes of a row are one read of float32. Each of its lanes adds up every
# LANES-th row; then the lanes are added in a fixed order, so that the same input gives the same sum.
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
    __syncthreads();  // all have read before the next sum is written
    return lane;
}
extern "C" __global__ void __launch_bounds__(8 * LANES) NAME(const T* x, const T* g, T* out, int rows, int columns) {
    unsigned int column = 8 * blockIdx.x + threadIdx.x;
    bool first = column < columns && threadIdx.y == 0;  // the one that writes
    if (column >= columns) rows = 0;  // it still has to wait for the others
#define X(r) x[(unsigned int)(r) * columns + column]
#define G(r) g[(unsigned int)(r) * columns + column]
    CODE
}
"""
_LANES = 128  # of 8 threads


class Columns:
    """A function that sums over rows, in one launch on a device; `out` rows are its result, or with 0 a vector."""

    def __init__(self, out: int, code: str, body):
        functools.update_wrapper(self, body)
        self.body, self.out, self.code, self.name = body, out, code, f"tinygan_{body.__name__}"
        self.compiled: dict[Any, Any] = {}
        KERNELS[self.name] = self

    def source(self, dtype: str) -> str:
        """The CUDA source for "float" or "double"."""
        source = f"#define LANES {_LANES}\ntypedef {dtype} T;" + _COLUMNS
        return source.replace("NAME", self.name).replace("CODE", self.code)

    def __call__(self, x, *others):
        owner = None if type(x) is np.ndarray else _device(x, *others)
        if owner is None or not x.size:
            return self.body(x, *others)
        dtype = "float" if x.dtype.char == "f" else "double"
        kernel = self.compiled.get((owner, dtype))
        if kernel is None:
            kernel = self.compiled[owner, dtype] = owner.RawKernel(self.source(dtype), self.name)
        columns = x.shape[-1]
        x, g = [owner.ascontiguousarray(a) for a in (x, *others, x)][:2]
        out = owner.empty((self.out, columns) if self.out else (columns,), x.dtype)
        kernel((-(-columns // 8),), (8, _LANES), (x, g, out, np.int32(x.size // columns), np.int32(columns)))
        return out


@functools.partial(Columns, 0, "T s = over_rows(rows, [&](int r) { return X(r); }); if (first) out[column] = s;")
def column_sums(x):
    """The sum over all axes but the last. For a large array it is ones @ x: several times faster in BLAS."""
    rows = x.reshape(-1, x.shape[-1])
    return backend.module(x).ones(len(rows), x.dtype) @ rows


@functools.partial(Columns, 2, """T mean = over_rows(rows, [&](int r) { return X(r); }) / rows;
    T variance = over_rows(rows, [&](int r) { T d = X(r) - mean; return d * d; }) / rows;
    if (first) { out[column] = mean; out[columns + column] = variance; }""")
def moments(x):
    """Mean and variance over all axes but the last, as the rows of a (2, channels) array."""
    rows = x.reshape(-1, x.shape[-1])
    both = np.empty_like(rows, shape=(2, rows.shape[-1]))
    both[0] = total(rows, (0,)) / len(rows)
    distance = rows - both[0]
    distance *= distance
    both[1] = total(distance, (0,)) / len(rows)
    return both


@functools.partial(Columns, 2, """T product = over_rows(rows, [&](int r) { return G(r) * X(r); });
    T sum = over_rows(rows, [&](int r) { return G(r); });
    if (first) { out[column] = product; out[columns + column] = sum; }""")
def affine_adjoint(x, g):
    """The sums of g x and of g over all axes but the last, as the rows of a (2, channels) array."""
    axes = tuple(range(x.ndim - 1))
    first = total(g * x, axes)
    both = np.empty_like(first, shape=(2, x.shape[-1]))
    both[0], both[1] = first, total(g, axes)
    return both


def total(x, axes: tuple[int, ...], keepdims: bool = False):
    """The sum over axes."""
    if axes != tuple(range(x.ndim - 1)) or x.size < (4096 if type(x) is np.ndarray else 1):
        return x.sum(axis=axes, keepdims=keepdims)
    sums = column_sums(x)
    return sums.reshape((1,) * len(axes) + sums.shape) if keepdims else sums


def mean(x, axes: tuple[int, ...], keepdims: bool, n: int):
    """The mean over axes, which hold n elements."""
    if isinstance(x, np.ndarray) or _device(x) is None:
        return total(x, axes, keepdims) / n
    return x.mean(axis=axes, keepdims=keepdims)


@elementwise("T x, raw T rows, T slope", "T y", "int channels = rows.size() / 2, c = i % channels; "
             "T straight = x * rows[c] + rows[channels + c]; y = straight > 0 ? straight : slope * straight")
def affine(x, rows, slope):
    """The leaky ReLU of x * rows[0] + rows[1], along the last axis of x."""
    value = x * rows[0]
    value += rows[1]
    if slope == 1:
        return value
    return np.maximum(value, slope * value, out=value) if slope else np.clip(value, 0, np.inf, out=value)


@elementwise("raw T both, raw T weight, raw T bias, T eps", "T y", """
    int channels = both.size() / 2, c = i % channels;
    T scale = weight[c] / sqrt(both[channels + c] + eps);
    y = i < channels ? scale : bias[c] - both[c] * scale;""")
def batch_norm_coefficients(both, weight, bias, eps):
    """Rows (scale, shift) such that x * scale + shift is (x - mean) / sqrt(variance + eps) * weight + bias."""
    scale = weight / np.sqrt(both[1] + eps)
    rows = np.empty_like(scale, shape=both.shape)
    rows[0], rows[1] = scale, bias - both[0] * scale
    return rows


# Windows of images: what a convolution multiplies

_WINDOWS = Elementwise("tinygan_windows", "raw T x, uint32 h, uint32 w, uint32 c, uint32 kh, uint32 kw, uint32 oh, "
                       "uint32 ow, int32 sh, int32 sw, int32 ph, int32 pw", "T row", """
    unsigned int r = i, channel = r % c;
    int b = (r /= c) % kw, a = (r /= kw) % kh, q = (r /= kh) % ow, p = (r /= ow) % oh;
    unsigned int image = r / oh, u = p * sh + a - ph, v = q * sw + b - pw;  // very large outside of the image
    row = u < h && v < w ? x[((image * h + u) * w + v) * c + channel] : T(0);""")
_OVERLAPS = Elementwise("tinygan_overlaps", "raw T rows, uint32 h, uint32 w, uint32 c, int32 kh, int32 kw, int32 oh, "
                        "int32 ow, int32 sh, int32 sw, int32 ph, int32 pw", "T pixel", """
    unsigned int r = i, channel = r % c;
    int v = (r /= c) % w + pw, u = (r /= w) % h + ph;
    unsigned int image = r / h;
    T sum = 0;
    for (int a = u % sh; a < kh && a <= u; a += sh)
        for (int b = v % sw; b < kw && b <= v; b += sw) {
            int p = (u - a) / sh, q = (v - b) / sw;
            if (p < oh && q < ow) sum += rows[((((image * oh + p) * ow + q) * kh + a) * kw + b) * c + channel];
        }
    pixel = sum;""")


def windows(x, kernel, out, stride, padding):
    """Every window of images x (n, h, w, c) as one row (im2col): (n h' w', kh kw c)."""
    n, h, w, c = x.shape
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, padding
    xp = backend.module(x)
    shape = n * out[0] * out[1], kh * kw * c
    if xp is not np and _device(x) and shape[0] * shape[1] < LARGE:
        return _WINDOWS.launch(xp, x, h, w, c, *kernel, *out, *stride, *padding, xp.empty(shape, x.dtype))
    if ph or pw:
        framed = xp.zeros((n, h + 2 * ph, w + 2 * pw, c), x.dtype)
        framed[:, ph:ph + h, pw:pw + w] = x
    else:
        framed = xp.ascontiguousarray(x)
    n_, h_, w_, c_ = framed.strides
    c_, w_ = framed.itemsize, c * framed.itemsize  # an axis of length 1 may have any stride, such as x[..., None]
    if c == 1 and xp is np:  # then neighbours in a row of the image are more than those in a row of a window
        taps = np.lib.stride_tricks.as_strided(framed, (kh, kw, n, *out), (h_, w_, n_, sh * h_, sw * w_))
        return taps.reshape(kh * kw, -1).T
    runs = xp.lib.stride_tricks.as_strided(  # kw * c neighbours in memory are one run
        framed, (n, *out, kh, kw * c), (n_, sh * h_, sw * w_, h_, c_))
    return runs.reshape(shape)


def overlaps(rows, shape, kernel, out, stride, padding):
    """Images of `shape` (n, h, w, c) of windows added up where they overlap (col2im): the adjoint of `windows`."""
    (n, h, w, c), (kh, kw), (sh, sw), (ph, pw) = shape, kernel, stride, padding
    xp = backend.module(rows)
    if xp is not np and _device(rows) and n * h * w * c < LARGE:
        return _OVERLAPS.launch(xp, rows, h, w, c, *kernel, *out, *stride, *padding, xp.empty(shape, rows.dtype))
    framed = xp.zeros((n, h + 2 * ph + kh * sh, w + 2 * pw + kw * sw, c), rows.dtype)
    parts = rows.reshape(n, *out, kh, kw, c)
    for a in range(kh):
        for b in range(kw):
            framed[:, a:a + sh * out[0]:sh, b:b + sw * out[1]:sw] += parts[:, :, :, a, b]
    return framed[:, ph:ph + h, pw:pw + w].copy()


# Vectors

@functools.cache
def _joined(count: int) -> Elementwise:
    """The kernel that writes so many arrays one after the other."""
    code = " else ".join(f"if ((r = at, at -= a{k}.size()) < 0) y = a{k}[r];" for k in range(count))
    return Elementwise(f"tinygan_join_{count}", ", ".join(f"raw T a{k}" for k in range(count)), "T y",
                       f"ptrdiff_t at = i, r; {code}")


def join(arrays):
    """The elements of all arrays as one vector."""
    owner = None if type(arrays[0]) is np.ndarray else _device(*arrays)
    if owner is None:
        return np.concatenate([a.reshape(-1) for a in arrays])
    whole, start = owner.empty(sum([a.size for a in arrays]), arrays[0].dtype), 0
    for i in range(0, len(arrays), 32):  # arguments of a kernel have room for some 40
        some = arrays[i:i + 32]
        size = sum([a.size for a in some])
        _joined(len(some)).launch(owner, *some, whole[start:start + size])
        start += size
    return whole
