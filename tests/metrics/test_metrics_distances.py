"""Distances between samples, 1-NN and two-sample tests: known numbers, definitions as loops, size, power, bad input."""
import itertools
import math
from statistics import NormalDist

import foreign
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import metrics, nn
from tinygan.metrics import distances, two_sample
from tinygan.metrics.distances import cubic, matching, rbf

SEED = st.integers(0, 2 ** 32 - 1)
SIZE = st.integers(2, 12)


def normal(mu=0.0, sd=1.0, n=2000):
    """N(mu, sd^2) as n points of equal weight, its quantiles: no chance in it."""
    law = NormalDist(mu, sd)
    return np.array([[law.inv_cdf((i + .5) / n)] for i in range(n)])


def drawn(seed, n, m, f):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))


# Integral probability metrics over four classes of functions: T25, T26, T34

@pytest.mark.parametrize(("mu", "tv"), [(1, .382925), (2, .682689)])
def test_t25_t34_four_classes_of_functions_see_a_shift(mu, tv):
    a, b = normal(), normal(mu)
    ipm = {name: f(a, b) for name, f in metrics.IPM.items()}
    assert two_sample.bounded(a, b, bins=200) == pytest.approx(2 * tv, abs=.01)
    assert ipm["bounded"] <= 2 * tv + .002  # coarser cells: a smaller class
    assert ipm["linear"] == pytest.approx(mu)
    assert ipm["lipschitz"] == pytest.approx(mu)
    if mu == 1:
        assert ipm["rkhs"] ** 2 == pytest.approx(.177268, abs=1e-3)
        assert ipm["rkhs"] ** 2 == pytest.approx(2 / math.sqrt(3) * (1 - math.exp(-1 / 6)), abs=1e-3)


def test_what_each_class_misses():
    a, b = normal(), normal(sd=2)
    assert two_sample.linear(a, b) == pytest.approx(0, abs=1e-9)  # the means agree
    assert metrics.wasserstein(a, b) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-3)  # T26
    assert two_sample.rkhs(a, b) > .1
    line, other = (np.stack([np.full(50, x), np.linspace(0, 1, 50)], axis=1) for x in (0., .25))  # T27
    assert two_sample.bounded(line, other) == 2  # disjoint, however near
    assert two_sample.linear(line, other) == metrics.wasserstein(line, other) == pytest.approx(.25)


def test_a_uniform_law_that_is_shifted_by_theta_is_theta_away():
    u = (np.arange(1000) + .5) / 1000
    for theta in (-.75, 0, .25, 3):
        assert metrics.wasserstein(u, u + theta) == pytest.approx(abs(theta))


@given(n=SIZE, f=st.integers(1, 3), seed=SEED)
def test_an_ipm_is_a_distance_between_samples(n, f, seed):
    a, b = drawn(seed, n, n, f)
    for ipm in metrics.IPM.values():
        value = ipm(a, b)
        assert value >= 0
        assert ipm(b, a) == pytest.approx(value)
        assert ipm(a, a[::-1]) == pytest.approx(0, abs=1e-6)
    assert two_sample.bounded(a, b) <= 2 + 1e-12  # a sum of weights 1 / n, rounded
    assert two_sample.rkhs(a, b) <= math.sqrt(2)


@given(n=SIZE, f=st.integers(1, 3), seed=SEED)
def test_a_larger_class_of_functions_gives_a_larger_value(n, f, seed):
    a, b = drawn(seed, n, n, f)
    sliced = metrics.sliced_wasserstein(a, b, np.random.default_rng(0))
    whole = metrics.wasserstein(a, b)
    assert two_sample.linear(a, b) <= whole + 1e-9  # |w| <= 1 makes w.x 1-Lipschitz
    assert sliced <= whole + 1e-9  # a projection brings points nearer
    assert two_sample.bounded(a, b, bins=3) <= two_sample.bounded(a, b, bins=6) + 1e-12  # each cell is cut in two


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
    assert np.mean(biased) > 10 * error  # as the test would see it
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
    if d == 2:
        assert want == pytest.approx(2 * 2 / math.pi)


def test_sliced_wasserstein_draws_from_its_rng_alone():
    a, b = drawn(0, 50, 60, 4)
    values = [metrics.sliced_wasserstein(a, b, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


# One nearest neighbour

def one_nn_by_loops(real, fake):
    def right(x, own, other):
        near = sorted(np.linalg.norm(own - x, axis=1))[1]  # the first is the point itself
        far = np.linalg.norm(other - x, axis=1).min()
        return (near < far) + .5 * (near == far)
    return (np.mean([right(x, real, fake) for x in real]) + np.mean([right(y, fake, real) for y in fake])) / 2


@given(n=SIZE, m=SIZE, f=st.integers(1, 3), seed=SEED)
def test_one_nn_agrees_with_loops(n, m, f, seed):
    real, fake = drawn(seed, n, m, f)
    assert metrics.one_nn_accuracy(real, fake) == pytest.approx(one_nn_by_loops(real, fake))


def test_one_nn_of_equal_disjoint_and_memorised_sets(rng):
    real = rng.normal(size=(1000, 3))
    assert metrics.one_nn_accuracy(real, rng.normal(size=(1000, 3))) == pytest.approx(.5, abs=.05)
    assert metrics.one_nn_accuracy(real, rng.normal(size=(300, 3))) == pytest.approx(.5, abs=.06)  # unequal numbers
    assert metrics.one_nn_accuracy(real, real + 100) == 1
    assert metrics.one_nn_accuracy(real, real + 1e-4) == 0  # memorised
    assert metrics.one_nn_accuracy(real, real[:1].repeat(500, axis=0) + .01) > .99  # collapsed
    assert metrics.one_nn_accuracy(np.zeros((9, 2)), np.zeros((9, 2))) == .5  # all ties


# The two tests: size in [.02, .09] at alpha = .05 over 200 nulls, power > .95 at mu = .5, n = 500

def rejected(test, mu, n, times, rng):
    """The share of pairs of samples, N(0, 1) and N(mu, 1), that the test tells apart at alpha = .05."""
    return np.mean([test(rng.normal(size=(n, 1)), rng.normal(mu, size=(n, 1)), rng) <= .05 for _ in range(times)])


def permuted(ipm, permutations=99):
    return lambda a, b, rng: metrics.permutation_test(a, b, metrics.IPM[ipm], rng, permutations)


def classified(a, b, rng):
    return metrics.classifier_test(a, b, rng).p


@pytest.mark.parametrize(("ipm", "n"), [("linear", 50), ("lipschitz", 50), ("rkhs", 20), ("bounded", 50)])
def test_permutation_tests_have_their_size(ipm, n, rng):
    assert .02 <= rejected(permuted(ipm, 39), 0, n, 200, rng) <= .09


@pytest.mark.parametrize("ipm", ["linear", "lipschitz"])
def test_permutation_tests_have_power(ipm, rng):
    assert rejected(permuted(ipm), .5, 500, 60, rng) > .95


@pytest.mark.slow
@pytest.mark.parametrize("ipm", ["bounded", "rkhs"])
def test_costly_permutation_tests_have_power(ipm, rng):
    assert rejected(permuted(ipm, 39), .5, 500, 40, rng) > .95


def test_the_classifier_test_has_its_size(rng):
    assert .02 <= rejected(classified, 0, 100, 200, rng) <= .09


def test_the_classifier_test_has_power(rng):
    assert rejected(classified, .5, 500, 40, rng) > .95


def test_t35_the_classifier_nears_the_best_accuracy(rng):
    """At best 1/2 + TV/2 = Phi(mu / 2); under equality 1/2 with deviation 1 / (2 sqrt n)."""
    a, b = rng.normal(size=(4000, 1)), rng.normal(2, size=(4000, 1))
    assert metrics.classifier_test(a, b, rng).accuracy == pytest.approx(.841345, abs=.02)
    assert metrics.classifier_test(a, b, rng, nn.Dense(1, 1, rng=rng)).accuracy == pytest.approx(.841345, abs=.02)
    null = [metrics.classifier_test(*rng.normal(size=(2, 200, 1)), rng, nn.Dense(1, 1, rng=rng), steps=20).accuracy
            for _ in range(300)]
    assert np.mean(null) == pytest.approx(.5, abs=.01)
    assert np.std(null) == pytest.approx(.5 / math.sqrt(200), rel=.15)


def test_only_a_network_sees_what_no_line_sees(rng):
    a, b = rng.normal(size=(600, 2)), 3 * rng.normal(size=(600, 2))
    assert metrics.classifier_test(a, b, rng).p < 1e-6
    assert metrics.classifier_test(a, b, rng, nn.Dense(2, 1, rng=rng)).accuracy < .6


def test_the_smallest_p_is_one_in_all_divisions(rng):
    p = metrics.permutation_test(np.zeros((9, 1)), np.ones((9, 1)), two_sample.linear, rng, permutations=19)
    assert p == 1 / 20
    same = metrics.permutation_test(np.ones((9, 1)), np.ones((9, 1)), two_sample.linear, rng, permutations=19)
    assert same == 1


# What is taken and what is refused

def test_lists_tensors_and_device_arrays_are_taken():
    a, b = drawn(0, 20, 20, 2)
    want = {name: f(a, b) for name, f in metrics.IPM.items()}
    for kind in (np.ndarray.tolist, tg.Tensor, foreign.asarray):
        assert {name: f(kind(a), kind(b)) for name, f in metrics.IPM.items()} == want
        assert metrics.one_nn_accuracy(kind(a), kind(b)) == metrics.one_nn_accuracy(a, b)


X = np.zeros((9, 2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda rng: metrics.wasserstein(X, X[:5]),
     "wasserstein: a (9, 2) and b (5, 2) differ in number, expected as many of both"),
    (lambda rng: metrics.wasserstein(X, X[:, :1]), "wasserstein: a (9, 2) and b (9, 1) differ in features"),
    (lambda rng: metrics.wasserstein([], X), "wasserstein: a is empty, its shape is (0,)"),
    (lambda rng: metrics.kernel_distance(X, X[:1]), "mmd_squared: b has 1 row, expected at least 2"),
    (lambda rng: metrics.one_nn_accuracy(X[:1], X), "one_nn_accuracy: real has 1 row, expected at least 2"),
    (lambda rng: metrics.sliced_wasserstein(X, X, rng, 0),
     "sliced_wasserstein: directions is 0, expected at least 1"),
    (lambda rng: metrics.sliced_wasserstein(X * np.nan, X, rng),
     "sliced_wasserstein: a holds NaN or infinity in 9 of 9 rows"),
    (lambda rng: two_sample.bounded(X, X, 0), "bounded: bins is 0, expected at least 1"),
    (lambda rng: metrics.permutation_test(X, X, two_sample.linear, rng, 0),
     "permutation_test: permutations is 0, expected at least 1"),
    (lambda rng: metrics.classifier_test(X, X[:4], rng),
     "classifier_test: a (9, 2) and b (4, 2) differ in number, expected as many of both"),
    (lambda rng: metrics.classifier_test(X[:3], X[:3], rng), "classifier_test: a has 3 rows, expected at least 4"),
])
def test_bad_input_is_refused_in_one_line(call, message, rng):
    with pytest.raises(ValueError) as caught:
        call(rng)
    assert str(caught.value) == message
