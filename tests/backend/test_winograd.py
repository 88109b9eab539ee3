"""Convolutions by nine products instead of sixteen: equal to the plain ones up to rounding, to second order."""
from contextlib import contextmanager
from unittest import mock

import foreign
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import parallel, winograd

LAYER = {"y": (16, 16, 16, 128), "w": (4, 4, 64, 128), "stride": (2, 2)}


@contextmanager
def forced(yes, worth=parallel.MIN_ELEMENTS):
    """Inside, every convolution takes the fast path, or none does."""
    with mock.patch.object(winograd, "pays", return_value=yes), mock.patch.object(parallel, "MIN_ELEMENTS", worth):
        yield


@st.composite
def geometries(draw, most=6):
    """Images, kernels and outputs with an even number of outputs and kernels twice as long as the stride."""
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    out = draw(st.tuples(*[st.integers(1, most // 2).map(lambda half: 2 * half)] * 2))
    padding = [draw(st.integers(0, min(3, ((m + 1) * s - 1) // 2))) for m, s in zip(out, stride)]
    size = [(m + 1) * s - 2 * p + draw(st.integers(0, s - 1)) for m, s, p in zip(out, stride, padding)]
    n, c, o = draw(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shapes = (n, *size, c), (2 * stride[0], 2 * stride[1], c, o), (n, *out, o)
    extra = [(s + 2 * p) % t for s, p, t in zip(size, padding, stride)]
    return *(rng.standard_normal(shape) for shape in shapes), stride, padding, extra


def ones(size, stride, padding, extra):
    """The geometry of images of a size with two outputs in each direction."""
    shapes = (1, *size, 1), (2 * stride[0], 2 * stride[1], 1, 1), (1, 2, 2, 1)
    return *map(np.ones, shapes), stride, padding, extra


def three(x, w, y, stride, padding, extra):
    """The three convolutions of images, kernels and outputs."""
    return (tg.conv2d(x, w, stride, padding), tg.conv2d_weight(x, y, w.shape[:2], stride, padding),
            tg.conv_transpose2d(y, w, stride, padding, extra))


@example(ones((9, 7), (3, 3), (1, 1), (2, 0)), 1, 400)  # windows that leave two rows out
@given(geometries(), st.integers(1, 2), st.integers(1, 400))
def test_it_is_the_plain_convolution(geometry, threads, chunk):
    with forced(False):
        plain = three(*geometry)
    parallel.set_threads(threads)
    try:
        with forced(True, worth=0), mock.patch.object(winograd, "CHUNK", chunk):
            fast = three(*geometry)
    finally:
        parallel.set_threads(1)
    for a, b in zip(fast, plain, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@given(geometries(most=4))
def test_derivatives(geometry):
    x, w, y, stride, padding, extra = geometry
    x, w, y = x[:1, ..., :1], w[..., :1, :1], y[:1, ..., :1]
    with forced(True):
        tg.check_gradients(lambda x, w: tg.conv2d(x, w, stride, padding), x, w)
        tg.check_gradients(lambda y, w: tg.conv_transpose2d(y, w, stride, padding, extra), y, w)
        tg.check_gradients(lambda x, y: tg.conv2d_weight(x, y, w.shape[:2], stride, padding), x, y)


def test_it_rounds_as_the_plain_convolution_does():
    rng = np.random.default_rng(0)
    x, w, y = (rng.standard_normal(shape) for shape in ((2, 32, 32, 64), (4, 4, 64, 128), (2, 16, 16, 128)))
    geometry = (2, 2), (1, 1), (0, 0)
    true = three(x, w, y, *geometry)
    errors = []
    for fast in (False, True):
        with forced(fast):
            results = three(*[a.astype(np.float32) for a in (x, w, y)], *geometry)
        assert {a.dtype for a in results} == {np.dtype(np.float32)}
        errors.append([np.sqrt(np.mean((a - b) ** 2)) / np.std(b) for a, b in zip(results, true, strict=True)])
    assert np.max(errors) < 1e-6
    assert np.max(np.divide(*errors[::-1])) < 3


@pytest.mark.parametrize(("change", "expected"), [
    ({}, True),
    ({"y": (16, 8, 8, 256), "w": (4, 4, 128, 256)}, True),
    ({"y": (16, 4, 4, 512), "w": (4, 4, 256, 512)}, False),  # few outputs, a large kernel
    ({"y": (64, 7, 7, 128)}, False),  # odd
    ({"w": (3, 3, 64, 128)}, False),  # not twice the stride
    ({"stride": (1, 1)}, False),
    ({"w": (4, 4, 32, 128)}, False),  # few channels
    ({"y": (16, 16, 16, 64), "w": (4, 4, 64, 64)}, False),
    ({"a": np.ones(1, np.float32)}, False),  # of two precisions
    ({"a": np.ones(1, int), "b": np.ones(1, int)}, False),
    ({"a": foreign.asarray(np.ones(1)), "b": foreign.asarray(np.ones(1))}, False),
])
def test_when_it_pays(change, expected):
    given = {"a": np.ones(1), "b": np.ones(1), **LAYER, **change}
    assert winograd.pays(given["a"], given["b"], given["y"], given["w"], given["stride"]) is expected


@pytest.mark.fast_forms
@pytest.mark.parametrize("fast", ["correlate", "correlate_weight", "transpose_correlate"])
def test_layers_for_which_it_pays_take_it(fast):
    x, w, y = (np.ones(shape, np.float32) for shape in ((16, 32, 32, 64), LAYER["w"], LAYER["y"]))
    with mock.patch.object(winograd, fast, wraps=getattr(winograd, fast)) as called:
        three(x, w, y, (2, 2), (1, 1), (0, 0))
    assert called.call_count == 1
