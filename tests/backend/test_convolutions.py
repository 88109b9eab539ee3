"""The forms of the convolutions on NumPy arrays: parts of the batch change nothing."""
from unittest import mock

import numpy as np
import pytest
from geometries import geometries, remainder
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import convolutions


@pytest.mark.usefixtures("without_loops")
@given(geometries(), st.integers(1, 9), st.integers(1, 400))
def test_a_batch_in_parts_is_the_same_to_rounding(geometry, times, chunk):
    x, w, y, stride, padding = geometry
    x, y = (np.concatenate([a + i for i in range(times)]) for a in (x, y))
    extra = remainder(x, w, stride, padding)
    functions = (lambda: tg.conv2d(x, w, stride, padding), lambda: tg.conv2d_weight(x, y, w.shape[:2], stride, padding),
                 lambda: tg.conv_transpose2d(y, w, stride, padding, extra))
    whole = [f() for f in functions]
    with mock.patch.object(convolutions, "CHUNK", chunk):
        parts = [f() for f in functions]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("n", "width", "kernel", "expected"), [
    (6, 1, 1, [6]), (6, convolutions.CHUNK, 1, [1] * 6), (7, convolutions.CHUNK // 3, 1, [2, 2, 3]),
    (6, convolutions.CHUNK, convolutions.CHUNK, [2, 2, 2]), (0, 5, 1, []), (2, 0, 0, [2])])
def test_parts_are_equal_and_their_rows_larger_than_the_kernel(n, width, kernel, expected):
    assert [part.stop - part.start for part in convolutions._parts(n, width, kernel)] == expected


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kernel", [(2, 3), (5, 7)])
def test_an_infinite_pixel_reaches_only_its_window(kernel):
    """The kernel is no multiple of the stride."""
    y = np.ones((1, 3, 3, 2))
    y[0, 1, 1] = np.inf
    more = [max(4 - k, 0) for k in kernel]
    expected = np.zeros([8 + k + m for k, m in zip(kernel, more)], bool)
    expected[4:4 + kernel[0], 4:4 + kernel[1]] = True
    x = tg.conv_transpose2d(y, np.ones((*kernel, 1, 2)), stride=4, output_padding=more)
    np.testing.assert_array_equal(x[0, ..., 0] == np.inf, expected)
    assert not np.isnan(x).any()
