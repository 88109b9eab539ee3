"""Four classes of functions between two samples, and two tests: known values, size, power, bad input."""
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import metrics, nn
from tinygan.metrics import two_sample

SEED = st.integers(0, 2 ** 32 - 1)
SIZE = st.integers(2, 12)


def normal(mu=0.0, sd=1.0, n=2000):
    """N(mu, sd^2) as n points of equal weight, its quantiles: no random numbers."""
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
    assert two_sample.bounded(line, other) == 2  # disjoint at any distance
    assert two_sample.linear(line, other) == metrics.wasserstein(line, other) == pytest.approx(.25)


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


# The two tests: size in [.02, .09] at alpha = .05 over 200 nulls, power > .95 at mu = .5, n = 500

def rejected(test, mu, n, times, rng):
    """The share of pairs of samples, N(0, 1) and N(mu, 1), that the test tells apart at alpha = .05."""
    return np.mean([test(rng.normal(size=(n, 1)), rng.normal(mu, size=(n, 1)), rng) <= .05 for _ in range(times)])


def permuted(ipm, permutations=99):
    return lambda a, b, rng: metrics.permutation_test(a, b, metrics.IPM[ipm], rng, permutations)


def classified(a, b, rng):
    return metrics.classifier_test(a, b, rng).p


@pytest.mark.parametrize(("ipm", "n"), [
    ("linear", 50), ("lipschitz", 50), *(pytest.param(*costly, marks=pytest.mark.slow) for costly in (
        ("rkhs", 20), ("bounded", 50)))])
def test_permutation_tests_have_their_size(ipm, n, rng):
    assert .02 <= rejected(permuted(ipm, 39), 0, n, 200, rng) <= .09


@pytest.mark.parametrize("ipm", ["linear", "lipschitz"])
def test_permutation_tests_have_power(ipm, rng):
    assert rejected(permuted(ipm), .5, 500, 60, rng) > .95


@pytest.mark.slow
@pytest.mark.parametrize("ipm", ["bounded", "rkhs"])
def test_costly_permutation_tests_have_power(ipm, rng):
    assert rejected(permuted(ipm, 39), .5, 500, 40, rng) > .95


@pytest.mark.slow
def test_the_classifier_test_has_its_size(rng):
    assert .02 <= rejected(classified, 0, 100, 200, rng) <= .09


@pytest.mark.slow
def test_the_classifier_test_has_power(rng):
    assert rejected(classified, .5, 500, 25, rng) > .95


@pytest.mark.slow
def test_t35_the_classifier_nears_the_best_accuracy(rng):
    """At best 1/2 + TV/2 = Phi(mu / 2); under equality 1/2 with deviation 1 / (2 sqrt n)."""
    a, b = rng.normal(size=(4000, 1)), rng.normal(2, size=(4000, 1))
    assert metrics.classifier_test(a, b, rng).accuracy == pytest.approx(.841345, abs=.02)
    assert metrics.classifier_test(a, b, rng, nn.Dense(1, 1, rng=rng)).accuracy == pytest.approx(.841345, abs=.02)
    null = [metrics.classifier_test(*rng.normal(size=(2, 200, 1)), rng, nn.Dense(1, 1, rng=rng), steps=20).accuracy
            for _ in range(200)]
    assert np.mean(null) == pytest.approx(.5, abs=.01)
    assert np.std(null) == pytest.approx(.5 / math.sqrt(200), rel=.15)


def test_the_p_of_the_classifier_test_is_that_of_a_coin(rng):
    """The probability that as many of n tosses or more are right."""
    for mu in (0, 0.2, 0.4):
        a, b = rng.normal(size=(200, 1)), rng.normal(mu, size=(200, 1))
        verdict = metrics.classifier_test(a, b, rng)
        right = round(200 * verdict.accuracy)
        exact = sum(math.comb(200, k) for k in range(right, 201)) / 2**200
        assert verdict.p == pytest.approx(exact, abs=.005)


def test_only_a_network_sees_what_no_line_sees(rng):
    a, b = rng.normal(size=(600, 2)), 3 * rng.normal(size=(600, 2))
    assert metrics.classifier_test(a, b, rng).p < 1e-6
    assert metrics.classifier_test(a, b, rng, nn.Dense(2, 1, rng=rng)).accuracy < .6


def test_the_smallest_p_is_one_in_all_divisions(rng):
    p = metrics.permutation_test(np.zeros((9, 1)), np.ones((9, 1)), two_sample.linear, rng, permutations=19)
    assert p == 1 / 20
    same = metrics.permutation_test(np.ones((9, 1)), np.ones((9, 1)), two_sample.linear, rng, permutations=19)
    assert same == 1


@pytest.mark.parametrize("value", [-1., 0., 1.])
def test_a_constant_statistic_rejects_nothing(value, rng):
    assert metrics.permutation_test(*rng.random((2, 9, 1)), lambda a, b: value, rng, permutations=19) == 1


# Accepted and refused inputs

X = np.zeros((9, 2))


@pytest.mark.parametrize(("call", "message"), [
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
