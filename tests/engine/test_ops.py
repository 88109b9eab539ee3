"""Every operation in the table OPS: values, derivatives to second order, dtypes, both array modules."""
import inspect
import types

import foreign
import numpy as np
import pytest
from helpers import CASES, call, drawn, host, leaves, on
from meanings import NUMPY

import tinygan as tg
from tinygan import ops
from tinygan.ops import OPS

every_case = pytest.mark.parametrize(("name", "i"), CASES, ids=[f"{name}-{i}" for name, i in CASES])


def gradients(name, case, arrays, xp=np, create_graph=False, seed=2):
    """Value and gradients of an operation weighed with a random cotangent."""
    xs = leaves(arrays, xp)
    y = call(name, case, xs, xp)
    cotangent = np.random.default_rng(seed).standard_normal(y.shape).astype(arrays[0].dtype)
    return y, tg.grad((y * on(xp, np.asarray(cotangent))).sum(), xs, create_graph=create_graph)


@every_case
def test_derivatives_to_second_order(name, i):
    case = OPS[name].cases[i]
    tg.check_gradients(lambda *xs: call(name, case, xs), *drawn(case))


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d", "conv2d_weight"])
def test_convolutions_to_third_order(name):
    for case in OPS[name].cases:
        tg.check_gradients(lambda *xs: call(name, case, xs), *drawn(case), order=3)


# --- completeness ---

NOT_OPERATIONS = {"check_gradients", "grad", "no_grad", "plain", "record", "split", "tune", "unwrap",  # of the top
                  "correlate", "correlate_weight", "transpose_correlate", "product", "windows", "overlaps"}  # on arrays

PLUMBING = {"tinygan.ops.registry", "tinygan.ops.inputs"}


def functions_of(module, package="tinygan.ops"):
    return {name: f for name, f in vars(module).items() if inspect.isfunction(f) and not name.startswith("_")
            and f.__module__.startswith(package)}


def test_no_public_operation_is_left_unchecked():
    public = {name: f for name, f in functions_of(tg, "tinygan").items() if name not in NOT_OPERATIONS}
    for module in vars(ops).values():
        if isinstance(module, types.ModuleType) and module.__name__ not in PLUMBING:
            public.update((name, f) for name, f in functions_of(module).items()
                          if f.__module__ == module.__name__ and name not in NOT_OPERATIONS)
    assert len(public) > 30
    assert public == {name: op.function for name, op in OPS.items()}


def test_every_operation_has_a_case():
    for name, op in OPS.items():
        assert op.cases, name
        assert all(case.shapes for case in op.cases), name


def test_every_operator_of_a_tensor_is_an_operation():
    known = {op.function for op in OPS.values()}
    for name, f in ops.OPERATORS.items():
        f = f.fget if isinstance(f, property) else f
        inside = {c.cell_contents for c in f.__closure__ or ()}
        assert f in known or inside & known or set(f.__code__.co_names) & OPS.keys(), name


# --- values ---

BY_ADJOINT = {"conv_transpose2d", "conv2d_weight"}  # their values: test_convolutions.py


def test_every_operation_has_a_definition():
    assert NUMPY.keys() | BY_ADJOINT == OPS.keys()


@pytest.mark.parametrize(("name", "i"), [c for c in CASES if c[0] in NUMPY])
def test_value_is_numpys(name, i):
    case = OPS[name].cases[i]
    arrays = drawn(case)
    expected = NUMPY[name](*arrays, **case.options)
    for xs in (arrays, leaves(arrays)):
        got = call(name, case, xs)
        assert got.shape == expected.shape
        np.testing.assert_allclose(host(got), expected, rtol=1e-12, atol=1e-14)


# --- arrays and Tensors, dtypes ---

@every_case
def test_arrays_in_arrays_out(name, i):
    case = OPS[name].cases[i]
    arrays = drawn(case)
    bare = call(name, case, arrays)
    assert isinstance(bare, (np.ndarray, np.float64))
    constant = call(name, case, [tg.Tensor(a) for a in arrays])
    assert isinstance(constant, tg.Tensor)
    assert not constant.requires_grad
    assert constant.edges == ()
    np.testing.assert_array_equal(bare, constant.data)


@every_case
def test_one_gradient_on_arrays_and_on_tensors(name, i):
    case = OPS[name].cases[i]
    _, bare = gradients(name, case, drawn(case))
    _, recorded = gradients(name, case, drawn(case), create_graph=True)
    for a, b in zip(bare, recorded):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-13, atol=1e-15)


@every_case
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_no_other_precision(name, i, dtype):
    case = OPS[name].cases[i]
    for create_graph in (False, True):
        xs = leaves(drawn(case, dtype))
        y = call(name, case, xs)
        assert y.dtype == dtype
        slopes = tg.grad(y.sum(), xs, create_graph=create_graph)
        assert [s.dtype for s in slopes] == [dtype] * len(xs)
        if create_graph and any(s.requires_grad for s in slopes):
            second = tg.grad(sum((s * s).sum() for s in slopes), xs, allow_unused=True)
            assert {s.dtype for s in second if s is not None} <= {np.dtype(dtype)}


TWO_OPERANDS = {"add": tg.Tensor.__add__, "sub": tg.Tensor.__sub__, "mul": tg.Tensor.__mul__,
                "div": tg.Tensor.__truediv__, "pow": tg.Tensor.__pow__, "radd": tg.Tensor.__radd__,
                "rsub": tg.Tensor.__rsub__, "rmul": tg.Tensor.__rmul__, "rdiv": tg.Tensor.__rtruediv__,
                "rpow": tg.Tensor.__rpow__, "maximum": tg.maximum, "where": lambda x, s: tg.where(x > 0, x, s),
                "clip": lambda x, s: tg.clip(x, -s, s), "leaky_relu": lambda x, s: tg.leaky_relu(x, s / 2)}


@pytest.mark.parametrize("name", TWO_OPERANDS)
@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2)], ids=["int", "float", "float64", "float32"])
def test_a_number_does_not_change_the_precision(name, number):
    [x] = leaves([np.array([0.5, 1.5], np.float32)])
    y = TWO_OPERANDS[name](x, number)
    slope = tg.grad(y.sum(), [x])[0]
    recorded = tg.grad(y.sum(), [x], create_graph=True)[0]
    assert y.dtype == slope.dtype == recorded.dtype == np.float32
    tg.check_gradients(lambda x: TWO_OPERANDS[name](x, number), [0.5, 1.4])


@every_case
def test_inputs_are_not_changed(name, i):
    case = OPS[name].cases[i]
    arrays = drawn(case)
    for a in arrays:
        a.flags.writeable = False
    _, slopes = gradients(name, case, arrays, create_graph=True)
    if any(s.requires_grad for s in slopes):
        assert sum((s * s).sum() for s in slopes).shape == ()
    for a, b in zip(arrays, drawn(case)):
        np.testing.assert_array_equal(a, b)


@every_case
def test_inputs_need_not_be_contiguous(name, i):
    case = OPS[name].cases[i]
    arrays = drawn(case)
    strided = [np.repeat(a.T, 2, axis=0)[::2].T if a.ndim else a for a in arrays]
    assert all(not s.flags.c_contiguous or s.size <= max(s.shape, default=1) for s in strided)
    for a, b in zip(gradients(name, case, arrays), gradients(name, case, strided)):
        for s, t in zip(*([v] if isinstance(v, tg.Tensor) else v for v in (a, b))):
            np.testing.assert_allclose(s.data, t.data, rtol=1e-12, atol=1e-14)


# --- the foreign array ---

@every_case
def test_the_same_on_the_foreign_array(name, i):
    case = OPS[name].cases[i]
    results = []
    for xp in (np, foreign):
        y, slopes = gradients(name, case, drawn(case), xp, create_graph=True)
        _, bare = gradients(name, case, drawn(case), xp)
        xs = leaves(drawn(case), xp)
        slope = tg.grad(sum((g * g).sum() for g in tg.grad((call(name, case, xs, xp) ** 2).sum(), xs, True)), xs)
        results.append([y, *slopes, *bare, *slope])
    for a, b in zip(*results):
        assert isinstance(b.data, foreign.ForeignArray)
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.data, host(b), rtol=1e-12, atol=1e-14)


# --- operators and comparisons ---

def test_operators_on_both_sides(xp):
    x, a = leaves([np.array([1.0, 2.0])], xp)[0], on(xp, np.array([3.0, 4.0]))
    for y, expected in [(x + a, [4, 6]), (a + x, [4, 6]), (x - a, [-2, -2]), (a - x, [2, 2]), (a * x, [3, 8]),
                        (x * a, [3, 8]), (a / x, [3, 2]), (a ** x, [3, 16]), (x ** a, [1, 16]), (a @ x, 11),
                        (x @ a, 11),
                        (2 - x, [1, 0]), (2 / x, [2, 1]), (2 ** x, [2, 4]), (-x, [-1, -2]), (abs(-x), [1, 2])]:
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(host(y), expected)


def test_comparisons_are_bare_arrays_of_bools():
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    other = tg.Tensor([2.0, 2.0, 2.0])
    for got, expected in [(x < 2, [1, 0, 0]), (x <= other, [1, 1, 0]), (x > other, [0, 0, 1]), (x >= 2, [0, 1, 1]),
                          (x == other, [0, 1, 0]), (x != 2, [1, 0, 1]), (np.float64(2) > x, [1, 0, 0])]:
        assert got.dtype == bool
        np.testing.assert_array_equal(got, np.array(expected, bool))


def test_methods_are_the_functions():
    x = np.arange(24.0).reshape(2, 3, 4)
    t = tg.Tensor(x)
    for got, expected in [(t.sum(1), x.sum(1)), (t.mean((0, 2)), x.mean((0, 2))), (t.max(), x.max()),
                          (t.var(-1, True), x.var(-1, keepdims=True)), (t.reshape(4, -1), x.reshape(4, -1)),
                          (t.reshape((6, 4)), x.reshape(6, 4)),
                          (t.transpose(2, 0, 1), x.transpose(2, 0, 1)), (t.transpose(), x.T), (t.T, x.T),
                          (t.transpose((1, 0, 2)), x.transpose(1, 0, 2)), (t[0, ::2], x[0, ::2])]:
        np.testing.assert_allclose(got.data, expected)


# --- corners ---

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stable_far_out(dtype):
    x = tg.Tensor(np.array([-1000, 0, 1000], dtype), requires_grad=True)
    for f, value, slope in [(tg.sigmoid, [0, 0.5, 1], [0, 0.25, 0]), (tg.softplus, [0, np.log(2), 1000], [0, 0.5, 1]),
                            (tg.log_sigmoid, [-1000, -np.log(2), 0], [1, 0.5, 0]), (tg.tanh, [-1, 0, 1], [0, 1, 0]),
                            (tg.softmax, [0, 0, 1], [0, 0, 0]), (tg.log_softmax, [-2000, -1000, 0], [1, 1, -2])]:
        y = f(x)
        np.testing.assert_allclose(y.data, value, rtol=1e-6)
        np.testing.assert_allclose(tg.grad(y.sum(), [x])[0].data, slope, atol=1e-6)


def test_slopes_at_the_kinks():
    x = tg.Tensor([0.0, 0.5, -0.5], requires_grad=True)
    for f, expected in [(tg.relu, [0, 1, 0]), (tg.abs, [0, 1, -1]), (tg.leaky_relu, [0.01, 1, 0.01]),
                        (tg.clip, [1, 1, 1]), (lambda x: tg.maximum(x, 0.0), [0.5, 1, 0])]:
        np.testing.assert_allclose(tg.grad(f(x).sum(), [x])[0].data, expected)
    same = tg.Tensor([1.0, 1.0, 0.0], requires_grad=True)
    np.testing.assert_allclose(tg.grad(tg.max(same), [same])[0].data, [0.5, 0.5, 0])


def test_whole_powers_at_zero_to_third_order():
    tg.check_gradients(lambda x: x ** 2 + x ** 1 + x ** 0, [0.0, 1.0], order=3)


def test_large_sums_are_sums(xp):
    x = np.random.default_rng(0).standard_normal((40, 15, 8))  # above the size at which `total` uses BLAS
    for axis in (None, 0, (0, 1), -1, (0, 2)):
        for keepdims in (False, True):
            np.testing.assert_allclose(host(tg.sum(on(xp, x), axis, keepdims)), x.sum(axis, keepdims=keepdims))


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.matmul(np.ones((2, 3)), np.ones((4, 5))), r"matmul: a (2, 3) has 3 columns, b (4, 5) has 4 rows"),
    (lambda: tg.matmul(np.ones((2, 3)), np.ones(())), r"matmul: a (2, 3) has 3 columns, b () has no rows"),
    (lambda: tg.sum(np.ones((2, 3)), 2), "sum: x (2, 3) has no axis 2"),
    (lambda: tg.max(np.ones((2, 3)), (0, -3)), "max: x (2, 3) has no axis -3"),
    (lambda: tg.mean(np.ones((0, 3)), 0), "mean: x (0, 3) is empty over axis 0"),
    (lambda: tg.leaky_relu(np.ones(2), -0.1), "leaky_relu: negative_slope is -0.1, expected 0 to 1"),
    (lambda: tg.conv2d(np.ones((2, 5, 5, 3)), np.ones((4, 4, 2, 8))),
     "conv2d: x (2, 5, 5, 3) has 3 channels, w (4, 4, 2, 8) expects 2"),
    (lambda: tg.conv2d(np.ones((5, 5, 3)), np.ones((4, 4, 3, 8))),
     "conv2d: x (5, 5, 3) has 3 dimensions, expected (n, h, w, channels)"),
    (lambda: tg.conv2d(np.ones((2, 3, 5, 2)), np.ones((4, 4, 2, 8))),
     "conv2d: x (2, 3, 5, 2) with padding (0, 0) is smaller than the kernel (4, 4)"),
    (lambda: tg.conv2d(np.ones((2, 5, 5, 2)), np.ones((4, 4, 2, 8)), stride=0),
     "conv2d: stride is 0, expected an integer of at least 1, or two of them"),
    (lambda: tg.conv_transpose2d(np.ones((2, 5, 5, 2)), np.ones((4, 4, 2, 8))),
     "conv_transpose2d: x (2, 5, 5, 2) has 2 channels, w (4, 4, 2, 8) expects 8"),
    (lambda: tg.conv_transpose2d(np.ones((2, 5, 5, 8)), np.ones((4, 4, 2, 8)), 2, 1, 2),
     "conv_transpose2d: output_padding (2, 2) must be smaller than stride (2, 2)"),
    (lambda: tg.conv_transpose2d(np.ones((2, 1, 1, 8)), np.ones((2, 2, 2, 8)), 1, 2),
     "conv_transpose2d: x (2, 1, 1, 8), kernel (2, 2) and padding (2, 2) leave no pixel"),
    (lambda: tg.average_pool(np.ones((2, 5, 4, 3))),
     "average_pool: x (2, 5, 4, 3), expected (n, h, w, channels) with h and w even"),
    (lambda: tg.conv2d_weight(np.ones((2, 5, 5, 2)), np.ones((2, 3, 3, 4)), 4),
     "conv2d_weight: y (2, 3, 3, 4) does not fit x (2, 5, 5, 2): expected (2, 2, 2) before the channels"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
