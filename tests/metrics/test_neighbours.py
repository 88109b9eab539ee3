"""Metrics by nearest neighbours: definitions as loops, known values, memory, bad input."""
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import metrics

SEED = st.integers(0, 2 ** 32 - 1)
SIZE = st.integers(2, 12)


def drawn(seed, n, m, f):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))


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


# Accepted and refused inputs

X = np.zeros((9, 2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda rng: metrics.one_nn_accuracy(X[:1], X), "one_nn_accuracy: real has 1 row, expected at least 2"),
])
def test_bad_samples_for_one_nn_are_refused(call, message, rng):
    with pytest.raises(ValueError) as caught:
        call(rng)
    assert str(caught.value) == message


prdc = metrics.precision_recall_density_coverage


# Neighbours

def by_loops(real, fake, k):
    """The definitions of Naeem et al., one pair of points at a time."""
    def distance(x, y):
        return float(np.linalg.norm(x - y))

    def radius(points, i):
        others = {tuple(p) for p in points} - {tuple(points[i])}
        return sorted(distance(points[i], p) for p in others)[k - 1]
    real_radius = [radius(real, i) for i in range(len(real))]
    fake_radius = [radius(fake, j) for j in range(len(fake))]
    inside = [[distance(y, x) <= r for x, r in zip(real, real_radius)] for y in fake]
    others = [sum(distance(x, other) <= r for other in real) - 1 for x, r in zip(real, real_radius)]
    return {"precision": np.mean([any(row) for row in inside]),
            "recall": np.mean([any(distance(x, y) <= r for y, r in zip(fake, fake_radius)) for x in real]),
            "density": np.mean([sum(is_in / n for is_in, n in zip(row, others)) for row in inside]),
            "coverage": np.mean([any(column) for column in zip(*inside)])}


@given(n=st.integers(7, 30), m=st.integers(7, 30), f=st.integers(1, 4), k=st.integers(1, 6), seed=SEED)
def test_neighbours_agree_with_loops(n, m, f, k, seed):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k))


@given(n=st.integers(7, 30), m=st.integers(7, 30), k=st.integers(1, 6), seed=SEED)
def test_copies_agree_with_loops(n, m, k, seed):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    fake[:m // 2] = real[rng.integers(n, size=m // 2)]
    real, fake = (np.concatenate([x, x[rng.integers(len(x), size=20)]]) for x in (real, fake))
    fake = np.concatenate([fake, real[:k + 1] + .01])  # more than k distinct points
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k))
    assert metrics.one_nn_accuracy(real, fake) == pytest.approx(one_nn_by_loops(real, fake))


def test_copies_of_all_points_change_no_score_but_density(rng):
    real, fake = rng.normal(size=(2, 200, 5))
    more = fake.repeat(9, axis=0)
    more += 1e-8 * rng.normal(size=more.shape)  # as features differ by their place in a batch
    once, copied = prdc(real, fake), prdc(real.repeat(6, axis=0), more)
    assert copied == pytest.approx({**once, "density": copied["density"]})
    assert copied["density"] == pytest.approx(once["density"] * 6 * 5 / (6 * 6 - 1))  # 5 neighbours are 35 rows


def test_equal_sets_of_copies_are_perfect(rng):
    x = rng.normal(size=(30, 4)).repeat(6, axis=0)
    scores = prdc(x, x)
    assert (scores["precision"], scores["recall"], scores["coverage"]) == (1, 1, 1)
    assert scores["density"] == pytest.approx(1, abs=.1)


def test_a_set_of_few_distinct_points_has_those_points_for_balls(rng):
    """Two pictures in many files: other copies of them are right, and nothing else is, however near."""
    pictures = rng.uniform(-1, 1, (2, 40))
    real = pictures[[0, 1] * 6]
    assert prdc(real, pictures[[1] * 7 + [0] * 7]) == pytest.approx(
        {"precision": 1, "recall": 1, "coverage": 1, "density": 6 / 5})
    between = pictures.mean(axis=0) + .01 * rng.normal(size=(20, 40))
    assert prdc(real, between) == {"precision": 0, "recall": 0, "coverage": 0, "density": 0}
    assert prdc(real[:6], np.concatenate([pictures, between]))["density"] == pytest.approx(2 * 3 / 2 / 22)
    alone = np.concatenate([real[:6], pictures[:1] + 1])  # one that has no copy: its ball holds no other row
    assert prdc(alone, pictures[:1].repeat(6, axis=0) + 1)["density"] == 1


def test_rounding_does_not_break_ties(rng):
    """On a grid many neighbours are equally near, and points lie on the surface of balls."""
    real, fake = rng.integers(4, size=(60, 3)), rng.integers(4, size=(50, 3))
    assert prdc(real / 3, fake / 3, 3) == pytest.approx(by_loops(real, fake, 3))
    assert metrics.one_nn_accuracy(real / 3, fake / 3) == pytest.approx(one_nn_by_loops(real, fake))


def test_neighbours_agree_with_loops_over_more_than_one_chunk(rng, monkeypatch):
    monkeypatch.setattr("tinygan.metrics.neighbours.CHUNK", 16)
    real, fake = rng.normal(size=(50, 3)), rng.normal(size=(41, 3))
    assert prdc(real, fake, 3) == pytest.approx(by_loops(real, fake, 3))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_equal_distributions_have_the_expected_coverage_and_density(k, rng):
    scores = [prdc(*rng.normal(size=(2, 2000, 8)), k) for _ in range(4)]
    assert np.mean([s["coverage"] for s in scores]) == pytest.approx(1 - 2. ** -k, abs=.012)
    assert np.mean([s["density"] for s in scores]) == pytest.approx(1, abs=.06)


def test_extremes_of_neighbours(rng):
    real = rng.normal(size=(300, 4))
    assert prdc(real, real) == pytest.approx({"precision": 1, "recall": 1, "coverage": 1, "density": 1}, abs=.5)
    assert prdc(real, real)["coverage"] == 1
    assert prdc(real, real + 100) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}
    one = prdc(real, real[:1].repeat(300, axis=0))  # all fakes are one real point
    assert one["precision"] == 1
    assert one["recall"] == 1 / 300  # that point
    assert one["coverage"] < .1


def test_position_and_scale_change_nothing(rng):
    real, fake = rng.normal(size=(2, 200, 5))
    assert prdc(1e3 + 5 * real, 1e3 + 5 * fake) == pytest.approx(prdc(real, fake))


def test_neighbours_keep_memory_small(rng):
    real, fake = rng.normal(size=(2, 2000, 64))
    tracemalloc.start()
    prdc(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24e6  # one whole matrix of distances would be 32 MB


# Bad input

NAN = np.array([[0., 1.], [np.nan, 0.]])


@pytest.mark.parametrize(("call", "message"), [
    (lambda: prdc(X, X[:5]), "precision_recall_density_coverage: fake has 5 rows, 5 neighbours need at least 6"),
    (lambda: prdc(X, X, 0), "precision_recall_density_coverage: k is 0, expected a whole number of at least 1"),
    (lambda: prdc(X, X[:, :1]), "precision_recall_density_coverage: real (9, 2) and fake (9, 1) differ in features"),
    (lambda: prdc(NAN, X), "precision_recall_density_coverage: real holds NaN or infinity in 1 of 2 rows"),
])
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
