"""0, -0, infinity, NaN, subnormal and huge numbers in every operation: value and derivative are PyTorch's.

The few deliberate differences are in the table DIFFERENCES. The signs of zeros are not compared.
"""
import itertools

import numpy as np
import pytest
from helpers import call, drawn, leaves

import tinygan as tg
from tinygan.ops import OPS

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::RuntimeWarning")]
SPECIAL = {"float64": (0.0, -0.0, 1.0, -1.0, 1e-310, 1e300, np.inf, -np.inf, np.nan),
           "float32": (0.0, -0.0, 1.0, -1.0, 1e-40, 1e38, np.inf, -np.inf, np.nan)}
ROUNDING = {"float64": (1e-9, 1e-12), "float32": (1e-4, 1e-6)}


def any_nan(v, w, dtype):
    return np.isnan([v, w]).any()


def any_infinite(v, w, dtype):
    return np.isinf([v, w]).any() and not any_nan(v, w, dtype)


def not_finite_float32(v, w, dtype):
    return dtype == "float32" and not np.isfinite([v, w]).all()


def huge_float32(v, w, dtype):
    return dtype == "float32" and 1e38 in (v, w) and np.isfinite([v, w]).all()


DIFFERENCES = {  # by operation: the inputs v and w at which it differs from PyTorch, and the reason
    "relu": (any_nan, "NaN is not above 0, so the slope is 0 as everywhere else; in PyTorch it is 1 (in JAX it is 0)"),
    "abs": (any_nan, "the slope at NaN is NaN, NumPy's sign of it; PyTorch's sign of NaN is 0"),
    "max": (any_nan, "the element that is NaN gets the cotangent, as in torch.max(x); torch.amax gives 0 / 0"),
    "min": (any_nan, "as max"),
    "var": (any_infinite, "the value is NaN, and so are all slopes; in PyTorch those of finite elements are infinite"),
    "std": (huge_float32, "squares are float32, as in NumPy, and overflow; PyTorch computes them in float64"),
    **dict.fromkeys(("conv2d", "conv_transpose2d", "conv2d_weight"),
                    (not_finite_float32, "the frame of zeros belongs to the image, so infinity times 0 is NaN there, "
                                         "as in PyTorch with float64; its float32 leaves the frame out")),
}
WITHOUT_COUNTERPART = {"all_reduce": "needs a group of processes in PyTorch; with one process it is the identity"}


def theirs(torch):
    """By the name of an operation: the same in PyTorch."""
    f = torch.nn.functional

    def over_axes(function, **fixed):
        def reduced(x, axis=None, keepdims=False):
            return function(x, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims, **fixed)
        return reduced

    def on_images(function):
        """A function of images (n, c, h, w) and kernels (out, in, kh, kw), for our order of axes."""
        def played(x, *kernels, **options):
            kernels = [w.permute(3, 2, 0, 1) for w in kernels]
            return function(x.permute(0, 3, 1, 2), *kernels, **options).permute(0, 2, 3, 1)
        return played

    def conv2d_weight(x, y, kernel_size, stride, padding):
        kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        shape, x, y = (y.shape[-1], x.shape[-1], *kernel), x.permute(0, 3, 1, 2), y.permute(0, 3, 1, 2)
        return torch.nn.grad.conv2d_weight(x, shape, y, stride, padding).permute(2, 3, 1, 0)

    def scatter(x, index, shape):
        parts = index if isinstance(index, tuple) else (index,)
        places = [torch.arange(n)[i] if isinstance(i, slice) else torch.tensor(i) for i, n in zip(parts, shape)]
        return torch.zeros(shape, dtype=x.dtype).index_put(tuple(places), x, accumulate=True)

    def moments(x):
        rows = x.reshape(-1, x.shape[-1])
        return torch.stack([rows.mean(0), rows.var(0, correction=0)])

    def batch_norm_coefficients(moments, weight, bias, eps=1e-5):
        scale = weight / torch.sqrt(moments[1] + eps)
        return torch.stack([scale, bias - moments[0] * scale])

    def affine_adjoint(x, g):
        return torch.stack([a.reshape(-1, x.shape[-1]).sum(0) for a in (g * x, g)])

    def relu_backward(x, y, slope=0.0):
        return torch.where(torch.tensor(y) > 0, x, slope * x if slope else torch.zeros_like(x))

    return {
        **{name: getattr(torch, name) for name in (
            "add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "abs", "tanh", "sin", "cos", "sigmoid", "relu",
            "maximum", "minimum", "matmul", "reshape")},
        "pow": lambda a, b: torch.pow(a, b), "softplus": f.softplus, "log_sigmoid": f.logsigmoid,
        "leaky_relu": f.leaky_relu, "relu_backward": relu_backward,
        "where": lambda a, b, condition: torch.where(torch.tensor(condition), a, b),
        "clip": lambda x, low=-0.5, high=0.5: torch.clamp(x, low, high),
        "sum": over_axes(torch.sum), "mean": over_axes(torch.mean), "max": over_axes(torch.amax),
        "min": over_axes(torch.amin), "var": over_axes(torch.var, correction=0),
        "std": over_axes(torch.std, correction=0),
        "softmax": lambda x, axis=-1: torch.softmax(x, axis),
        "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
        "linear": lambda x, w, b: f.linear(x, w.T, b), "moments": moments, "affine_adjoint": affine_adjoint,
        "affine": lambda x, scale_shift: x * scale_shift[0] + scale_shift[1],
        "batch_norm_coefficients": batch_norm_coefficients,
        "broadcast_to": lambda x, shape, over=1: torch.broadcast_to(x, shape) / over,
        "unbroadcast": lambda x, shape: x.sum_to_size(shape),
        "transpose": lambda x, axes=None: x.permute(axes or tuple(reversed(range(x.ndim)))),
        "getitem": lambda x, index: x[index], "scatter": scatter,
        "concatenate": lambda *tensors, axis=-1: torch.cat(tensors, axis),
        "stack": lambda *tensors, axis=0: torch.stack(tensors, axis),
        "pad": lambda x, widths: f.pad(x, [n for pair in reversed(widths) for n in pair]),
        "upsample": on_images(lambda x: f.interpolate(x, scale_factor=2)),
        "average_pool": on_images(lambda x: f.avg_pool2d(x, 2)),
        "conv2d": on_images(f.conv2d), "conv_transpose2d": on_images(f.conv_transpose2d),
        "conv2d_weight": conv2d_weight,
    }


def pairs(dtype, number):
    """The pairs of special values to try: in float64 all for an operation's first case, for the others a few."""
    special = SPECIAL[dtype]
    every = dtype == "float64" and number == 0
    return itertools.product(special, special) if every else zip(special, (*special[4:], *special[:4]))


def placed(arrays, v, w):
    """Copies of arrays with v as first number of the first one, w of the second one (or beside v if there is one)."""
    arrays = [a.copy() for a in arrays]
    arrays[0].flat[0] = v
    if len(arrays) > 1:
        arrays[1].flat[0] = w
    elif arrays[0].size > 1:
        arrays[0].flat[1] = w
    return arrays


def outcomes(torch, function, name, case, arrays):
    """The value and the first derivatives by tinygan, and those by PyTorch."""
    xs = leaves(arrays)
    y = call(name, case, xs)
    weights = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    ours = [y, *tg.grad((y * weights).sum(), xs)]
    xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = function(*xs, **case.options)
    return [t.data for t in ours], [t.detach().numpy() for t in (y, *torch.autograd.grad(y, xs, torch.tensor(weights)))]


@pytest.mark.parametrize("dtype", SPECIAL)
@pytest.mark.parametrize("name", sorted(OPS.keys() - WITHOUT_COUNTERPART))
def test_special_values_are_pytorchs(name, dtype, torch):
    function, (relative, absolute) = theirs(torch)[name], ROUNDING[dtype]
    differs = DIFFERENCES[name][0] if name in DIFFERENCES else lambda *_: False
    excepted, different = 0, 0
    for number, case in enumerate(OPS[name].cases):
        arrays = drawn(case, dtype)
        for v, w in pairs(dtype, number):
            ours, expected = outcomes(torch, function, name, case, placed(arrays, v, w))
            equal = all(np.allclose(a, b, relative, absolute, equal_nan=True) for a, b in zip(ours, expected))
            if differs(v, w, dtype):
                excepted, different = excepted + 1, different + (not equal)
            else:
                assert equal, f"at {v}, {w} in {case}: {ours}, PyTorch {expected}"
    assert bool(excepted) == bool(different), "PyTorch does the same by now: take it from the table DIFFERENCES"


def test_every_operation_has_its_counterpart(torch):
    assert theirs(torch).keys() | WITHOUT_COUNTERPART == OPS.keys()
    assert DIFFERENCES.keys() <= OPS.keys()
