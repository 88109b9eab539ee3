"""Compares the equations of lectures 08 and 09 with the functions that cite them (`equation_cases`)."""
from itertools import product
from types import SimpleNamespace

import numpy as np

import tinygan as tg
from tinygan.divergences import F_DIVERGENCES


def optimiser(function, oracle, rng):
    """The direction after the last of six gradients; the oracle is given all of them."""
    gradients, walker = rng.normal(size=(6, 3)), function()
    return [walker(g) for g in gradients][-1], oracle(gradients)


def steps_of_adam(function, oracle, rng):
    """The direction of the last of six steps, the moments kept by hand."""
    gradients, (m, v) = rng.normal(size=(6, 3)), np.zeros((2, 3))
    for t, g in enumerate(gradients, 1):
        direction = function(g, m, v, 1 - 0.9**t, 1 - 0.999**t, 0.9, 0.999, 1e-8)
    return direction, oracle(gradients)


def between(kind):
    """A path from each of two rows, against the oracle's from one latent to another."""
    def compare(function, oracle, rng):
        a, b, t = *rng.normal(size=(2, 2, 5)), rng.random()
        return function(a, b, t), [oracle(*ends, t, kind) for ends in zip(a, b)]
    return compare


def walk(function, oracle, rng):
    """The images of a run whose generator shows its latents."""
    a, b = rng.normal(size=(2, 3, 5))
    ends, kind = iter([a, b]), rng.choice(["straight", "spherical"])
    run = SimpleNamespace(folder="", classes=0, generate=lambda z, condition: z[0],
                          game=SimpleNamespace(noise=lambda n, rng: next(ends)))
    return function(run, 3, 4, kind, rng), [[oracle(*pair, i / 3, kind) for i in range(4)] for pair in zip(a, b)]


def given(draw):
    """Both get the draws of `draw`."""
    def compare(function, oracle, rng):
        drawn = draw(rng)
        return function(*drawn), oracle(*drawn)
    return compare


def law_of_weights(function, oracle, rng):
    """The squares of the drawn numbers, relative to those of the standard normal numbers behind it."""
    seed, fan_in, slope = rng.integers(99), rng.integers(1, 99), rng.random()
    drawn, standard = function(np.random.default_rng(seed), (9,), fan_in, 7, slope), np.random.default_rng(seed)
    return (drawn / standard.standard_normal(9)) ** 2, np.full(9, oracle(fan_in, slope))


def earned(function, x, y):
    """The gain of the best critic with slopes +-1 between the points, and the points in rising order."""
    places = np.sort(np.concatenate([x, y])[:, 0])
    slopes = np.array(list(product([-1, 1], repeat=len(places) - 1))) * np.diff(places)
    critics = np.concatenate([np.zeros((len(slopes), 1)), np.cumsum(slopes, axis=1)], axis=1)
    return max(function(np.interp(x, places, f), np.interp(y, places, f)) for f in critics), places


def transport(by_price):
    """The best critic's gain by `two_sample`, against the dual or the cheapest plan of the oracle."""
    def compare(function, oracle, rng):
        x, y = rng.normal(size=(2, 4, 1))
        best, places = earned(function, x, y)
        return best, oracle(*(np.isin(places, z) / 4 for z in (x, y)), places) if by_price else oracle(x, y)
    return compare


def laws_on_a_line(function, oracle, rng):
    places, i, j = np.sort(rng.normal(size=4)), *rng.integers(4, size=(2, 5))
    p, q = (np.bincount(k, minlength=4) / 5 for k in (i, j))
    return function(p, q, places), oracle(places[i, None], places[j, None])


def clipped(function, oracle, rng):
    theta = rng.normal(size=9)
    moved = theta.copy()
    function(moved, 0.5)
    return moved, oracle(theta, 0.5)


def slope_penalty(function, oracle, rng):
    """The penalty of a critic of two layers; both draw the same alphas."""
    a, b, real, fake = rng.normal(size=(3, 4)), rng.normal(size=(4, 1)), *rng.normal(size=(2, 6, 3))

    def critic(x):
        return tg.matmul(tg.tanh(tg.matmul(x, a)), b)
    return (function(critic, tg.Tensor(real), tg.Tensor(fake), np.random.default_rng(7)).numpy(),
            oracle(critic, real, fake, np.random.default_rng(7).random((6, 1))))


def bounds(function, oracle, rng):
    """All f-divergences, each with a critic that is the best for some pair of distributions."""
    p, q, u = *rng.dirichlet(np.ones(6), 2), rng.uniform(0.2, 5, 6)
    found = [(function(d, p, q, d.critic(u)), oracle(p, q, d.critic(u), d.f)) for d in F_DIVERGENCES.values()]
    return [got for got, _ in found], [expected for _, expected in found]


def player(i):
    """Least squares: the oracle gives both players' losses."""
    def compare(function, oracle, rng):
        drawn = rng.normal(0, 2, (6, 1)), rng.normal(0, 2, (5, 1))
        return function(*drawn[i:]), oracle(*drawn)[i]
    return compare


FORMS = {
    ("adam", "updates.Adam"): optimiser,
    ("adam", "updates.adam_step"): steps_of_adam,
    ("he", "nn.initial.he"): law_of_weights,
    ("interpolation", "latent.lerp"): between("straight"),
    ("interpolation", "latent.slerp"): between("spherical"),
    ("interpolation", "runs.interpolate.interpolate"): walk,
    ("analogy", "latent.analogy"): given(lambda rng: rng.normal(size=(3, 4, 5))),
    ("f-gan", "divergences.FDivergence.bound"): bounds,
    ("gradient-penalty", "penalties.gradient_penalty"): slope_penalty,
    ("kantorovich", "objectives.two_sample"): transport(by_price=True),
    ("least-squares", "objectives.least_squares"): player(0),
    ("least-squares", "objectives.g_least_squares"): player(1),
    ("rmsprop", "updates.RMSProp"): optimiser,
    ("wasserstein", "divergences.wasserstein"): laws_on_a_line,
    ("wasserstein", "metrics.distances.wasserstein"): given(lambda rng: rng.normal(size=(2, 5, 2))),
    ("wasserstein", "objectives.two_sample"): transport(by_price=False),
    ("weight-clipping", "updates.clip"): clipped,
}
