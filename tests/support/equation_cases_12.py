"""Compares the equations of lecture 12 with the functions that cite them (`equation_cases`)."""
from inspect import signature

import numpy as np


def rows(name=None, *more):
    """Two sets of points, the second one moved; `name` selects one of several scores."""
    def compare(function, oracle, rng):
        a, b = rng.normal(size=(30, 3)), rng.normal(0.5, 1.2, (25, 3))
        got = function(a, b, *(np.random.default_rng(i) for i in more))
        return got[name] if name else got, oracle(a, b, *(np.random.default_rng(i) for i in more))
    return compare


def in_mixture(name):
    """One score of points in the plane, some of them far from the three means."""
    def compare(function, oracle, rng):
        points, means = rng.normal(size=(40, 2)), 2 * rng.normal(size=(3, 2))
        return function(points, means, 0.4)[name], oracle(points, means, 0.4)
    return compare


def of_gaussians(function, oracle, rng):
    """The distance of the Gaussians that are fitted to two sets of rows."""
    a, b = rng.normal(size=(20, 3)), rng.normal(1, 2, (15, 3))
    fitted = [x for rows in (a, b) for x in (rows.mean(axis=0), np.cov(rows.T))]
    return function(a, b) if len(signature(function).parameters) == 2 else function(*fitted), oracle(*fitted)


FORMS = {
    ("high-quality", "metrics.mixture.mixture"): in_mixture("hq"),
    ("frechet", "metrics.features.frechet"): of_gaussians,
    ("frechet", "metrics.features.frechet_gaussians"): of_gaussians,
    ("kernel-distance", "metrics.distances.kernel_distance"): rows(),
    ("sliced-wasserstein", "metrics.distances.sliced_wasserstein"): rows(None, 0),
    ("one-nn", "metrics.neighbours.one_nn_accuracy"): rows(),
    **{(name, "metrics.neighbours.precision_recall_density_coverage"): rows(name)
       for name in ("precision", "recall", "density", "coverage")},
}
