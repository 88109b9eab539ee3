"""Operations on random shapes: broadcasting, reductions, indices, pieces put together, products."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan.ops.shape import getitem, scatter, unbroadcast

sizes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)


def normal(*shapes):
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 2.0, shape) for shape in shapes]


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), st.data())
def test_broadcasting(shapes, data):
    a, b = normal(*shapes.input_shapes)
    f = data.draw(st.sampled_from([tg.Tensor.__add__, tg.Tensor.__sub__, tg.Tensor.__mul__, tg.Tensor.__truediv__,
                                   tg.Tensor.__pow__, tg.maximum, lambda a, b: tg.where(a < b, a, b)]))
    assert f(tg.Tensor(a), tg.Tensor(b)).shape == shapes.result_shape
    tg.check_gradients(f, a, b)


@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 4), max_dims=3))
def test_broadcast_and_its_adjoint(shapes):
    small, large = shapes.input_shapes[0], shapes.result_shape
    x, y = normal(small, large)
    np.testing.assert_array_equal(tg.broadcast_to(x, large), np.broadcast_to(x, large))
    np.testing.assert_allclose(np.vdot(tg.broadcast_to(x, large), y), np.vdot(x, unbroadcast(y, small)))
    tg.check_gradients(lambda x: tg.broadcast_to(x, large), x)
    tg.check_gradients(lambda y: unbroadcast(y, small), y)


@given(sizes, st.data())
def test_reductions(shape, data):
    ndim = len(shape)
    axes = data.draw(st.none() | hnp.valid_tuple_axes(ndim, min_size=1) | st.integers(-ndim, ndim - 1))
    keepdims = data.draw(st.booleans())
    x = np.random.default_rng(4).standard_normal(shape)
    for f, expected in [(tg.sum, np.sum), (tg.mean, np.mean), (tg.var, np.var), (tg.max, np.max)]:
        np.testing.assert_allclose(f(x, axes, keepdims), expected(x, axis=axes, keepdims=keepdims), atol=1e-15)
        tg.check_gradients(lambda x: f(x, axes, keepdims), x)


@given(sizes, st.data())
def test_softmax(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(5).standard_normal(shape)
    np.testing.assert_allclose(tg.softmax(x, axis).sum(axis), 1)
    np.testing.assert_allclose(np.exp(tg.log_softmax(x, axis)), tg.softmax(x, axis))
    tg.check_gradients(lambda x: tg.softmax(x, axis), x)
    tg.check_gradients(lambda x: tg.log_softmax(x, axis), x)


def _index(shape):
    """Any index of NumPy into an array of this shape."""
    rows = st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=4)
    return st.one_of(hnp.basic_indices(shape, allow_newaxis=True), hnp.integer_array_indices(shape),
                     hnp.arrays(bool, shape), rows, rows.map(np.array), rows.map(lambda r: (tuple(r),)),
                     st.tuples(st.just(slice(None)), rows.map(lambda r: [i % shape[1] for i in r]))
                     if len(shape) > 1 else rows)


@given(sizes, st.data())
def test_index_and_scatter(shape, data):
    index = data.draw(_index(shape))
    x = np.random.default_rng(6).standard_normal(shape)
    picked = getitem(x, index)
    np.testing.assert_array_equal(picked, x[index])
    y = np.random.default_rng(7).standard_normal(picked.shape)
    np.testing.assert_allclose(np.vdot(picked, y), np.vdot(x, scatter(y, index, shape)), atol=1e-12)
    tg.check_gradients(lambda x: x[index], x)
    tg.check_gradients(lambda y: scatter(y, index, shape), y)


@given(sizes, st.data())
def test_concatenate_stack_pad(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    ends = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    parts = normal(*[tuple(n if i == axis % len(shape) else m for i, m in enumerate(shape)) for n in ends])
    np.testing.assert_array_equal(tg.concatenate(parts, axis), np.concatenate(parts, axis))
    tg.check_gradients(lambda *xs: tg.concatenate(xs, axis) ** 2, *parts)
    layers = normal(shape, shape)
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    np.testing.assert_array_equal(tg.stack(layers, axis), np.stack(layers, axis))
    tg.check_gradients(lambda *xs: tg.stack(xs, axis) ** 2, *layers)
    widths = data.draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * len(shape)))
    np.testing.assert_array_equal(tg.pad(layers[0], widths), np.pad(layers[0], widths))
    tg.check_gradients(lambda x: tg.pad(x, widths) ** 2, layers[0])


@given(sizes, st.data())
def test_reshape_and_transpose(shape, data):
    [x] = normal(shape)
    axes = tuple(i - len(shape) * data.draw(st.booleans()) for i in data.draw(st.permutations(range(len(shape)))))
    np.testing.assert_array_equal(tg.transpose(x, axes), np.transpose(x, axes))
    tg.check_gradients(lambda x: tg.transpose(x, axes) ** 2, x)
    tg.check_gradients(lambda x: x.T.reshape((1, -1)) ** 2, x)


@given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3))
def test_matmul(shapes):
    a, b = normal(*shapes.input_shapes)
    product = tg.matmul(a, b)
    assert np.shape(product) == shapes.result_shape
    np.testing.assert_allclose(product, a @ b)
    tg.check_gradients(tg.matmul, a, b)


@pytest.mark.oracle
@given(shape=sizes)
def test_softmax_is_torchs(torch, shape):
    x = np.random.default_rng(8).standard_normal(shape)
    for ours, theirs in [(tg.softmax, torch.softmax), (tg.log_softmax, torch.log_softmax)]:
        a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b, -1)
        np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12)
        [slope], [expected] = tg.grad((y ** 3).sum(), [a]), torch.autograd.grad((z ** 3).sum(), b)
        np.testing.assert_allclose(slope.data, expected, atol=1e-12)
