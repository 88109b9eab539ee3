"""Convolutions by nine products instead of sixteen: equal to the plain ones up to rounding, to second order."""
from contextlib import contextmanager
from unittest import mock

import foreign
import loops
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import compiled

pytestmark = pytest.mark.usefixtures("compiled_loops")
LAYER = {"y": (16, 16, 16, 128), "w": (4, 4, 64, 128), "stride": (2, 2)}


@pytest.fixture(scope="module")
def winograd():
    """The module of the file, which needs numba."""
    pytest.importorskip("numba")
    from tinygan.backend import compiled_winograd
    return compiled_winograd


@contextmanager
def forced(yes, threads=2, chunk=1 << 21):
    """Inside, every convolution takes the fast path, or none does."""
    from tinygan.backend import compiled_convolutions, compiled_winograd
    with tg.plain() if not yes else mock.patch.object(compiled_winograd, "pays", return_value=True), \
            mock.patch.object(compiled_convolutions, "CHUNK", chunk), mock.patch.object(compiled, "threads", threads):
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
@given(geometries(), st.integers(1, 3), st.integers(1, 400))
def test_it_is_the_plain_convolution(geometry, threads, chunk):
    with forced(False):
        plain = three(*geometry)
    with forced(True, threads, chunk):
        fast = three(*geometry)
    for a, b in zip(fast, plain, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("c", [511, 513, 1100])
def test_channels_in_pieces(c):
    """More channels than are mapped at once."""
    rng = np.random.default_rng(0)
    shapes = (2, 6, 6, c), (4, 4, c, 2), (2, 2, 2, 2)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    with forced(False):
        plain = three(*arrays, (2, 2), (0, 0), (0, 0))
    with forced(True):
        fast = three(*arrays, (2, 2), (0, 0), (0, 0))
    for a, b in zip(fast, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(b).max())


@given(geometries(most=4))
def test_derivatives(geometry):
    x, w, y, stride, padding, extra = geometry
    x, w, y = x[:1, ..., :1].copy(), w[..., :1, :1].copy(), y[:1, ..., :1].copy()
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
    ({"w": (4, 4, 32, 128)}, True),
    ({"w": (4, 4, 31, 128)}, False),  # few channels
    ({"y": (16, 16, 16, 64), "w": (4, 4, 64, 64)}, True),
    ({"y": (16, 16, 16, 63), "w": (4, 4, 64, 63)}, False),
    ({"a": np.ones(1, np.float32)}, False),  # of two precisions
    ({"a": np.ones(1, int), "b": np.ones(1, int)}, False),
    ({"a": foreign.asarray(np.ones(1)), "b": foreign.asarray(np.ones(1))}, False),
])
def test_when_it_pays(change, expected):
    given = {"a": np.ones(1), "b": np.ones(1), **LAYER, **change}
    assert loops.real_pays()(given["a"], given["b"], given["y"], given["w"], given["stride"]) is expected


MAPS = {"images": (3, False), "outputs": (2, False), "kernel": (2, True)}  # blocks in a tile; whether it is one tile


def kind_of(back, size, tiles):
    return size, tiles == (1, 1), back


def test_layers_for_which_it_pays_take_it(winograd):
    x, w, y = (np.ones(shape, np.float32) for shape in ((16, 32, 32, 64), LAYER["w"], LAYER["y"]))
    with mock.patch.object(winograd, "_map", side_effect=winograd._map) as called:
        three(x, w, y, (2, 2), (1, 1), (0, 0))
    seen = {kind_of(*call.args[2:5]) for call in called.call_args_list}
    assert seen == {(*kind, back) for kind in MAPS.values() for back in (False, True)}


@pytest.mark.parametrize("wrong", MAPS)
def test_a_wrong_map_is_seen(wrong, winograd, monkeypatch):
    right = winograd._map

    def changed(x, nine, back, size, tiles, stride, padding):
        right(x, nine, back, size, tiles, stride, padding)
        if kind_of(back, size, tiles) == (*MAPS[wrong], False):
            np.negative(nine, out=nine)
    monkeypatch.setattr(winograd, "_map", changed)
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((2, 10, 10, 3), (4, 4, 3, 2), (2, 4, 4, 2))]
    with forced(False):
        plain = three(*arrays, (2, 2), (0, 0), (0, 0))
    with forced(True):
        fast = three(*arrays, (2, 2), (0, 0), (0, 0))
    assert not all(np.allclose(a, b) for a, b in zip(fast, plain, strict=True))
