"""CUDA forms: one kernel launch on a GPU where the plain body makes several."""
from __future__ import annotations

import functools

import numpy as np

from tinygan.backend.accelerated import form, run
from tinygan.backend.kernels import Columns, Elementwise, owner_of

# Functions of one variable, and their pull-backs

form("ops.elementwise._sigmoid", owner_of)(
    Elementwise("sigmoid", "T x", "T y", "T e = exp(x < 0 ? x : -x); y = (x < 0 ? e : T(1)) / (1 + e)"))
form("ops.elementwise._log_sigmoid", owner_of)(
    Elementwise("log_sigmoid", "T x", "T y", "T e = exp(x < 0 ? x : -x); y = (x < 0 ? x : T(0)) - log1p(e)"))
form("ops.elementwise._leaky_relu", owner_of)(
    Elementwise("leaky_relu", "T x, T slope", "T y", "y = x > 0 ? x : slope * x"))
form("ops.elementwise._relu_backward", owner_of)(
    Elementwise("relu_backward", "T x, T y, T slope", "T out", "out = y > 0 ? x : slope > 0 ? slope * x : T(0)"))
form("ops.elementwise._tanh_backward", owner_of)(
    Elementwise("tanh_backward", "T g, T y", "T x", "x = g * (1 - y * y)"))
form("ops.elementwise._log_sigmoid_backward", owner_of)(
    Elementwise("log_sigmoid_backward", "T g, T x", "T y", "y = g / (1 + exp(x))"))


# Sums over all axes but the last, and functions of them

def _columns(x, *others):
    """Whether a kernel can sum over all axes of x but the last."""
    return owner_of(x, *others) and x.size


column_sums = Columns("column_sums", 0, """
    T s = over_rows(rows, [&](int r) { return X(r); });
    if (first) out[column] = s;""")

form("ops.normalise._moments", _columns)(Columns("moments", 2, """
    T mean = over_rows(rows, [&](int r) { return X(r); }) / rows;
    T variance = over_rows(rows, [&](int r) { T d = X(r) - mean; return d * d; }) / rows;
    if (first) { out[column] = mean; out[columns + column] = variance; }"""))
form("ops.normalise._affine_adjoint", _columns)(Columns("affine_adjoint", 2, """
    T product = over_rows(rows, [&](int r) { return G(r) * X(r); });
    T sum = over_rows(rows, [&](int r) { return G(r); });
    if (first) { out[column] = product; out[columns + column] = sum; }"""))


@form("ops.shape._total", lambda x, axes, _: _columns(x) and axes == tuple(range(x.ndim - 1)))
def _total(x, axes, keepdims):
    sums = column_sums(x)
    return sums.reshape((1,) * len(axes) + sums.shape) if keepdims else sums


# Batch normalisation

affine_relu = Elementwise("affine_relu", "T x, raw T rows, T slope", "T y", """
    int channels = rows.size() / 2, c = i % channels;
    T straight = x * rows[c] + rows[channels + c], low = slope > 0 ? slope * straight : T(0);
    y = straight < low ? low : straight""")


@form("ops.normalise._affine", owner_of)
def _affine(x, rows):
    return affine_relu(x, rows, 1.0)


form("ops.normalise._coefficients", owner_of)(Elementwise(
    "batch_norm_coefficients", "raw T both, raw T weight, raw T bias, T eps", "T y", """
    int channels = both.size() / 2, c = i % channels;
    T scale = weight[c] / sqrt(both[channels + c] + eps);
    y = i < channels ? scale : bias[c] - both[c] * scale;"""))
form("ops.normalise._moments_backward", owner_of)(Elementwise(
    "moments_backward", "raw T g, raw T y, T count", "T row", """
    int c = g.size() / 2;
    row = i < c ? 2 * g[c + i] / count : (g[i - c] - 2 * g[i] * y[i - c]) / count;"""))
form("ops.normalise._coefficients_backward", owner_of)(Elementwise(
    "batch_norm_coefficients_backward", "raw T g, raw T y, raw T both, T eps", "T row", """
    int c = g.size() / 2, k = i % c;
    row = i < c ? -g[c + k] * y[k] : (g[c + k] * both[k] - g[k]) * y[k] / (2 * (both[c + k] + eps));"""))
form("ops.normalise._weight_backward", owner_of)(Elementwise(
    "weight_backward", "T a, T b, T mean, T variance, T eps", "T y", "y = (a - b * mean) / sqrt(variance + eps)"))
_FOLLOW = Elementwise("follow", "raw T both, T momentum, T unbiased", "T mean, T variance", """
    mean += momentum * (both[i] - mean);
    variance += momentum * (both[both.size() / 2 + i] * unbiased - variance);""")


@form("nn.norm._follow", owner_of)
def _follow(mean, variance, moments, momentum, unbiased):
    _FOLLOW.launch(owner_of(mean), moments, momentum, unbiased, mean, variance)


# Windows of images: what a convolution multiplies

_WINDOWS = Elementwise("windows", "raw T x, uint32 h, uint32 w, uint32 c, uint32 kh, uint32 kw, uint32 oh, "
                       "uint32 ow, int32 sh, int32 sw, int32 ph, int32 pw", "T row", """
    unsigned int r = i, channel = r % c;
    int b = (r /= c) % kw, a = (r /= kw) % kh, q = (r /= kh) % ow, p = (r /= ow) % oh;
    unsigned int image = r / oh, u = p * sh + a - ph, v = q * sw + b - pw;  // very large outside of the image
    row = u < h && v < w ? x[((image * h + u) * w + v) * c + channel] : T(0);""")
_OVERLAPS = Elementwise("overlaps", "raw T rows, uint32 h, uint32 w, uint32 c, int32 kh, int32 kw, int32 oh, "
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
    """`ops.conv.windows` as one gather."""
    _, h, w, c = x.shape
    owner, shape = owner_of(x), (len(x) * out[0] * out[1], kernel[0] * kernel[1] * c)
    return _WINDOWS.launch(owner, x, h, w, c, *kernel, *out, *stride, *padding, owner.empty(shape, x.dtype))


def overlaps(rows, shape, kernel, out, stride, padding):
    """`ops.conv.overlaps` as one gather."""
    owner = owner_of(rows)
    return _OVERLAPS.launch(owner, rows, *shape[1:], *kernel, *out, *stride, *padding, owner.empty(shape, rows.dtype))


# Many arrays

@form("ops.shape._concatenate", lambda arrays, axis: len(arrays) > 8 and owner_of(*arrays))
def _concatenate(arrays, axis):
    """Eight at a time: for more, CuPy copies a table of addresses to the device, which a CUDA graph cannot record."""
    parts = [np.concatenate(arrays[i:i + 8], axis) for i in range(0, len(arrays), 8)]
    return run("ops.shape._concatenate", parts, axis)


# Vectors

_ADD = Elementwise("add", "T direction, T rate", "T theta", "theta += rate * direction")
_ADAM = Elementwise("adam", "T g, T beta1, T rest1, T beta2, T rest2, T bias_m, T bias_v, T eps", "T m, T v, T d", """
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    d = m / bias_m / (sqrt(v / bias_v) + eps);""")
_AVERAGE = Elementwise("average", "T theta, T share", "T average", "average += share * (theta - average)")


@form("updates._add", owner_of)
def _add(theta, rate, direction):
    _ADD.launch(owner_of(theta), direction, rate, theta)


@form("updates.adam_step", owner_of)
def _adam_step(g, m, v, bias_m, bias_v, beta1, beta2, eps):
    owner = owner_of(g)
    return _ADAM.launch(owner, g, beta1, 1 - beta1, beta2, 1 - beta2, bias_m, bias_v, eps, m, v,
                        owner.empty(g.shape, g.dtype))


@form("updates._average", owner_of)
def _average(average, theta, decay):
    _AVERAGE.launch(owner_of(theta), theta, 1 - decay, average)


@functools.cache
def joining(count: int) -> Elementwise:
    """The kernel that writes `count` arrays one after the other into one vector."""
    code = " else ".join(f"if ((r = at, at -= a{k}.size()) < 0) y = a{k}[r];" for k in range(count))
    return Elementwise(f"join_{count}", ", ".join(f"raw T a{k}" for k in range(count)), "T y",
                       f"ptrdiff_t at = i, r; {code}")


@form("updates._join", lambda arrays: arrays and owner_of(*arrays))
def _join(arrays):
    owner, start = owner_of(*arrays), 0
    joined = owner.empty(sum([a.size for a in arrays]), arrays[0].dtype)
    for i in range(0, len(arrays), 32):  # a kernel's arguments have room for about 40
        some = arrays[i:i + 32]
        size = sum([a.size for a in some])
        joining(len(some)).launch(owner, *some, joined[start:start + size])
        start += size
    return joined
