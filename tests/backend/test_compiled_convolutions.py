"""Convolutions in compiled loops: equal to the plain ones, to second order, in parts of any size."""
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from form_cases import PRECISION
from geometries import geometries, remainder
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import compiled

pytestmark = pytest.mark.usefixtures("compiled_loops")


@contextmanager
def windows(threads=2, chunk=1 << 21):
    """Inside, convolutions run by windows as rows, in parts of the batch."""
    from tinygan.backend import compiled_convolutions, compiled_winograd
    with mock.patch.object(compiled_winograd, "pays", return_value=False), \
            mock.patch.object(compiled_convolutions, "CHUNK", chunk), mock.patch.object(compiled, "threads", threads):
        yield


def three(x, w, y, stride, padding):
    """The three convolutions of images, kernels and outputs."""
    return (tg.conv2d(x, w, stride, padding), tg.conv2d_weight(x, y, w.shape[:2], stride, padding),
            tg.conv_transpose2d(y, w, stride, padding, remainder(x, w, stride, padding)))


def agree(x, w, y, stride, padding, dtype, threads=2, chunk=1 << 21):
    x, w, y = (a.astype(dtype) for a in (x, w, y))
    with tg.plain():
        expected = three(*[a.astype(float) for a in (x, w, y)], stride, padding)
    with windows(threads, chunk):
        got = three(x, w, y, stride, padding)
    rtol = PRECISION[dtype][0]
    for a, b in zip(got, expected, strict=True):
        assert (a.dtype, a.shape) == (x.dtype, b.shape)
        np.testing.assert_allclose(a, b, rtol, rtol * max(1, np.abs(b).max()))


@pytest.mark.parametrize("dtype", PRECISION)
def test_it_is_the_plain_convolution(dtype):
    @given(geometries(), st.integers(1, 3), st.integers(1, 400))
    def check(geometry, threads, chunk):
        agree(*geometry, dtype, threads, chunk)
    check()


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(("x", "kernel", "o", "stride", "padding"), [
    ((1, 1, 1, 1), (1, 1), 1, (1, 1), (0, 0)), ((3, 1, 9, 2), (1, 3), 2, (1, 2), (0, 1)),
    ((2, 9, 1, 2), (3, 1), 2, (2, 1), (1, 0)), ((1, 2, 2, 1), (5, 5), 1, (1, 1), (3, 3)),
    ((2, 5, 5, 3), (2, 2), 4, (3, 3), (0, 0)),  # pixels that no window sees
    ((17, 20, 20, 16), (5, 5), 24, (1, 1), (2, 2)), ((64, 14, 14, 8), (4, 4), 16, (2, 2), (1, 1))])
def test_thin_padded_and_large_shapes(x, kernel, o, stride, padding, dtype):
    rng = np.random.default_rng(0)
    out = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(x[1:3], kernel, stride, padding)]
    arrays = (rng.standard_normal(shape) for shape in (x, (*kernel, x[3], o), (x[0], *out, o)))
    agree(*arrays, stride, padding, dtype)


def test_nothing_in_nothing_out():
    """An empty batch goes to the other forms."""
    x, w, y = np.ones((0, 5, 5, 2)), np.ones((3, 3, 2, 3)), np.ones((0, 3, 3, 3))
    got = three(x, w, y, (1, 1), (0, 0))
    assert [a.shape for a in got] == [(0, 3, 3, 3), (3, 3, 2, 3), (0, 5, 5, 2)]
    assert not got[1].any()


@given(geometries())
def test_derivatives(geometry):
    x, w, y, stride, padding = geometry
    x, w, y = x[:1, ..., :1].copy(), w[..., :1, :1].copy(), y[:1, ..., :1].copy()
    extra = remainder(x, w, stride, padding)
    with windows():
        tg.check_gradients(lambda x, w: tg.conv2d(x, w, stride, padding), x, w)
        tg.check_gradients(lambda y, w: tg.conv_transpose2d(y, w, stride, padding, extra), y, w)
        tg.check_gradients(lambda x, y: tg.conv2d_weight(x, y, w.shape[:2], stride, padding), x, y)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_special_pixel_reaches_only_its_window(value):
    x, w = np.ones((2, 9, 9, 2)), np.ones((3, 3, 2, 2))
    x[0, 4, 4, 1] = value
    with tg.plain():
        expected = tg.conv2d(x, w, 2, 1), tg.conv_transpose2d(x, w, 2, 1)
    with windows():
        got = tg.conv2d(x, w, 2, 1), tg.conv_transpose2d(x, w, 2, 1)
    for a, b in zip(got, expected):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("n", "out", "columns", "threads", "expected"), [
    (6, 1, 1, 2, [6]), (6, 1 << 11, 1 << 10, 1, [1] * 6), (6, 1 << 11, 1 << 10, 2, [2] * 3),
    (7, 1 << 11, 1 << 10, 2, [1, 2, 2, 2]), (7, 1 << 10, 1 << 12, 1, [3, 4]), (1, 1 << 15, 1 << 15, 2, [1])])
def test_parts(n, out, columns, threads, expected, monkeypatch):
    """The rows of a part fit into memory for each core, and are no fewer than their columns."""
    from tinygan.backend.compiled_convolutions import divided
    monkeypatch.setattr(compiled, "threads", threads)
    assert [part.stop - part.start for part in divided(n, (out, 1), columns)] == expected


@pytest.mark.parametrize("wrong", ["_windows", "_overlaps"])
def test_a_wrong_loop_is_seen(wrong, monkeypatch):
    from tinygan.backend import compiled_convolutions
    right = getattr(compiled_convolutions, wrong)
    monkeypatch.setattr(compiled_convolutions, wrong, lambda a, c, kernel, out, stride, padding, b:
                        right(a, c, kernel, out, stride, (0, 0), b))  # forgets the padding
    rng = np.random.default_rng(0)
    x, w, y = (rng.normal(size=shape) for shape in ((2, 5, 5, 2), (3, 3, 2, 2), (2, 5, 5, 2)))
    with pytest.raises(AssertionError):
        agree(x, w, y, (1, 1), (1, 1), "float64")
