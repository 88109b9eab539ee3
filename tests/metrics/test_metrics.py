"""tinygan.metrics on points and features: known values, definitions written as loops, bad input."""
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import data, metrics

SEED = st.integers(0, 2 ** 32 - 1)
RING = (data.ring_means(), 0.01)
GRID = (data.grid_means(), 0.05)
prdc = metrics.precision_recall_density_coverage


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


# Frechet

def test_frechet_of_known_gaussians():
    eye = np.eye(2)
    assert metrics.frechet_gaussians([0, 0], eye, [1, 2], 4 * eye) == pytest.approx(7, abs=1e-12)  # T30
    assert metrics.frechet_gaussians([1, 2], eye, [1, 2], eye) == pytest.approx(0, abs=1e-12)


def gaussians(seed, f):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(2, 2 * f, f))
    return rng.normal(size=f), roots[0].T @ roots[0], rng.normal(size=f), roots[1].T @ roots[1]


@given(f=st.integers(1, 8), seed=SEED)
def test_frechet_agrees_with_the_formula_as_it_is_written(f, seed):
    mu1, cov1, mu2, cov2 = gaussians(seed, f)
    root = np.sqrt(np.linalg.eigvals(cov1 @ cov2) + 0j).real.sum()
    want = ((mu1 - mu2) ** 2).sum() + np.trace(cov1 + cov2) - 2 * root
    assert metrics.frechet_gaussians(mu1, cov1, mu2, cov2) == pytest.approx(want, rel=1e-6, abs=1e-6)
    assert metrics.frechet_gaussians(mu2, cov2, mu1, cov1) == pytest.approx(want, rel=1e-6, abs=1e-6)


@given(f=st.integers(1, 8), seed=SEED)
def test_frechet_of_singular_diagonal_covariances(f, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 3, (2, f)) * rng.integers(0, 2, (2, f))  # any may be 0, as a dead ReLU's
    mu = rng.normal(size=f)
    distance = metrics.frechet_gaussians(mu, np.diag(a), 0 * mu, np.diag(b))
    assert distance == pytest.approx((mu ** 2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum(), abs=1e-9)


def test_frechet_of_feature_rows(rng):
    a = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    b = rng.normal(size=(300, 6))
    want = metrics.frechet(a, b)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(a, a + 2) == pytest.approx(6 * 4)
    assert metrics.frechet(b, a) == pytest.approx(want)
    assert metrics.frechet(a @ turn, b @ turn) == pytest.approx(want)
    assert metrics.frechet(*(np.pad(x, ((0, 0), (0, 3))) for x in (a, b))) == pytest.approx(want)  # dead features
    assert metrics.frechet(a[:3], b[:4]) > 0  # fewer rows than features
    # N(0, 1) against N(1, 2^2), as samples: 1 + (2 - 1)^2
    x = rng.normal(size=(100_000, 1))
    assert metrics.frechet(x, 1 + 2 * rng.normal(size=(100_000, 1))) == pytest.approx(2, abs=.05)


# Classes

def test_scores_of_known_probabilities():
    eye = np.eye(10)
    assert metrics.inception_score(eye) == pytest.approx(10)
    assert metrics.inception_score(eye[[3] * 50]) == pytest.approx(1)
    assert metrics.inception_score(np.full((7, 10), .1)) == pytest.approx(1)
    assert metrics.inception_score(eye[:4]) == pytest.approx(4)
    assert metrics.label_reverse_kl(eye[:5]) == pytest.approx(np.log(2))
    assert metrics.class_modes(eye[[0] * 49 + [1]]) == 1  # 2 % is not more than 2 %
    assert metrics.class_modes(eye[[0] * 48 + [1] * 2]) == 2
    assert metrics.class_modes(eye[[0] * 48 + [1] * 2], share=0) == 2
    assert metrics.class_modes(eye[[0] * 9 + [1]], share=.5) == 1


@given(n=st.integers(1, 30), classes=st.integers(1, 12), seed=SEED)
def test_the_inception_score_is_the_exponential_of_a_mutual_information(n, classes, seed):
    p = np.random.default_rng(seed).dirichlet(np.full(classes, .5), n)
    q = p.mean(axis=0)
    want = np.exp(sum(p[i, j] * np.log(p[i, j] / q[j]) for i in range(n) for j in range(classes) if p[i, j] > 0) / n)
    assert metrics.inception_score(p) == pytest.approx(want)
    assert 1 - 1e-9 <= want <= classes + 1e-9
    assert 1 <= metrics.class_modes(p, 0) <= min(n, classes)
    assert 0 <= metrics.label_reverse_kl(p) <= np.log(classes) + 1e-12


# Neighbours

def by_loops(real, fake, k):
    """The definitions of Naeem et al., one pair of points at a time."""
    def distance(x, y):
        return float(np.linalg.norm(x - y))

    def radius(points, i):
        return sorted(distance(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]
    real_radius = [radius(real, i) for i in range(len(real))]
    fake_radius = [radius(fake, j) for j in range(len(fake))]
    inside = [[distance(y, x) < r for x, r in zip(real, real_radius)] for y in fake]
    return {"precision": np.mean([any(row) for row in inside]),
            "recall": np.mean([any(distance(x, y) < r for y, r in zip(fake, fake_radius)) for x in real]),
            "density": np.mean([sum(row) for row in inside]) / k,
            "coverage": np.mean([any(column) for column in zip(*inside)])}


@given(n=st.integers(7, 30), m=st.integers(7, 30), f=st.integers(1, 4), k=st.integers(1, 6), seed=SEED)
def test_neighbours_agree_with_loops(n, m, f, k, seed):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k))


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
    assert one["recall"] == 0
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
X = np.zeros((9, 2))
P = np.full((4, 2), .5)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.mixture(NAN, *RING), "mixture: samples holds NaN or infinity in 1 of 2 rows"),
    (lambda: metrics.mixture(X[:, :1], *RING), "mixture: samples (9, 1) and means (8, 2) differ in dimension"),
    (lambda: metrics.mixture(X[:0], *RING), "mixture: samples is empty, its shape is (0, 2)"),
    (lambda: metrics.mixture(X[0], *RING), "mixture: samples has shape (2,), expected (n, d)"),
    (lambda: metrics.mixture([["a", "b"]], *RING), "mixture: samples has dtype <U1, expected numbers"),
    (lambda: metrics.mixture(X, RING[0], 0), "mixture: sigma is 0, expected a positive number"),
    (lambda: metrics.evaluate_points(X, RING[0], np.nan), "mixture: sigma is nan, expected a positive number"),
    (lambda: metrics.reverse_kl([2, -1]), "reverse_kl: counts holds -1, expected no negative number"),
    (lambda: metrics.frechet(X, X[:, :1]), "frechet: a (9, 2) and b (9, 1) differ in features"),
    (lambda: metrics.frechet(X, X[:1]), "frechet: b has 1 row, a covariance needs at least 2"),
    (lambda: metrics.frechet(X, NAN), "frechet: b holds NaN or infinity in 1 of 2 rows"),
    (lambda: metrics.frechet_gaussians([0, 0], np.eye(2), [0], np.eye(1)),
     "frechet_gaussians: mu1 (2,), cov1 (2, 2), mu2 (1,), cov2 (1, 1) do not fit together"),
    (lambda: metrics.inception_score(X), "inception_score: probabilities (9, 2) has rows that are no distribution over "
                                         "classes"),
    (lambda: metrics.class_modes(X - 1), "class_modes: probabilities (9, 2) has rows that are no distribution over "
                                         "classes"),
    (lambda: metrics.class_modes(P, 2), "class_modes: share is 2, expected 0 <= share < 1"),
    (lambda: metrics.label_reverse_kl(P[0]), "label_reverse_kl: probabilities has shape (2,), expected (n, classes)"),
    (lambda: prdc(X, X[:5]), "precision_recall_density_coverage: fake has 5 rows, 5 neighbours need at least 6"),
    (lambda: prdc(X, X, 0), "precision_recall_density_coverage: k is 0, expected a whole number of at least 1"),
    (lambda: prdc(X, X[:, :1]), "precision_recall_density_coverage: real (9, 2) and fake (9, 1) differ in features"),
    (lambda: prdc(NAN, X), "precision_recall_density_coverage: real holds NaN or infinity in 1 of 2 rows"),
])
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
