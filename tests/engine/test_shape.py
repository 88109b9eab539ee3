"""Operations that change shapes: broadcasting, indices, pieces put together."""
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan.ops.shape import getitem, scatter, unbroadcast

sizes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)


def normal(*shapes):
    rng = np.random.default_rng(3)
    return [rng.uniform(0.5, 2.0, shape) for shape in shapes]


@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 4), max_dims=3))
def test_broadcast_and_its_adjoint(shapes):
    small, large = shapes.input_shapes[0], shapes.result_shape
    x, y = normal(small, large)
    np.testing.assert_array_equal(tg.broadcast_to(x, large), np.broadcast_to(x, large))
    np.testing.assert_allclose(np.vdot(tg.broadcast_to(x, large), y), np.vdot(x, unbroadcast(y, small)))
    tg.check_gradients(lambda x: tg.broadcast_to(x, large), x)
    tg.check_gradients(lambda y: unbroadcast(y, small), y)


def test_a_repeated_whole_number_is_divided():
    np.testing.assert_array_equal(tg.broadcast_to(np.array([[1], [2]]), (2, 3), 4), [[0.25] * 3, [0.5] * 3])


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
