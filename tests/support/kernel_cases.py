"""Calls of every kernel of the library, awkward shapes among them, and what they come to on another array module."""
import numpy as np

from tinygan import updates
from tinygan.backend import kernels
from tinygan.nn import norm
from tinygan.ops import elementwise, normalise

CALLS = []  # (name of the kernel, function, a function (rng, dtype) -> arguments)


def calls(name, function, *makers):
    CALLS.extend((name, function, make) for make in makers)


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
    return np.array([0, -0.0, 1, -1, 30, -30, 80, -80, 1e-6, -1e-6, 1e30, -1e30], dtype)


ONE = normal(7), normal(1), normal(0), normal(), normal(3, 0), strided(3, 4), special
for _name, _function, _numbers in (("sigmoid", kernels.sigmoid, ()), ("log_sigmoid", kernels.log_sigmoid, ()),
                                   ("leaky_relu", kernels.leaky_relu, (0.2,))):
    calls(_name, _function, *[arguments(a, *_numbers) for a in ONE])
for _name, _function, _numbers in (("relu_backward", kernels.relu_backward, (0.2,)),
                                   ("relu_backward", kernels.relu_backward, (0.0,)),
                                   ("tanh_slope", elementwise._tanh_slope, ()),
                                   ("log_sigmoid_slope", elementwise._log_sigmoid_slope, ())):
    calls(_name, _function, *[arguments(a, b, *_numbers) for a, b in zip(ONE[:-1], ONE)])
    calls(_name, _function, arguments(normal(12), special, *_numbers))

MATRICES = (1, 1), (1, 9), (300, 3), (2, 16), (129, 8), (2, 5, 3, 17), (0, 3)
for _shape in MATRICES:
    for _make in (normal, strided):
        calls("column_sums", kernels.column_sums, arguments(_make(*_shape)))
        calls("affine_adjoint", kernels.affine_adjoint, arguments(_make(*_shape), _make(*_shape)))
        calls("affine", kernels.affine,
              *[arguments(_make(*_shape), strided(2, _shape[-1]), slope) for slope in (1.0, 0.2, 0.0)])
        if _shape[0]:
            calls("moments", kernels.moments, arguments(_make(*_shape)))
for _c in (1, 5):
    for _make in (normal, strided):
        _two, _one = _make(2, _c), _make(_c)
        calls("batch_norm_coefficients", kernels.batch_norm_coefficients, arguments(positive(_two), _one, _one, 1e-3))
        calls("moments_slope", normalise._moments_slope, arguments(_two, _two, 12))
        calls("batch_norm_coefficients_slope", normalise._batch_norm_coefficients_slope,
              arguments(_two, _two, positive(_two), 1e-3))
        calls("weight_slope", normalise._weight_slope, arguments(_one, _one, _one, positive(_one), 1e-3))
        calls("follow", norm._follow, arguments(_two, 0.1, 12 / 11, _one, _one))

for _x, _kernel, _stride, _padding in (((2, 4, 5, 3), (3, 3), (1, 1), (1, 1)), ((1, 7, 6, 2), (4, 4), (2, 2), (1, 1)),
                                       ((2, 6, 7, 1), (3, 2), (2, 3), (1, 0)), ((1, 2, 3, 2), (1, 1), (3, 2), (0, 2)),
                                       ((1, 1, 1, 1), (1, 1), (1, 1), (0, 0)), ((0, 4, 4, 2), (2, 2), (2, 2), (0, 0))):
    _out = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(_x[1:3], _kernel, _stride, _padding))
    _rows = _x[0] * _out[0] * _out[1], _kernel[0] * _kernel[1] * _x[3]
    for _make in (normal, strided):
        calls("windows", kernels.windows, arguments(_make(*_x), _kernel, _out, _stride, _padding))
        calls("overlaps", kernels.overlaps, arguments(_make(*_rows), _x, _kernel, _out, _stride, _padding))

for _shape in ((7,), (1,), (0,)):
    for _make in (normal, strided):
        _v = _make(*_shape)
        calls("add", updates._add, arguments(_v, -0.3, _v))
        calls("average", updates._average, arguments(_v, 0.001, _v))
        calls("adam", updates._adam, arguments(_v, 0.5, 0.5, 0.999, 1 - 0.999, 2.0, 1000.0, 1e-8, _v, positive(_v), _v))
for _many in ([normal(3)], [normal(2, 3), strided(3, 2), normal(0), normal()],
              [lambda rng, dtype: rng.standard_normal((3, 4)).astype(dtype).T, normal(1)]):
    calls(f"join_{len(_many)}", kernels.join, lambda rng, dtype, many=_many: [[make(rng, dtype) for make in many]])

IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CALLS)]


def results(function, args, xp=np, host=np.asarray):
    """What a call returns and what it leaves in its arguments, on the host, computed on arrays of module xp."""
    def moved(a):
        if isinstance(a, list):
            return [moved(x) for x in a]
        if not isinstance(a, np.ndarray):
            return a
        if a.ndim and a.size and a.strides[-1] != a.itemsize and not a.flags.c_contiguous:  # as it lies on the host
            wide = xp.asarray(np.repeat(a, 2, -1))
            return wide[..., ::2]
        return xp.asarray(a) if xp is not np else a.copy()
    args = [moved(a) for a in args]
    with np.errstate(all="ignore"):
        got = function(*args)
    flat = [] if any(got is a for a in args) else [got]  # a kernel that works in place returns its output
    flat += [x for a in args for x in (a if isinstance(a, list) else [a])]
    return [np.asarray(host(a)) for a in flat if hasattr(a, "dtype")]


def drawn(call, dtype):
    """The function and the arguments of a call."""
    _, function, make = call
    return function, make(np.random.default_rng(5), np.dtype(dtype).type)
