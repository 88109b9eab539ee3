"""Every operation in the table OPS: values, derivatives to second order, dtypes, both array modules; operators."""
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


# --- completeness ---

def test_every_operator_of_a_tensor_is_an_operation():
    known = {op.function for op in OPS.values()}
    for name, f in ops.OPERATORS.items():
        f = f.fget if isinstance(f, property) else f
        inside = {c.cell_contents for c in f.__closure__ or ()}
        assert f in known or inside & known or set(f.__code__.co_names) & OPS.keys(), name


# --- values ---

BY_ADJOINT = {"conv_transpose2d", "conv2d_weight"}  # their values: test_conv.py


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


OF_ONE_NUMBER = {  # options with which an operation takes 0-d tensors
    "broadcast_to": {"shape": ()}, "unbroadcast": {"shape": ()}, "reshape": {"shape": ()}, "pad": {"widths": ()},
    "getitem": {"index": ()}, "scatter": {"index": (), "shape": ()}, "relu_backward": {"y": np.array(1.0)},
    "where": {"condition": np.array(True)}}
NEED_AXES = {"matmul", "linear", "conv2d", "conv_transpose2d", "conv2d_weight", "upsample", "average_pool", "affine",
             "affine_adjoint", "moments", "batch_norm_coefficients", "concatenate", "softmax", "log_softmax"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(OPS.keys() - NEED_AXES))
def test_derivatives_of_a_0_d_tensor(name, dtype):
    """First and second derivatives are arrays of the same dtype, recorded or not, also before other operations."""
    inputs = 0.5, 1.5
    xs = leaves([np.array(v, dtype) for v in inputs[:max(len(case.shapes) for case in OPS[name].cases)]])
    for after in (lambda y: y, lambda y: 2 * y, lambda y: -y.T, lambda y: tg.leaky_relu(y) * y):
        y = after(OPS[name].call(xs, OF_ONE_NUMBER.get(name, {}))).sum()
        bare, recorded = (tg.grad(y, xs, create_graph=create_graph) for create_graph in (False, True))
        squares = sum([g * g for g in recorded if g.requires_grad])
        for create_graph in (False, True) if isinstance(squares, tg.Tensor) else ():
            bare = [*bare, *tg.grad(squares, xs, create_graph, allow_unused=True)]
        for g in [*recorded, *bare]:
            assert g is None or (type(g.data), g.dtype, g.shape) == (np.ndarray, dtype, ())
        np.testing.assert_allclose([g.data for g in bare[:len(xs)]], [g.data for g in recorded], rtol=1e-3)


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
