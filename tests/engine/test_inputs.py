"""Inputs and options of operations: those that are accepted, and the message for the others."""
import numpy as np
import pytest

from tinygan.ops import inputs
from tinygan.tensor import Tensor


@pytest.mark.parametrize("x", [np.ones(2, np.int32), np.ones(2), 3, Tensor([1.0, 2.0])])
def test_numbers_with_a_sign_pass(x):
    assert np.array_equal(inputs.signed("f", x), x.data if isinstance(x, Tensor) else x)


def test_unsigned_integers_do_not():
    with pytest.raises(TypeError, match=r"^f: x \(2,\) is of uint8, which has no negative numbers; convert it$"):
        inputs.signed("f", np.ones(2, np.uint8))


@pytest.mark.parametrize(("axis", "axes"), [(None, (0, 1, 2)), (1, (1,)), (-1, (2,)), ((0, -1), (0, 2)), ((), ())])
def test_axes_count_from_zero(axis, axes):
    x = np.ones((2, 3, 4))
    assert inputs.reduced_axes("f", x, axis) == axes
    assert inputs.kept_shape(x, axes) == x.sum(axes, keepdims=True).shape


@pytest.mark.parametrize("axis", [3, -4, (0, 3)])
def test_an_axis_that_x_does_not_have(axis):
    with pytest.raises(ValueError, match=r"^f: x \(2, 3, 4\) has no axis (3|-4)$"):
        inputs.reduced_axes("f", np.ones((2, 3, 4)), axis)


@pytest.mark.parametrize(("index", "repeats"), [
    (0, False), (np.s_[::2, 1], False), (np.array([True, False]), False), ([0, 0], True), (np.s_[:, [1]], True),
    (np.array([0, 1]), True), (range(2), True)])
def test_only_sequences_and_arrays_of_integers_may_repeat(index, repeats):
    assert inputs.may_repeat(index) is repeats


def test_an_index_loses_its_tensors():
    rows, x = Tensor([0, 1]), np.ones((2, 2))
    assert inputs.bare_index(rows, x) is rows.data
    assert inputs.bare_index((rows, 1), x)[0] is rows.data


def test_what_the_rules_keep_is_copied_only_where_they_are_recorded():
    x, constant, values = Tensor(np.ones(2), requires_grad=True), Tensor(np.ones(2)), [np.ones(2), [1, [2]]]
    for value in values:
        assert inputs.snapshot(value, constant, np.ones(2)) is value
        copied = inputs.snapshot(value, constant, x)
        assert copied is not value
        np.testing.assert_array_equal(copied[0], value[0])
    assert inputs.snapshot(values[1], x)[1] is not values[1][1]
    assert inputs.bare_index((values[0], None, slice(1)), x)[1:] == (None, slice(1))


@pytest.mark.parametrize(("value", "expected"), [(2, (2, 2)), ((1, 3), (1, 3)), ([1, 1], (1, 1)),
                                                 (np.int64(1), (1, 1))])
def test_an_option_for_both_directions(value, expected):
    assert inputs.pair("f", "stride", value, 1) == expected


@pytest.mark.parametrize("value", [0, (1, 0), (1, 2, 3), (1.0, 1)])
def test_an_option_that_is_no_pair(value):
    with pytest.raises(ValueError, match=r"^f: stride is .*, expected an integer of at least 1, or two of them$"):
        inputs.pair("f", "stride", value, 1)


def test_images_and_kernels_meet_in_their_channels():
    w = np.ones((3, 3, 2, 5))
    inputs.check_channels("f", np.ones((1, 4, 4, 2)), w, -1, -2)
    inputs.check_channels("f", np.ones((1, 4, 4, 5)), w, -1, -1)
    with pytest.raises(ValueError, match=r"^f: x \(1, 4, 4, 5\) has 5 channels, w \(3, 3, 2, 5\) expects 2$"):
        inputs.check_channels("f", np.ones((1, 4, 4, 5)), w, -1, -2)
    with pytest.raises(ValueError, match=r"^f: x \(4, 4\) has 2 dimensions, expected \(n, h, w, channels\)$"):
        inputs.check_channels("f", np.ones((4, 4)), w, -1, -2)
