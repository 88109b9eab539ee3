"""Arguments for every accelerated function and every kernel: awkward shapes, shapes on both sides of every bound."""
import copy
from types import SimpleNamespace

import numpy as np

import tinygan as tg
from tinygan.backend import cuda
from tinygan.backend.accelerated import PLAIN
from tinygan.ops import conv

CASES = {}  # by the name of an accelerated function: functions (rng, dtype) -> arguments
CALLS = []  # for every kernel: its name, a function that launches it, the plain function, arguments (rng, dtype) -> ...


def cases(name, *makers):
    CASES.setdefault(name, []).extend(makers)


def kernel(name, function, plain, *makers):
    CALLS.extend((name, function, plain, make) for make in makers)


def both(kernel_name, name, *makers):
    """Arguments of an accelerated function that has a kernel."""
    module, _, function = name.rpartition(".")
    cases(name, *makers)
    kernel(kernel_name, getattr(__import__(f"tinygan.{module}", fromlist=[function]), function), PLAIN[name], *makers)


def normal(*shape):
    return lambda rng, dtype: rng.standard_normal(shape).astype(dtype)


def strided(*shape):
    """An array that is not contiguous: every other column of a transposed one."""
    return lambda rng, dtype: rng.standard_normal((*shape[:-1], 2 * shape[-1])).astype(dtype)[..., ::2]


def positive(make):
    return lambda rng, dtype: np.abs(make(rng, dtype)) + dtype(0.1)


def arguments(*parts):
    """Arrays are drawn, numbers stay."""
    return lambda rng, dtype: [part(rng, dtype) if callable(part) else part for part in parts]


def special(rng, dtype):
    """Values at which a formula may fail."""
    return np.array([0, -0.0, 1, -1, 30, -30, 80, -80, 1e-6, -1e-6, 1e30, -1e30, 1e-40, np.inf, -np.inf, np.nan], dtype)


def infinite(rng, dtype):
    """Cotangents before a choice: no product of infinity and 0 may come from the branch that is not taken."""
    return np.array([np.inf, -np.inf, np.nan, 1] * 4, dtype)


def anything(*extra, count=1):
    """Twelve cases: arrays of one random shape, at times empty, contiguous or not, and numbers after them."""
    def of(seed):
        rng = np.random.default_rng(seed)
        shape, how = rng.integers(0, 9, rng.integers(1, 4)), strided if rng.integers(2) else normal
        return arguments(*[how(*shape)] * count, *extra)
    return [of(seed) for seed in range(12)]


ONE = normal(7), normal(1), normal(0), normal(), normal(3, 0), strided(3, 4), special
for _kernel, _name, _numbers in (("sigmoid", "_sigmoid", ()), ("log_sigmoid", "_log_sigmoid", ()),
                                 ("leaky_relu", "_leaky_relu", (0.2,))):
    both(_kernel, f"ops.elementwise.{_name}", *[arguments(a, *_numbers) for a in ONE],
         *anything(*_numbers))
cases("ops.choices._select", *[arguments(a, lambda rng, dtype, a=a: np.asarray(a(rng, dtype) > 0)) for a in ONE],
      arguments(infinite, lambda rng, dtype: special(rng, dtype) > 0), arguments(strided(3, 4), np.arange(4) % 2 > 0))
cases("ops.elementwise._relu", *[arguments(a) for a in ONE], *anything())
for _kernel, _name, _numbers in (("relu_backward", "_relu_backward", (0.2,)),
                                 ("relu_backward", "_relu_backward", (0.0,)), ("tanh_backward", "_tanh_backward", ()),
                                 ("log_sigmoid_backward", "_log_sigmoid_backward", ())):
    both(_kernel, f"ops.elementwise.{_name}", *[arguments(a, b, *_numbers) for a, b in zip(ONE[:-1], ONE)],
         arguments(normal(16), special, *_numbers), *([arguments(infinite, normal(16), *_numbers)] if _numbers else []),
         *anything(*_numbers, count=2))

MATRICES = (1, 1), (1, 9), (300, 3), (2, 16), (129, 8), (2, 5, 3, 17), (0, 3)
BOUND = (4095, 1), (4096, 1), (1365, 3), (1366, 3)  # elements from which a product with ones takes the sum's place
PARTS = (2047, 3), (2048, 3), (3 * 1024 + 1, 2)  # numbers of rows from which they are added up in parts
for _shape in MATRICES + BOUND + PARTS:
    _axes = tuple(range(len(_shape) - 1))
    for _make in (normal, strided):
        for _kept in (False, True):
            cases("ops.shape._total", arguments(_make(*_shape), _axes, _kept))
            if _shape[0]:
                cases("ops.reduce._mean", arguments(_make(*_shape), _axes, _kept))
for _axes in (None, (0, 1, 2), (2,), (0, 2), (1,), (0,), ()):  # contiguous in memory, or not
    for _make in (normal, strided):
        cases("ops.shape._total", arguments(_make(4, 700, 2), _axes, False))
for _slope in (0.0, 0.2):
    both("affine_relu", "backend.fusion._affine_relu",
         *[arguments(lambda rng, dtype, make=make: make(rng, dtype)[:, None], positive(normal(2, 1)), _slope)
           for make in (infinite, special)])
cases("backend.arrays.plus", arguments(special, infinite), arguments(normal(), normal()),
      arguments(normal(3, 1), normal(1, 2)))
for _shape in MATRICES + BOUND:
    for _make in (normal, strided):
        kernel("column_sums", cuda.column_sums, lambda x: x.sum(tuple(range(x.ndim - 1))),
               *([arguments(_make(*_shape))] if _shape[0] else []))
        both("affine_adjoint", "ops.normalise._affine_adjoint", arguments(_make(*_shape), _make(*_shape)))
        both("affine_relu", "ops.normalise._affine", arguments(_make(*_shape), _make(2, _shape[-1])))
        both("affine_relu", "backend.fusion._affine_relu",
             *[arguments(_make(*_shape), _make(2, _shape[-1]), slope) for slope in (1.0, 0.2, 0.0)])
        cases("backend.fusion._scale", arguments(_make(*_shape), _make(2, _shape[-1])))
        cases("backend.arrays.plus", arguments(_make(*_shape), _make(*_shape)),
              arguments(_make(*_shape), _make(_shape[-1])), arguments(_make(*_shape), _make(*_shape[:-1], 1)),
              arguments(_make(*_shape), normal()))
        if _shape[0]:
            both("moments", "ops.normalise._moments", arguments(_make(*_shape)))
for _c in (1, 5):
    for _make in (normal, strided):
        _two, _one = _make(2, _c), _make(_c)
        both("batch_norm_coefficients", "ops.normalise._coefficients",
             arguments(positive(_two), _one, _one, 1e-3))
        both("moments_backward", "ops.normalise._moments_backward", arguments(_two, _two, 12))
        both("batch_norm_coefficients_backward", "ops.normalise._coefficients_backward",
             arguments(_two, _two, positive(_two), 1e-3))
        both("weight_backward", "ops.normalise._weight_backward", arguments(_one, _one, _one, positive(_one), 1e-3))
        both("follow", "nn.norm._follow", arguments(_one, _one, _two, 0.1, 12 / 11))

GEOMETRIES = (((2, 4, 5, 3), (3, 3), (1, 1), (1, 1)), ((1, 7, 6, 2), (4, 4), (2, 2), (1, 1)),
              ((2, 6, 7, 1), (3, 2), (2, 3), (1, 0)), ((1, 2, 3, 2), (1, 1), (3, 2), (0, 2)),
              ((1, 1, 1, 1), (1, 1), (1, 1), (0, 0)), ((0, 4, 4, 2), (2, 2), (2, 2), (0, 0)),
              ((50, 14, 14, 8), (4, 4), (2, 2), (1, 1)),  # a batch in several parts
              ((2, 32, 32, 64), (4, 4), (2, 2), (1, 1)))  # wide enough for Winograd's, with 128 channels out
for _x, _kernel, _stride, _padding in GEOMETRIES:
    _out = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(_x[1:3], _kernel, _stride, _padding))
    _rows = _x[0] * _out[0] * _out[1], _kernel[0] * _kernel[1] * _x[3]
    _o = 128 if _x[3] == 64 else 3
    _y, _w = (_x[0], *_out, _o), (*_kernel, _x[3], _o)
    for _make in (normal, strided):
        if _x[3] < 64:
            kernel("windows", cuda.windows, conv.windows, arguments(_make(*_x), _kernel, _out, _stride, _padding))
            kernel("overlaps", cuda.overlaps, conv.overlaps,
                   arguments(_make(*_rows), _x, _kernel, _out, _stride, _padding))
        cases("ops.conv.correlate", arguments(_make(*_x), _make(*_w), _out, _stride, _padding))
        cases("ops.conv.correlate_weight", arguments(_make(*_x), _make(*_y), _kernel, _stride, _padding))
        cases("ops.conv.transpose_correlate", arguments(_make(*_y), _make(*_w), _x[1:3], _stride, _padding))

for _size in (7, 1, 0, 65_535, 65_536, 65_537, 200_000):
    for _make in (normal, strided):
        _v = _make(_size)
        both("add", "updates._add", arguments(_v, -0.3, _v))
        both("average", "updates._average", arguments(_v, _v, 0.999))
        both("adam", "updates.adam_step", arguments(_v, _v, positive(_v), 0.5, 1e-3, 0.5, 0.999, 1e-8))
for _many in ([normal(3)], [normal(2, 3), strided(3, 2), normal(0), normal()],
              [lambda rng, dtype: rng.standard_normal((3, 4)).astype(dtype).T, normal(1)]):
    both(f"join_{len(_many)}", "updates._join", lambda rng, dtype, many=_many: [[make(rng, dtype) for make in many]])

for _count in (1, 8, 9, 17, 70):  # CuPy copies addresses for more than 8
    for _axis in (0, 1, -1):
        _parts = [(strided if k % 2 else normal)(*[k % 3 if a == _axis % 2 else 2 for a in range(2)])
                  for k in range(_count)]
        cases("ops.shape._concatenate", lambda rng, dtype, parts=_parts, axis=_axis:
              [[make(rng, dtype) for make in parts], axis])

for _a, _b in (((5, 1), (1, 7)), ((5, 2), (2, 7)), ((3, 5, 2), (2, 7)), ((0, 1), (1, 3))):
    cases("ops.linear.product", arguments(normal(*_a), normal(*_b)), arguments(strided(*_a), strided(*_b)))
    cases("ops.linear._linear", arguments(normal(*_a), normal(*_b), normal(_b[-1])))
for _shape, _whole in (((3,), (2, 3)), ((2, 1, 4), (2, 3, 4)), ((), (2, 2)), ((1, 1), (0, 5))):
    cases("ops.shape._repeat", *[arguments(normal(*_shape), _whole, over) for over in (1, 6)])


def _layers(rng, dtype):
    """A network with batch normalisation before each activation, and images for it."""
    nn = tg.nn
    net = nn.Sequential(nn.BatchNorm(3), nn.ReLU(), nn.BatchNorm(3), nn.LeakyReLU(0.2), nn.BatchNorm(3), nn.Tanh(),
                        nn.BatchNorm(3)).astype(dtype)
    net.theta[:] += rng.standard_normal(net.theta.shape).astype(dtype)
    return [net, rng.standard_normal((4, 5, 2, 3)).astype(dtype)]


def _in_use(rng, dtype):
    """The network in evaluation mode, and rows for it."""
    return [_layers(rng, dtype)[0].eval(), rng.standard_normal((2, 3)).astype(dtype)]


cases("nn.layers.Sequential.forward", _layers, _in_use)


def _game(rng, dtype):
    """The inputs of the discriminator's outputs: a dense discriminator, real and generated examples, no condition."""
    nn = tg.nn
    d = nn.Sequential(nn.Dense(2, 5, rng=rng), nn.LeakyReLU(0.2), nn.Sequential(nn.Dense(5, 1, rng=rng))).astype(dtype)
    return [SimpleNamespace(discriminator=d), *[tg.Tensor(rng.standard_normal((4, 2)).astype(dtype)) for _ in "12"], []]


cases("game.step.logits", _game)

IDS = [f"{name}-{i}" for i, (name, *_) in enumerate(CALLS)]


def moved(a, xp):
    """Arguments on an array module, lying in memory as on the host; networks too."""
    if isinstance(a, list):
        return [moved(x, xp) for x in a]
    if isinstance(a, tg.nn.Module):
        return copy.deepcopy(a) if xp is np else copy.deepcopy(a).apply(xp.asarray)
    if isinstance(a, SimpleNamespace):
        return SimpleNamespace(**{name: moved(x, xp) for name, x in vars(a).items()})
    if isinstance(a, tg.Tensor):
        return tg.Tensor(moved(a.data, xp))
    if not isinstance(a, np.ndarray):
        return a
    if a.ndim and a.size and a.strides[-1] != a.itemsize and not a.flags.c_contiguous:
        return xp.asarray(np.repeat(a, 2, -1))[..., ::2]
    return xp.asarray(a) if xp is not np else a.copy()


def results(function, args, host=np.asarray):
    """The result of a call and the arrays in its arguments after it, on the host."""
    with np.errstate(all="ignore"):
        got = function(*args)
    found = list(got) if isinstance(got, tuple) else [got]
    for a in args:
        if isinstance(a, tg.nn.Module):
            found += [getattr(owner, attribute) for _, owner, attribute in a.named_buffers()]
        else:
            found += a if isinstance(a, list) else [a]
    return [np.asarray(host(tg.unwrap(a))) for a in found if hasattr(a, "dtype")]


PRECISION = {"float32": (3e-5, 3e-6), "float64": (1e-12, 1e-13)}  # relative, and absolute for numbers near 1
SUMS = ("conv.", "_total", "_mean", "_moments", "_affine_adjoint", "affine_adjoint", "moments", "column_sums",
        "linear.", "Sequential")


def assert_close(name, got, expected, dtype):
    """Equal up to rounding, in value, shape and dtype; a sum rounds relative to the largest of the results."""
    relative, absolute = PRECISION[dtype]
    assert [(a.shape, a.dtype) for a in got] == [(a.shape, a.dtype) for a in expected]
    for a, b in zip(got, expected, strict=True):
        size = max(1.0, float(np.abs(b).max(initial=0))) if any(part in name for part in SUMS) else 1.0
        np.testing.assert_allclose(a, b, relative, absolute * size)


def drawn(make, dtype, seed=5):
    """The arguments that a case draws."""
    return make(np.random.default_rng(seed), np.dtype(dtype).type)
