"""Compares the equations of lectures 01 and 02 with the functions that cite them (`equation_cases`)."""
from inspect import signature

import numpy as np

from tinygan import nn
from tinygan.metrics import two_sample
from tinygan.metrics.distances import rbf


def position(function, oracle, rng):
    """A board of tic-tac-toe after three moves; alpha-beta also returns a count."""
    board = np.array([" "] * 9)
    board[rng.permutation(9)[:3]] = "x", "o", "x"
    value = function("".join(board), "o")
    return (value if np.isscalar(value) else value[0]), oracle("".join(board), "o")


def noise_through_g(function, oracle, rng):
    """x = g(z, w) of the library's noise, in float32, against the oracle's from the same generator."""
    seed, w = rng.integers(1000), rng.normal(size=3)
    z = function(3)(6, np.random.default_rng(seed))
    return z * w, oracle(6, 3, lambda z, w: z * w, w, np.random.default_rng(seed))


def through_the_generator(function, oracle, rng):
    """The difference between two batches of noise; a function of fakes alone is the part of the oracle that remains."""
    w, v = rng.normal(size=(3, 2)), rng.normal(size=(2, 1))
    x, one, two = rng.normal(size=(4, 2)), *rng.normal(size=(2, 6, 3))

    def d(x):
        return x @ v

    def g(z):
        return np.tanh(z @ w)
    first = () if len(signature(function).parameters) == 1 else (d(x),)
    got = [function(*first, d(g(z))) for z in (one, two)]
    expected = [oracle(d, g, x, z) for z in (one, two)]
    return (got, expected) if first else (got[0] - got[1], expected[0] - expected[1])


def histograms(function, oracle, rng):
    """Points in three cells; the IPM over |f| <= 1 is twice the total variation."""
    a, b = rng.integers(0, 3, (30, 1)), rng.integers(0, 3, (20, 1))
    p, q = (np.bincount(x[:, 0], minlength=3) / len(x) for x in (a, b))
    return function(a, b), 2 * oracle(p, q)


def biased_root(function, oracle, rng):
    a, b = rng.normal(size=(7, 2)), rng.normal(0.5, 1, (5, 2))
    return function(a, b, rbf(), biased=True) ** 0.5, oracle(a, b)


def divisions(function, oracle, rng):
    """The same random divisions for both."""
    a, b, seed = rng.normal(size=(7, 2)), rng.normal(0.5, 1, (5, 2)), rng.integers(1000)
    return [f(a, b, two_sample.linear, np.random.default_rng(seed), 19) for f in (function, oracle)]


def of_the_accuracy(function, oracle, rng):
    """p from the accuracy that the classifier reached, on the halves that it was not trained on."""
    a, b = rng.normal(size=(12, 1)), rng.normal(0.5, 1, (12, 1))
    verdict = function(a, b, rng, nn.Dense(1, 1, rng=rng), steps=5)
    return verdict.p, oracle(verdict.accuracy, 12)


FORMS = {
    ("minimax-value", "toys.tictactoe.minimax"): position,
    ("minimax-value", "toys.tictactoe.alpha_beta"): position,
    ("latent", "game.game.latent"): noise_through_g,
    ("two-sample-z", "objectives.two_sample"): through_the_generator,
    ("two-sample-z", "objectives._critic_part"): through_the_generator,
    ("total-variation", "metrics.two_sample.bounded"): histograms,
    ("mmd", "metrics.distances.mmd_squared"): biased_root,
    ("permutation-p", "metrics.two_sample.permutation_test"): divisions,
    ("classifier-p", "metrics.two_sample.classifier_test"): of_the_accuracy,
}
