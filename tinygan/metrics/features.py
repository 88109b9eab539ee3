"""Metrics of sets of images from the outputs of a classifier: features (n, f) or probabilities (n, classes)."""
from __future__ import annotations

import numpy as np

from .checks import host
from .mixture import reverse_kl


def frechet(a, b) -> float:
    """The Frechet distance (`frechet`) of Gaussians fitted to rows a (n, f), b (m, f); the FCD if rows are features.

    The value depends on the features and falls with n and m: compare only values of one classifier and one number of
    samples. Source: Heusel et al. 2017, equation 6.
    """
    a, b = _rows("frechet", "a", a), _rows("frechet", "b", b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"frechet: a {a.shape} and b {b.shape} differ in features")
    return frechet_gaussians(a.mean(axis=0), _covariance(a), b.mean(axis=0), _covariance(b))


def frechet_gaussians(mu1, cov1, mu2, cov2) -> float:
    """|mu1 - mu2|^2 + tr(cov1 + cov2 - 2 (cov1 cov2)^(1/2)) (`frechet`), the squared W2 of two Gaussians.

    mu (f,), cov (f, f), symmetric. The trace of the root is the sum of the roots of the eigenvalues of
    R cov2 R, R = cov1^(1/2). This matrix is symmetric, so its eigenvalues are real, also for singular covariances (a
    dead ReLU has variance 0). Source: Dowson & Landau 1982.

    >>> round(frechet_gaussians([0, 0], np.eye(2), [1, 2], 4 * np.eye(2)), 12)
    7.0
    """
    metric = "frechet_gaussians"
    mu1, mu2 = host(metric, "mu1", mu1, "(f)").astype(float), host(metric, "mu2", mu2, "(f)").astype(float)
    cov1, cov2 = host(metric, "cov1", cov1, "(f, f)").astype(float), host(metric, "cov2", cov2, "(f, f)").astype(float)
    f = len(mu1)
    if mu2.shape != (f,) or cov1.shape != (f, f) or cov2.shape != (f, f):
        raise ValueError(f"frechet_gaussians: mu1 {mu1.shape}, cov1 {cov1.shape}, mu2 {mu2.shape}, cov2 {cov2.shape} "
                         "do not fit together")
    values, vectors = np.linalg.eigh(cov1)
    root = vectors * _root(values) @ vectors.T
    overlap = _root(np.linalg.eigvalsh(root @ cov2 @ root)).sum()
    return max(0.0, float(((mu1 - mu2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * overlap))


def _root(values):
    """The square roots of eigenvalues, 0 where they are only rounding: few images have a covariance of low rank."""
    return np.sqrt(np.where(values > len(values) * np.finfo(float).eps * values.max(), values, 0))


def inception_score(probabilities) -> float:
    """exp of the mean KL(p(y|x) || p(y)) (`inception-score`), from 1 to the number of classes.

    probabilities (n, classes), rows that sum to 1. The score is high if the classifier is certain of each image and all
    classes appear. It does not use real images, and does not measure variety within a class.
    Source: Salimans et al. 2016, section 4, on this classifier in place of the Inception network.

    >>> round(inception_score(np.eye(10)), 12), inception_score(np.full((4, 10), .1))
    (10.0, 1.0)
    """
    p = _probabilities("inception_score", probabilities)
    safe = np.maximum(p, 1e-300)  # 0 log 0 = 0
    kl = (p * (np.log(safe) - np.log(np.maximum(p.mean(axis=0), 1e-300)))).sum(axis=1)
    return float(np.exp(kl.mean()))


def class_modes(probabilities, share: float = 0.02) -> int:
    """The number of classes that hold more than a `share` of the samples, each counted for its most probable class.

    >>> class_modes(np.eye(10)[[0] * 97 + [1] * 3])
    2
    """
    if not 0 <= share < 1:
        raise ValueError(f"class_modes: share is {share}, expected 0 <= share < 1")
    counts = _counts(_probabilities("class_modes", probabilities))
    return int((counts > share * counts.sum()).sum())


def label_reverse_kl(probabilities) -> float:
    """`reverse_kl` of the most probable classes: 0 if all are equally frequent, log(classes) if there is only one.

    >>> label_reverse_kl(np.eye(10)), round(label_reverse_kl(np.eye(10)[[1, 1]]), 4)
    (0.0, 2.3026)
    """
    return reverse_kl(_counts(_probabilities("label_reverse_kl", probabilities)))


def _rows(metric, name, x):
    x = host(metric, name, x, "(n, f)").astype(np.float64)
    if len(x) < 2:
        raise ValueError(f"{metric}: {name} has 1 row, a covariance needs at least 2")
    return x


def _covariance(x):
    return np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1])  # for one feature, np.cov returns a number


def _probabilities(metric, p):
    p = host(metric, "probabilities", p, "(n, classes)").astype(np.float64)
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(f"{metric}: probabilities {p.shape} has rows that are no distribution over classes")
    return p


def _counts(p):
    return np.bincount(p.argmax(axis=1), minlength=p.shape[1])
