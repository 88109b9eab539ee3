"""Paths between latents: their ends, their norms, the arc, on both array modules; and arithmetic."""
import foreign
import numpy as np
import pytest
from helpers import host, on
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import tinygan as tg
from tinygan import latent
from tinygan.latent import PATHS, analogy, lerp, path, slerp

every_path = pytest.mark.parametrize("kind", PATHS)


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def norm(x):
    return np.sqrt((x ** 2).sum(axis=tuple(range(1, x.ndim))))


@given(shape=array_shapes(min_dims=2, max_dims=4), steps=st.integers(2, 7), seed=st.integers(0, 99),
       dtype=st.sampled_from([np.float32, np.float64]), kind=st.sampled_from(sorted(PATHS)))
def test_ends_are_exact(shape, steps, seed, dtype, kind):
    a = normal(*shape, seed=seed, dtype=dtype)
    b = np.abs(a) + normal(*shape, seed=seed + 100, dtype=dtype) ** 2  # never opposite to a in one dimension
    a = np.abs(a)
    way = path(a, b, steps, kind)
    assert way.dtype == dtype
    assert way.shape == (shape[0], steps, *shape[1:])
    np.testing.assert_array_equal(way[:, 0], a)
    np.testing.assert_array_equal(way[:, -1], b)


@every_path
def test_the_same_on_both_array_modules(kind):
    a, b = normal(3, 5), normal(3, 5, seed=1)
    way = path(on(foreign, a), on(foreign, b), 4, kind)
    assert isinstance(way, foreign.ForeignArray)
    np.testing.assert_allclose(host(way), path(a, b, 4, kind), rtol=1e-14)


def test_an_analogy_is_a_sum_of_means(xp):
    a, b = normal(3, 5), normal(3, 5, seed=1)
    np.testing.assert_allclose(host(analogy(*(on(xp, v) for v in (a, b, a)))), b.mean(0), rtol=1e-12, atol=1e-15)


def test_lerp_is_straight_and_even():
    a, b = normal(4, 6), normal(4, 6, seed=1)
    way = path(a, b, 5)
    np.testing.assert_allclose(np.diff(way, axis=1), np.repeat((b - a)[:, None] / 4, 4, axis=1), atol=1e-14)


@given(angle=st.floats(0, 3.1), t=st.floats(0, 1), size=st.floats(0.1, 10), growth=st.floats(0.5, 2))
def test_slerp_is_the_arc(angle, t, size, growth):
    """In the plane of a and b: turned by t of the angle, the norm that far on the way from |a| to |b|."""
    turned = lambda w: np.array([[np.cos(w), np.sin(w), 0.0]])
    got = slerp(size * turned(0), growth * size * turned(angle), t)
    expected = size * ((1 - t) + t * growth) * turned(t * angle)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_slerp_of_equal_and_of_nearly_equal_rows(dtype, t):
    a = normal(3, 50, dtype=dtype)
    b = a * dtype(1 + 1e-6) + dtype(1e-5) * normal(3, 50, seed=1, dtype=dtype)
    np.testing.assert_allclose(slerp(a, a, t), a, rtol=1e-6)
    np.testing.assert_allclose(slerp(a, b, t), lerp(a, b, t), atol=2e-6)


def test_slerp_keeps_the_norm():
    a, b = normal(20, 10), normal(20, 10, seed=1)
    b *= (norm(a) / norm(b))[:, None]
    for t in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(norm(slerp(a, b, t)), norm(a), rtol=1e-12)
        assert (norm(lerp(a, b, t)) < norm(a)).all()


def test_t40_latents_lie_on_a_shell_which_straight_paths_leave():
    n, size = 20_000, 100
    draw, rng = tg.game.latent(size), np.random.default_rng(40)
    a, b = draw(n, rng), draw(n, rng)
    within = 4 * np.sqrt(0.5 / n)  # the norm's standard deviation is nearly sqrt(1 / 2) in many dimensions
    assert norm(a).mean() == pytest.approx(9.97503, abs=within)
    assert norm(lerp(a, b, 0.5)).mean() == pytest.approx(7.05341, abs=within)
    assert norm(slerp(a, b, 0.5)).mean() == pytest.approx(9.97503, abs=within)


def test_analogy():
    """A linear generator's images add up as the latents do; the analogy of three latents keeps the distribution."""
    g, (a, b, c) = normal(4, 7, seed=9), normal(3, 3, 4)
    expected = (c @ g).mean(0) - (a @ g).mean(0) + (b @ g).mean(0)
    np.testing.assert_allclose(analogy(a, b, c) @ g, expected, atol=1e-12)
    z = np.stack([analogy(*normal(3, 3, 10, seed=i)) for i in range(2000)])
    assert z.var() == pytest.approx(1, abs=4 * np.sqrt(2 / z.size))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: lerp(np.ones((2, 3)), np.ones((3, 2)), 0.5),
     "lerp: a (2, 3) and b (3, 2), expected two arrays of rows of one shape"),
    (lambda: slerp(np.float64(1), np.float64(1), 0.5),
     "slerp: a () and b (), expected two arrays of rows of one shape"),
    (lambda: slerp(np.zeros((1, 3)), np.ones((1, 3)), 0.5), "slerp: a row is zero, and has no direction"),
    (lambda: slerp(np.ones((1, 3)), -2 * np.ones((1, 3)), 0.5),
     "slerp: two rows are opposite, so no arc between them is the shortest; use a straight path"),
    (lambda: path(np.ones((1, 3)), np.ones((1, 3)), 1), "path: steps is 1, expected at least 2, the ends"),
    (lambda: path(np.ones((1, 3)), np.ones((1, 3)), 3, "curly"),
     "path: kind is 'curly', expected one of straight, spherical"),
])
def test_messages(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_floats_as_times_keep_single_precision():
    a = normal(2, 3, dtype=np.float32)
    assert {kind(a, -a[::-1], 0.25).dtype.name for kind in latent.PATHS.values()} == {"float32"}
