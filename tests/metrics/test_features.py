"""Metrics of features and probabilities: Frechet's distance, the inception score; known values, bad input."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import metrics

SEED = st.integers(0, 2 ** 32 - 1)


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


@pytest.mark.parametrize(("n", "m", "f"), [(2, 2, 64), (24, 12, 128), (3, 200, 300)])
def test_frechet_of_few_examples(n, m, f, rng):
    """Fewer rows than features, with copies: the trace of the root is the nuclear norm of a product of the rows."""
    a, b = rng.normal(size=(2, f))[[0, 1] * (n // 2) + [0] * (n % 2)], rng.normal(size=(m, f))
    left, right = ((x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (a, b))
    overlap = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    want = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + (left ** 2).sum() + (right ** 2).sum() - 2 * overlap
    assert metrics.frechet(a, b) == pytest.approx(want, rel=1e-11)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-11)


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


# Bad input

NAN = np.array([[0., 1.], [np.nan, 0.]])
X = np.zeros((9, 2))
P = np.full((4, 2), .5)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.frechet(X, X[:, :1]), "frechet: a (9, 2) and b (9, 1) differ in features"),
    (lambda: metrics.frechet(X, X[:1]), "frechet: b has 1 row, a covariance needs at least 2"),
    (lambda: metrics.frechet(X, NAN), "frechet: b holds NaN or infinity in 1 of 2 rows"),
    (lambda: metrics.frechet_gaussians([0, 0], np.eye(2), [0], np.eye(1)),
     "frechet_gaussians: mu1 (2,), cov1 (2, 2), mu2 (1,), cov2 (1, 1) do not fit together"),
    (lambda: metrics.frechet_gaussians([0, 0], np.eye(3), [0, 0], np.eye(2)),
     "frechet_gaussians: mu1 (2,), cov1 (3, 3), mu2 (2,), cov2 (2, 2) do not fit together"),
    (lambda: metrics.inception_score(X), "inception_score: probabilities (9, 2) has rows that are no distribution over "
                                         "classes"),
    (lambda: metrics.class_modes(X - 1), "class_modes: probabilities (9, 2) has rows that are no distribution over "
                                         "classes"),
    (lambda: metrics.class_modes(P, 2), "class_modes: share is 2, expected 0 <= share < 1"),
    (lambda: metrics.label_reverse_kl(P[0]), "label_reverse_kl: probabilities has shape (2,), expected (n, classes)"),
])
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
