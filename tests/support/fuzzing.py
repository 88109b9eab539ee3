"""Calls of every operation for hypothesis: what each means in NumPy, strictly, and how to draw its inputs.

`DEFINITIONS` refuses (by any exception) inputs for which an operation is not defined; `DRAWS` draws shapes and options
for which it is defined.
"""
import math
import os
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from meanings import NUMPY

from tinygan.ops import OPS

MORE = int(os.environ.get("TINYGAN_FUZZ", "1"))  # as many times more of the slow examples
FLOATS = (np.float16, np.float32, np.float64)


@dataclass
class Call:
    """A call of an operation: its arrays, in order, and its options."""

    name: str
    arrays: list
    options: dict

    def run(self, tensors):
        """The operation's result with tensors or arrays in the places of the arrays."""
        return OPS[self.name].call(tensors, self.options)

    def meant(self, dtype=None):
        """NumPy's result for the arrays; dtype: the type of all floating point arrays."""
        arrays = [np.asarray(a) if isinstance(a, (list, tuple, np.generic)) else a for a in self.arrays]
        arrays = [a.astype(dtype) if dtype and a.dtype in FLOATS else a for a in arrays]
        return np.asarray(DEFINITIONS[self.name](*arrays, **self.options))


# --- the meaning of the operations, where NumPy's functions are not as strict ---

def must(fits):
    if not fits:
        raise ValueError("no meaning")


def strict(define, fits):
    """A definition for the inputs that `fits`."""
    def strictly(*arrays, **options):
        must(fits(*arrays, **options))
        return define(*arrays, **options)
    return strictly


def pair(value, least):
    """A number for each direction."""
    pair = (value, value) if isinstance(value, int) else tuple(value)
    must(len(pair) == 2 and all(isinstance(v, int) and v >= least for v in pair))
    return pair


def correlate(x, w, stride=1, padding=0):
    must(x.ndim == w.ndim == 4 and x.shape[3] == w.shape[2] and min(w.shape[:2]) > 0)
    return NUMPY["conv2d"](x, w, pair(stride, 1), pair(padding, 0))


def transposed(x, w, stride=1, padding=0, output_padding=0):
    must(x.ndim == w.ndim == 4 and x.shape[3] == w.shape[3] and min(w.shape[:2]) > 0)
    (sh, sw), (ph, pw), extra = pair(stride, 1), pair(padding, 0), pair(output_padding, 0)
    (n, h, wide, _), (kh, kw, c, _) = x.shape, w.shape
    size = [(m - 1) * s - 2 * p + k + e
            for m, s, p, k, e in zip((h, wide), (sh, sw), (ph, pw), (kh, kw), extra)]
    must(extra[0] < sh and extra[1] < sw and min(size) > 0)
    out = np.zeros((n, size[0] + 2 * ph, size[1] + 2 * pw, c), np.result_type(x, w))
    for i, j in np.ndindex(h, wide):
        out[:, i * sh:i * sh + kh, j * sw:j * sw + kw] += np.tensordot(x[:, i, j], w, (1, 3))
    return out[:, ph:ph + size[0], pw:pw + size[1]]


def weighed(x, y, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel_size, 1), pair(stride, 1), pair(padding, 0)
    must(x.ndim == y.ndim == 4)
    h, w = ((m + 2 * p - k) // s + 1 for m, p, k, s in zip(x.shape[1:], (ph, pw), (kh, kw), (sh, sw)))
    must(y.shape[:3] == (len(x), h, w) and min(h, w) > 0)
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    out = np.zeros((kh, kw, x.shape[3], y.shape[3]), np.result_type(x, y))
    for a, b in np.ndindex(kh, kw):
        out[a, b] = np.tensordot(x[:, a:a + sh * (h - 1) + 1:sh, b:b + sw * (w - 1) + 1:sw], y, ([0, 1, 2], [0, 1, 2]))
    return out


def padded(x, widths):
    must(len(widths) == x.ndim and all(len(w) == 2 for w in widths))
    return np.pad(x, widths) if x.ndim else x


def scattered(x, index, shape):
    must(np.empty(shape)[index].shape == x.shape)
    out = np.zeros(shape, x.dtype)
    np.add.at(out, index, x)
    return out


def reduced(f):
    """A reduction; its axes may come as a list, and a mean needs at least one element."""
    def reduce(x, axis=None, keepdims=False):
        axis = tuple(axis) if isinstance(axis, list) else axis
        must(f in (np.sum, np.max, np.min) or np.size(x) or not np.isnan(f(np.ones(x.shape), axis=axis)).any())
        return f(x, axis=axis, keepdims=bool(keepdims))
    return reduce


DEFINITIONS = {
    **NUMPY, "sum": reduced(np.sum), "max": reduced(np.max), "mean": reduced(np.mean), "var": reduced(np.var),
    "std": reduced(np.std), "min": reduced(np.min),
    "conv2d": correlate, "conv_transpose2d": transposed, "conv2d_weight": weighed, "pad": padded,
    "linear": strict(NUMPY["linear"], lambda x, w, b: w.ndim == 2 and b.shape == w.shape[1:]),
    "affine": strict(NUMPY["affine"], lambda x, scale_shift: scale_shift.shape == (2, x.shape[-1])),
    "affine_adjoint": strict(NUMPY["affine_adjoint"], lambda x, g: x.shape == g.shape and x.ndim > 0),
    "batch_norm_coefficients": strict(NUMPY["batch_norm_coefficients"], lambda both, weight, bias, eps=1e-5:
                         both.shape == (2, *weight.shape) and weight.shape == bias.shape and weight.ndim == 1),
    "moments": strict(NUMPY["moments"], lambda x: math.prod(x.shape[:-1]) > 0 and x.shape[-1] >= 0),
    "relu_backward": strict(NUMPY["relu_backward"], lambda x, y, slope=0.0: x.shape == y.shape and 0 <= slope <= 1),
    "relu": lambda x: np.maximum(x, 0), "broadcast_to": lambda x, shape, over=1: np.broadcast_to(x, shape) / over
    if over != 1 else np.broadcast_to(x, shape),
    "leaky_relu": strict(NUMPY["leaky_relu"], lambda x, negative_slope=0.01: 0 <= negative_slope <= 1),
    "clip": strict(NUMPY["clip"], lambda x, low=-0.5, high=0.5: np.broadcast_shapes(
        np.shape(x), np.shape(low), np.shape(high)) == np.shape(x) and low is not None is not high),
    "unbroadcast": strict(lambda x, shape: x if x.shape == shape else NUMPY["unbroadcast"](x, shape),
                          lambda x, shape: np.broadcast_to(np.empty(shape), x.shape) is not None),
    "scatter": scattered,
    "upsample": strict(lambda x: x.repeat(2, 1).repeat(2, 2), lambda x: x.ndim == 4),
    "average_pool": strict(
        lambda x: (x[:, ::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, ::2] + x[:, 1::2, 1::2]) / 4,
        lambda x: x.ndim == 4 and x.shape[1] % 2 == x.shape[2] % 2 == 0),
    "softmax": strict(NUMPY["softmax"], lambda x, axis=-1: x.max(axis) is not None),
    "log_softmax": strict(NUMPY["log_softmax"], lambda x, axis=-1: x.max(axis) is not None),
}

# --- how to draw inputs: shapes and options ---

SHAPE = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
FULL = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)
SIDE = st.integers(0, 3)


@st.composite
def one(draw, shape=SHAPE, **options):
    return [draw(shape)], {name: draw(option) for name, option in options.items() if draw(st.booleans())}


@st.composite
def broadcast(draw, count=2):
    """Shapes that broadcast; of three, the last is that of the condition of `where`."""
    shapes = list(draw(hnp.mutually_broadcastable_shapes(num_shapes=count, min_side=0, max_side=3, max_dims=3))[0])
    return (shapes, {}) if count == 2 else (shapes[:2], {"condition": np.arange(math.prod(shapes[2])).reshape(
        shapes[2]) % 2 == 0})


@st.composite
def over_axes(draw, tuples=True, shape=FULL):
    shape = draw(shape)
    axis = st.integers(-len(shape), len(shape) - 1)
    options = {"axis": draw(st.none() | axis | hnp.valid_tuple_axes(len(shape)) if tuples else axis)}
    return [shape], options | ({"keepdims": draw(st.booleans())} if tuples else {})


@st.composite
def reshaped(draw):
    shape, minus = draw(SHAPE), draw(st.booleans())
    new = tuple(draw(st.permutations(shape)))
    return [shape], {"shape": (-1, *new[1:]) if minus and new and 0 not in shape else new}


@st.composite
def transposed_axes(draw):
    shape = draw(SHAPE)
    axes = [i - len(shape) * draw(st.booleans()) for i in draw(st.permutations(range(len(shape))))]
    return [shape], {"axes": draw(st.none() | st.just(tuple(axes)))}


@st.composite
def spread(draw, adjoint):
    [[small], whole] = draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=draw(SHAPE), max_dims=3,
                                                              min_side=0, max_side=3))
    whole = np.broadcast_shapes(small, whole)
    return [whole if adjoint else small], {"shape": small if adjoint else whole}


@st.composite
def indexed(draw, adjoint):
    shape = draw(FULL)
    index = draw(hnp.basic_indices(shape, allow_newaxis=True) | hnp.integer_array_indices(shape)
                 | hnp.arrays(bool, shape) | st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=3))
    x = np.empty(shape)[index].shape if adjoint else shape
    return [x], {"index": index} | ({"shape": shape} if adjoint else {})


@st.composite
def pieces(draw, new_axis):
    shape, count = draw(FULL), draw(st.integers(1, 3))
    if new_axis:
        return [shape] * count, {"axis": draw(st.integers(-len(shape) - 1, len(shape)))}
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    ends = [draw(SIDE) for _ in range(count)]
    return [tuple(end if i == axis % len(shape) else n for i, n in enumerate(shape)) for end in ends], {"axis": axis}


@st.composite
def framed(draw):
    shape = draw(SHAPE)
    return [shape], {"widths": tuple((draw(SIDE), draw(SIDE)) for _ in shape)}


@st.composite
def product(draw):
    return list(draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, min_side=0, max_side=3,
                                                       max_dims=2)).input_shapes), {}


@st.composite
def dense(draw):
    inputs, outputs, rows = draw(SIDE), draw(SIDE), draw(st.lists(SIDE, max_size=2))
    return [(*rows, inputs), (inputs, outputs), (outputs,)], {}


@st.composite
def channels(draw, kind):
    *rows, c = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))
    if kind == "batch_norm_coefficients":
        return [(2, c), (c,), (c,)], {}
    return [(*rows, c), (2, c) if kind == "affine" else (*rows, c)], {}


@st.composite
def convolution(draw, kind):
    """Images x (n, h, w, c) and kernels (kh, kw, c, o), with the size h', w' of the output."""
    n, c, o = draw(SIDE), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    small = draw(st.booleans())
    both = lambda s: draw(st.tuples(s, s) if small else s.map(lambda v: (v, v)))
    kernel, stride, padding = both(st.integers(1, 4)), both(st.integers(1, 3)), both(st.integers(0, 2))
    size = tuple(draw(st.integers(max(1, k - 2 * p), k + 4)) for k, p in zip(kernel, padding))
    out = tuple((m + 2 * p - k) // s + 1 for m, p, k, s in zip(size, padding, kernel, stride))
    options = {"stride": stride if small else stride[0], "padding": padding if small else padding[0]}
    if kind == "conv2d":
        return [(n, *size, c), (*kernel, c, o)], options
    if kind == "conv2d_weight":
        return [(n, *size, c), (n, *out, o)], {"kernel_size": kernel, **options}
    extra = tuple((m + 2 * p - k) % s for m, p, k, s in zip(size, padding, kernel, stride))
    return [(n, *out, o), (*kernel, c, o)], {**options, "output_padding": extra}


UNARY = ("neg", "exp", "log", "sqrt", "abs", "tanh", "sigmoid", "softplus", "log_sigmoid", "relu", "sin", "cos",
         "all_reduce")
IMAGES = st.tuples(SIDE, SIDE, SIDE, SIDE)
DRAWS = {
    **{name: one() for name in UNARY},
    **{name: broadcast() for name in ("add", "sub", "mul", "div", "maximum", "minimum", "pow")},
    "leaky_relu": one(negative_slope=st.sampled_from([0, 0.2, 1])),
    "relu_backward": one(slope=st.sampled_from([0.0, 0.2])),
    "where": broadcast(3), "clip": one(low=st.sampled_from([-1, -0.5, 0.0]), high=st.sampled_from([0, 0.5, 1.0])),
    **{name: over_axes() for name in ("sum", "mean", "var", "std", "max", "min")},
    **{name: over_axes(tuples=False) for name in ("softmax", "log_softmax")},
    "moments": one(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3)), "reshape": reshaped(),
    "transpose": transposed_axes(), "broadcast_to": spread(adjoint=False), "unbroadcast": spread(adjoint=True),
    "getitem": indexed(adjoint=False), "scatter": indexed(adjoint=True), "concatenate": pieces(new_axis=False),
    "stack": pieces(new_axis=True), "pad": framed(), "matmul": product(), "linear": dense(),
    **{name: channels(name) for name in ("affine", "affine_adjoint", "batch_norm_coefficients")},
    "upsample": one(IMAGES), "average_pool": one(IMAGES.map(lambda s: (s[0], 2 * s[1], 2 * s[2], s[3]))),
    **{name: convolution(name) for name in ("conv2d", "conv_transpose2d", "conv2d_weight")},
}
POSITIVE = {"log", "sqrt", "div", "pow", "batch_norm_coefficients"}
