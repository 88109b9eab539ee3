"""Coloured shapes: the measured factors are the drawn ones."""
import numpy as np
import pytest

from tinygan import data
from tinygan.data.shapes import KINDS, SIDE, Factors, draw_shapes, measure_shapes, shape_factors


@pytest.fixture(scope="module")
def factors():
    return shape_factors(600, np.random.default_rng(0))


def test_images_are_of_their_factors(factors):
    images = draw_shapes(factors)
    assert images.shape == (600, SIDE, SIDE, 3)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (-1, 1)
    assert (images[:, 0] == -1).mean() > 0.95  # the frame is background, except for the tips of triangles
    seen = measure_shapes(images)
    assert np.abs(seen.position - factors.position).max() < 0.12
    assert np.abs(seen.colour - factors.colour).max() < 1e-6
    np.testing.assert_array_equal(seen.kind, factors.kind)


def test_the_measure_bears_noise(factors):
    noisy = draw_shapes(factors) + np.random.default_rng(1).normal(0, 0.15, (600, SIDE, SIDE, 3))
    seen = measure_shapes(noisy)
    for a, b in zip(seen.position.T, factors.position.T):
        assert np.corrcoef(a, b)[0, 1] > 0.99
    assert (seen.kind == factors.kind).mean() > 0.99
    assert np.abs(seen.colour - factors.colour).max() < 0.12


def test_moving_and_colouring_are_seen_alone():
    one = Factors(np.array([[6.0, 9.0]]), np.array([[1.0, 0.5, 0.0]]), np.array([1]))
    for change in ({"position": [[9.0, 7.0]]}, {"colour": [[0.0, 0.2, 1.0]]}, {"kind": [0]}):
        other = one._replace(**{name: np.array(value) for name, value in change.items()})
        seen = measure_shapes(draw_shapes(other))
        for name in Factors._fields:
            np.testing.assert_allclose(getattr(seen, name), getattr(other, name), atol=0.05)


def test_factors_are_uniform_and_independent(factors):
    table = np.column_stack([factors.position, factors.colour, factors.kind])
    for k in range(len(KINDS)):
        assert (factors.kind == k).mean() == pytest.approx(1 / 3, abs=0.06)
    between = np.corrcoef(table.T)[[0, 0, 1, 0, 1], [1, 2, 3, 5, 5]]
    assert np.abs(between).max() < 0.13  # 3 / sqrt(600)
    assert (factors.colour.max(1) == 1).all()
    assert (factors.colour.min(1) == 0).all()


def test_a_blank_image_has_finite_factors():
    for value in (-1.0, 0.0, 1.0):
        assert all(np.isfinite(f).all() for f in measure_shapes(np.full((1, SIDE, SIDE, 3), value)))


def test_the_seed_is_the_only_state():
    a, b, c = (data.shapes(5, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
