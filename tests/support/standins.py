"""Stand-ins for the CUDA kernels in Python, one element at a time: they play the kernels on the foreign array.

Each follows from the meaning, over the number i of an element, and not from the NumPy body of the kernel;
so a test on the foreign array sees wrong arguments, shapes and precisions at the places where kernels are called.
`tests/backend/test_kernels.py` compares them, the bodies and the compiled sources.
"""
import foreign
import numpy as np


def same_precision(name, arrays, scalars=(), outputs=()):
    """CuPy's check for a kernel whose arrays are all of type T."""
    arrays = [*arrays, *outputs]
    assert all(isinstance(a, np.ndarray) for a in arrays), name
    assert len({a.dtype for a in arrays}) == 1, (name, [a.dtype for a in arrays])
    assert arrays[0].dtype.char in "fd", name
    assert all(isinstance(s, (int, float, np.generic)) or s.ndim == 0 for s in scalars), (name, scalars)
    return arrays[0].dtype.type


def mapped(name, f, arrays, scalars=0, outputs=1):
    """The stand-in of a kernel y = f(x, ..., number, ...) without raw arguments: inputs are broadcast."""
    def play(*args):
        xs, numbers, ys = args[:arrays], args[arrays:arrays + scalars], args[arrays + scalars:]
        T = same_precision(name, xs, numbers, ys)
        assert len(ys) == outputs, name
        assert all(np.broadcast_shapes(*[x.shape for x in xs], y.shape) == y.shape for y in ys), name
        before = [y.copy() for y in ys]
        results = f(*[np.broadcast_to(x, ys[0].shape) for x in xs], *map(T, numbers), *before)
        for y, result in zip(ys, results if isinstance(results, tuple) else (results,)):
            assert result.dtype == T, name
            y[...] = result
    foreign.kernels[name] = play


def either(condition, a, b):
    """C's condition ? a : b."""
    return np.where(condition, a, b).astype(b.dtype)


def stable_sigmoid(x):
    """The logistic function; of NaN it is NaN."""
    return either(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))


def adam(g, beta1, rest1, beta2, rest2, bias_m, bias_v, eps, m, v, d):
    m, v = beta1 * m + rest1 * g, beta2 * v + rest2 * g * g
    return m, v, m / bias_m / (np.sqrt(v / bias_v) + eps)


def normal_rows(both, weight, bias, eps, y):
    T = same_precision("batch_norm_coefficients", (both, weight, bias), (eps,), (y,))
    for c in range(both.shape[1]):
        y[0, c] = weight[c] / np.sqrt(both[1, c] + T(eps))
        y[1, c] = bias[c] - both[0, c] * y[0, c]


def coefficients_backward(g, y, both, eps, row):
    T = same_precision("coefficients_backward", (g, y, both), (eps,), (row,))
    for c in range(g.shape[1]):
        row[0, c] = -g[1, c] * y[0, c]
        row[1, c] = -(g[0, c] - g[1, c] * both[0, c]) * y[0, c] / 2 / (both[1, c] + T(eps))


def moments_backward(g, y, count, row):
    T = same_precision("moments_backward", (g, y), (count,), (row,))
    for c in range(g.shape[1]):
        row[0, c] = g[1, c] * 2 / T(count)
        row[1, c] = g[0, c] / T(count) - row[0, c] * y[0, c]


def affine(x, rows, slope, y):
    T = same_precision("affine", (x, rows), (slope,), (y,))
    assert rows.shape == (2, x.shape[-1])
    assert x.shape == y.shape
    for c in range(x.shape[-1]):
        straight = x[..., c] * rows[0, c] + rows[1, c]
        y[..., c] = np.maximum(straight, T(slope) * straight if slope else T(0))


def follow(both, momentum, unbiased, mean, variance):
    T = same_precision("follow", (both,), (momentum, unbiased), (mean, variance))
    for c in range(len(mean)):
        mean[c] = (1 - T(momentum)) * mean[c] + T(momentum) * both[0, c]
        variance[c] = (1 - T(momentum)) * variance[c] + T(momentum) * T(unbiased) * both[1, c]


def windows(x, h, w, c, kh, kw, oh, ow, sh, sw, ph, pw, row):
    """Element (image, p, q, a, b, channel) of the rows is pixel (p sh + a - ph, q sw + b - pw), or 0 outside."""
    same_precision("windows", (x,), (h, w, c, kh, kw, oh, ow, sh, sw, ph, pw), (row,))
    n = x.shape[0]
    assert x.shape == (n, h, w, c)
    assert row.shape == (n * oh * ow, kh * kw * c)
    image, p, q, a, b, channel = np.indices((n, oh, ow, kh, kw, c), sparse=True)
    u, v = p * sh + a - ph, q * sw + b - pw
    inside = (u >= 0) & (u < h) & (v >= 0) & (v < w)
    row[...] = (x[image, u.clip(0, h - 1), v.clip(0, w - 1), channel] * inside).reshape(row.shape)


def overlaps(rows, h, w, c, kh, kw, oh, ow, sh, sw, ph, pw, pixel):
    """Every element of the rows goes to its pixel."""
    same_precision("overlaps", (rows,), (h, w, c, kh, kw, oh, ow, sh, sw, ph, pw), (pixel,))
    n = pixel.shape[0]
    assert pixel.shape == (n, h, w, c)
    assert rows.shape == (n * oh * ow, kh * kw * c)
    image, p, q, a, b, channel = np.indices((n, oh, ow, kh, kw, c), sparse=True)
    u, v = p * sh + a - ph, q * sw + b - pw
    inside = (u >= 0) & (u < h) & (v >= 0) & (v < w)
    pixel[...] = 0
    values = rows.reshape(n, oh, ow, kh, kw, c) * inside
    np.add.at(pixel, (image, u.clip(0, h - 1), v.clip(0, w - 1), channel), values)


def on_columns(name, f, out):
    """The stand-in of a raw kernel on matrices (rows, columns): f(x, g) maps one column to `out` rows."""
    def play(grid, block, args):
        x, g, result, rows, columns = args
        same_precision(name, (x, g), (), (result,))
        assert all(a.flags.c_contiguous for a in (x, g, result)), name
        assert type(rows) is type(columns) is np.int32
        assert block[0] == 8
        assert 0 < block[0] * block[1] <= 1024
        assert block[1] & (block[1] - 1) == 0
        assert rows > 0 < columns
        assert x.size == g.size == rows * columns
        assert result.shape == ((2, columns) if out else (columns,))
        for b in range(grid[0]):
            for c in range(8 * b, min(8 * b + 8, columns)):
                result[..., c] = f(x.reshape(rows, columns)[:, c], g.reshape(rows, columns)[:, c])
    foreign.kernels[name] = play


def joined(*args):
    *arrays, y = args
    same_precision("join", arrays, (), (y,))
    assert y.shape == (sum(a.size for a in arrays),)
    y[...] = [number for a in arrays for number in a.flat]


def register():
    """Lets the foreign array run every kernel of tinygan."""
    mapped("tinygan_sigmoid", lambda x, y: stable_sigmoid(x), 1)
    mapped("tinygan_log_sigmoid", lambda x, y: either(x < 0, x - np.log1p(np.exp(x)), -np.log1p(np.exp(-x))), 1)
    mapped("tinygan_leaky_relu", lambda x, slope, y: either(x > 0, x, slope * x), 1, 1)
    mapped("tinygan_relu_backward", lambda x, y, slope, out: either(y > 0, x, slope * x if slope else 0 * slope), 2, 1)
    mapped("tinygan_tanh_backward", lambda g, y, x: g - g * y * y, 2)
    mapped("tinygan_log_sigmoid_backward", lambda g, x, y: g * stable_sigmoid(-x), 2)
    mapped("tinygan_weight_backward",
           lambda a, b, mean, variance, eps, y: (a - b * mean) / np.sqrt(variance + eps), 4, 1)
    mapped("tinygan_add", lambda direction, rate, theta: theta + rate * direction, 1, 1)
    mapped("tinygan_average", lambda theta, share, average: (1 - share) * average + share * theta, 1, 1)
    mapped("tinygan_adam", adam, 1, 7, 3)
    on_columns("tinygan_column_sums", lambda x, g: x.sum(), 0)
    on_columns("tinygan_moments", lambda x, g: (x.mean(), x.var()), 2)
    on_columns("tinygan_affine_adjoint", lambda x, g: ((x * g).sum(), g.sum()), 2)
    foreign.kernels.update({
        "tinygan_batch_norm_coefficients": normal_rows,
        "tinygan_batch_norm_coefficients_backward": coefficients_backward, "tinygan_follow": follow,
        "tinygan_moments_backward": moments_backward, "tinygan_affine_relu": affine, "tinygan_windows": windows,
        "tinygan_overlaps": overlaps, **{f"tinygan_join_{k}": joined for k in range(1, 33)}})

