"""Metrics of points of a known mixture: known values, bounds, bad input."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import data, metrics

SEED = st.integers(0, 2 ** 32 - 1)
RING = (data.ring_means(), 0.01)
GRID = (data.grid_means(), 0.05)


# Mixtures

@pytest.mark.parametrize(("draw", "means", "sigma", "kl"), [(data.ring, *RING, .0014), (data.grid, *GRID, .0048)])
def test_a_perfect_sampler_scores_what_theory_says(draw, means, sigma, kl, rng):
    runs = [metrics.mixture(draw(2500, rng), means, sigma) for _ in range(100)]
    assert all(r["modes"] == len(means) for r in runs)
    assert np.mean([r["hq"] for r in runs]) == pytest.approx(1 - np.exp(-4.5), abs=.001)  # the mean's sd is .0002
    assert np.mean([r["reverse_kl"] for r in runs]) == pytest.approx(kl, rel=.2)


def test_a_collapsed_sampler_has_one_mode_and_the_largest_reverse_kl(rng):
    scores = metrics.mixture(data.ring(2500, rng, modes=1), *RING)
    assert scores["modes"] == 1
    assert scores["hq"] > .98
    assert scores["reverse_kl"] == pytest.approx(np.log(8))


def test_half_the_modes_cost_log_2(rng):
    points = data.ring(20_000, rng, modes=4)
    scores = metrics.mixture(points, *RING)
    assert scores["modes"] == 4
    assert scores["reverse_kl"] == pytest.approx(np.log(2), abs=.001)


@pytest.mark.parametrize("factor", [.5, 2, 5])
def test_width_shows_in_the_share_of_high_quality_alone(factor, rng):
    scores = metrics.mixture(data.grid(20_000, rng, sigma=.05 * factor), *GRID)
    assert scores["hq"] == pytest.approx(1 - np.exp(-4.5 / factor ** 2), abs=.01)
    assert scores["modes"] == 25


def test_a_point_counts_up_to_three_sigma_and_for_the_nearest_mean():
    means = np.array([[0., 0.], [4., 0.], [9., 0.]])
    scores = metrics.mixture([[2.9, 0], [1.5, 0], [3.1, 0], [0, 3.1]], means, 1.0)  # 2.9 is the second mean's
    assert scores["modes"] == 2
    assert scores["hq"] == .75
    q = np.array([1, 2]) / 3
    assert scores["reverse_kl"] == pytest.approx((q * np.log(3 * q)).sum())


def test_no_point_of_high_quality():
    assert metrics.mixture(np.full((9, 2), 50.), *RING) == {"modes": 0, "hq": 0, "reverse_kl": np.log(8)}


@given(n=st.integers(1, 40), k=st.integers(1, 6), d=st.integers(1, 4), seed=SEED)
def test_mixture_stays_within_its_bounds(n, k, d, seed):
    rng = np.random.default_rng(seed)
    scores = metrics.mixture(rng.normal(size=(n, d)), rng.normal(size=(k, d)), .5)
    assert 0 <= scores["modes"] <= min(n, k)
    assert 0 <= scores["hq"] <= 1
    assert 0 <= scores["reverse_kl"] <= np.log(k) + 1e-12


def test_tensors_and_lists_are_taken(rng):
    points = data.ring(100, rng)
    assert metrics.mixture(tg.Tensor(points), *RING) == metrics.mixture(points.tolist(), *RING)


# Bad input

NAN = np.array([[0., 1.], [np.nan, 0.]])
X = np.zeros((9, 2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.mixture(NAN, *RING), "mixture: samples holds NaN or infinity in 1 of 2 rows"),
    (lambda: metrics.mixture(X[:, :1], *RING), "mixture: samples (9, 1) and means (8, 2) differ in dimension"),
    (lambda: metrics.mixture(X[:0], *RING), "mixture: samples is empty, its shape is (0, 2)"),
    (lambda: metrics.mixture(X[0], *RING), "mixture: samples has shape (2,), expected (n, d)"),
    (lambda: metrics.mixture([["a", "b"]], *RING), "mixture: samples has dtype <U1, expected numbers"),
    (lambda: metrics.mixture(X, RING[0], 0), "mixture: sigma is 0, expected a positive number"),
    (lambda: metrics.evaluate_points(X, RING[0], np.nan), "mixture: sigma is nan, expected a positive number"),
    (lambda: metrics.reverse_kl([2, -1]), "reverse_kl: counts holds -1, expected no negative number"),
])
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
