"""Distances between samples: known numbers, definitions as loops, bad input."""
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import metrics
from tinygan.metrics import distances
from tinygan.metrics.distances import cubic, matching, rbf

SEED = st.integers(0, 2 ** 32 - 1)
SIZE = st.integers(2, 12)


def drawn(seed, n, m, f):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))


# Integral probability metrics over four classes of functions: T25, T26, T34

def test_a_uniform_law_that_is_shifted_by_theta_is_theta_away():
    u = (np.arange(1000) + .5) / 1000
    for theta in (-.75, 0, .25, 3):
        assert metrics.wasserstein(u, u + theta) == pytest.approx(abs(theta))


# Kernels

def by_loops(a, b, kernel, biased):
    pairs = [(x, y, own) for x, y, own in ((a, a, True), (b, b, True), (a, b, False))]
    means = [np.mean([kernel(x[i:i + 1], y[j:j + 1]).item() for i in range(len(x)) for j in range(len(y))
                      if biased or not own or i != j]) for x, y, own in pairs]
    return means[0] + means[1] - 2 * means[2]


@given(n=SIZE, m=SIZE, f=st.integers(1, 3), seed=SEED, biased=st.booleans())
def test_mmd_agrees_with_loops(n, m, f, seed, biased):
    a, b = drawn(seed, n, m, f)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "CHUNK", 5)
        for kernel in (cubic, rbf(.7)):
            want = by_loops(a, b, kernel, biased)
            assert metrics.mmd_squared(a, b, kernel, biased) == pytest.approx(want, rel=1e-9, abs=1e-9)
    assert cubic(a[:1], b[:1]) == pytest.approx((a[0] @ b[0] / f + 1) ** 3)
    assert rbf(.7)(a[:1], b[:1]) == pytest.approx(np.exp(-((a[0] - b[0]) ** 2).sum() / .98))


def test_the_kernel_distance_has_no_bias(rng):
    small = [metrics.kernel_distance(*rng.normal(size=(2, 20, 3))) for _ in range(400)]
    error = np.std(small) / 20
    assert abs(np.mean(small)) < 4 * error  # 0 under equality, at 20 points too
    assert np.min(small) < 0
    biased = [metrics.mmd_squared(*rng.normal(size=(2, 20, 3)), biased=True) for _ in range(100)]
    assert np.mean(biased) > 10 * error  # as the two-sample test does
    shifted = [metrics.kernel_distance(rng.normal(size=(n, 1)), 1 + rng.normal(size=(n, 1))) for n in [50] * 400]
    # E (x x' + 1)^3 over x, x' and so on: moments 1 0 1 0 of N(0, 1) and 1 1 2 4 of N(1, 1), weights 1 3 3 1
    want = 3 * (0 - 1) ** 2 + 3 * (1 - 2) ** 2 + (0 - 4) ** 2
    assert np.mean(shifted) == pytest.approx(want, abs=4 * np.std(shifted) / 20)


# Transport

@given(n=st.integers(1, 6), d=st.integers(1, 3), seed=SEED)
def test_the_best_matching_is_the_best_of_all(n, d, seed):
    a, b = drawn(seed, n, n, d)
    cost = np.linalg.norm(a[:, None] - b, axis=2)
    want = min(sum(cost[i, p[i]] for i in range(n)) for p in itertools.permutations(range(n))) / n
    assert metrics.wasserstein(a, b) == pytest.approx(want)
    assert sorted(matching(cost)) == list(range(n))


@given(n=st.integers(2, 40), seed=SEED)
def test_matching_and_sorting_agree_on_a_line(n, seed):
    a, b = drawn(seed, n, n, 1)
    flat = [np.pad(x, ((0, 0), (0, 1))) for x in (a, b)]  # the same line in the plane
    assert metrics.wasserstein(*flat) == pytest.approx(metrics.wasserstein(a, b))


@given(n=SIZE, m=SIZE, seed=SEED)
def test_sorting_takes_unequal_numbers(n, m, seed):
    a, b = drawn(seed, n, m, 1)
    grid = np.sort(np.concatenate([a, b]).ravel())
    f, g = (np.searchsorted(np.sort(x.ravel()), grid[:-1], side="right") / len(x) for x in (a, b))
    assert metrics.wasserstein(a, b) == pytest.approx((np.abs(f - g) * np.diff(grid)).sum())
    assert metrics.wasserstein(a.repeat(m, axis=0), b.repeat(n, axis=0)) == pytest.approx(metrics.wasserstein(a, b))


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_sliced_wasserstein_of_a_shift(d, rng):
    x = rng.normal(size=(50, d))
    shift = np.full(d, 2 / math.sqrt(d))  # of length 2
    want = 2 * math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))
    assert metrics.sliced_wasserstein(x, x + shift, rng, directions=10_000) == pytest.approx(want, rel=.02)
    assert metrics.sliced_wasserstein(x, x + shift, rng, directions=1) <= 2 + 1e-9
    if d == 2:
        assert want == pytest.approx(2 * 2 / math.pi)


def test_sliced_wasserstein_draws_from_its_rng_alone():
    a, b = drawn(0, 50, 60, 4)
    values = [metrics.sliced_wasserstein(a, b, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


# Accepted and refused inputs

X = np.zeros((9, 2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda rng: metrics.wasserstein(X, X[:5]),
     "wasserstein: a (9, 2) and b (5, 2) differ in number, expected as many of both"),
    (lambda rng: metrics.wasserstein(X, X[:, :1]), "wasserstein: a (9, 2) and b (9, 1) differ in features"),
    (lambda rng: metrics.wasserstein([], X), "wasserstein: a is empty, its shape is (0,)"),
    (lambda rng: metrics.kernel_distance(X, X[:1]), "mmd_squared: b has 1 row, expected at least 2"),
    (lambda rng: metrics.sliced_wasserstein(X, X, rng, 0),
     "sliced_wasserstein: directions is 0, expected at least 1"),
    (lambda rng: metrics.sliced_wasserstein(X * np.nan, X, rng),
     "sliced_wasserstein: a holds NaN or infinity in 9 of 9 rows"),
])
def test_bad_input_is_refused_in_one_line(call, message, rng):
    with pytest.raises(ValueError) as caught:
        call(rng)
    assert str(caught.value) == message
