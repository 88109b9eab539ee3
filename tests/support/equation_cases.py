"""Compares an oracle with a function that cites it: the arguments of both, and the cases where their forms differ."""
from inspect import signature

import equation_cases_01
import equation_cases_03
import equation_cases_07
import equation_cases_08
import equation_cases_10
import equation_cases_11
import equation_cases_12
import equation_cases_13
import numpy as np

import tinygan as tg
from tinygan import game, nn
from tinygan.objectives import OBJECTIVES

# The arguments of an oracle, by name. A function that cites it gets the same arguments, in the same order.


def logits(n):
    return lambda rng: rng.normal(0, 2, (n, 1))


def law(rng):
    """The probabilities of six points."""
    weights = rng.random(6)
    return weights / weights.sum()


DRAW = {"real": logits(6), "fake": logits(5), "output": logits(7), "a": logits(4), "p": law, "q": law,
        "target": lambda rng: rng.integers(0, 2, (7, 1)).astype(float),
        "table": lambda rng: rng.normal(size=(3, 4)), "payoff": lambda rng: rng.normal(size=(2, 2)),
        "points": lambda rng: rng.normal(size=(7, 2)), "others": lambda rng: rng.normal(0.5, 1, (5, 2)),
        "probabilities": lambda rng: rng.dirichlet(np.full(4, 0.5), 9),
        "counts": lambda rng: np.append(rng.integers(0, 4, 5), 2)}

# Functions whose form differs from the oracle's: (function, oracle, draw) -> two results that must be equal.


def slope(f, theta):
    """The gradient at the array theta of a function of a Tensor."""
    theta = tg.Tensor(theta, requires_grad=True)
    return tg.grad(f(theta), [theta])[0].numpy()


def nudged(function, oracle, rng):
    """The same form, but the oracle takes its slopes from finite differences."""
    drawn = [DRAW[argument](rng) for argument in signature(oracle).parameters]
    return np.concatenate(function(*drawn)), np.concatenate(oracle(*drawn))


def one_climb(function, oracle, rng):
    """`updates.ascend` with the gradient from the tape; the oracle takes its slope from finite differences."""
    theta, m = rng.normal(size=3), rng.normal(size=(4, 3))
    moved = theta.copy()
    function(moved, slope(lambda t: tg.sum(tg.log_sigmoid(t @ m.T)), theta), 0.3)
    return moved, oracle(theta, lambda t: np.sum(-np.log(1 + np.exp(-m @ t))), 0.3)


def climb_by_sgd(sgd, oracle, rng):
    """A step of ascent in the direction that SGD gives."""
    return one_climb(lambda theta, gradient, rate: tg.updates.ascend(theta, sgd()(gradient), rate), oracle, rng)


def climb_of_value(function, oracle, rng):
    """The gradient of a linear discriminator's value is the oracle's direction of ascent."""
    x, fakes, theta = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)), rng.normal(size=(3, 1))
    gradient = slope(lambda t: function(tg.matmul(x, t), tg.matmul(fakes, t)), theta)

    def value(t):
        return np.mean(-np.log(1 + np.exp(-x @ t))) + np.mean(-np.log(1 + np.exp(fakes @ t)))
    return (theta + 0.3 * gradient)[:, 0], oracle(theta[:, 0], value, 0.3)


def descent(function, oracle, rng):
    """Each player's line of sign reversal by itself: down for phi."""
    phi, gradient = rng.normal(size=(2, 4))
    moved = phi.copy()
    function(moved, gradient, 0.2)
    return moved, oracle(phi, phi, gradient, gradient, 0.2)[0]


def reversal(function, oracle, rng):
    phi, w, gradient_phi, gradient_w = rng.normal(size=(4, 3))
    moved = phi.copy(), w.copy()
    function(*moved, gradient_phi, gradient_w, 0.2)
    return moved, oracle(phi, w, gradient_phi, gradient_w, 0.2)


def up_to_the_real_part(function, oracle, rng):
    """The part of a function of both that depends on the generator: differences between two batches of fakes agree."""
    real, one, two = rng.normal(0, 2, (3, 5, 1))
    return function(one) - function(two), oracle(real, one) - oracle(real, two)


def normals(function, oracle, rng):
    """The closed form for normal distributions; the oracle sums over a fine grid."""
    mean1, mean2, (sd1, sd2) = *rng.normal(size=2), rng.uniform(0.7, 1.5, 2)
    x = np.linspace(-25, 25, 20001)
    p, q = (np.exp(-((x - m) / s) ** 2 / 2) / s / np.sqrt(2 * np.pi) * (x[1] - x[0])
            for m, s in ((mean1, sd1), (mean2, sd2)))
    return function(mean1, sd1, mean2, sd2), oracle(p[q > 0], q[q > 0])


def layer(function, oracle, rng):
    """A layer without parameters, applied."""
    a = DRAW["a"](rng)
    return function()(tg.Tensor(a)).numpy(), oracle(a)


def plain(gradient):
    return gradient


def one_step(objective, player):
    """One step of Algorithm 1 with plain gradients, linear players: the player's parameters after it, against one
    climb of `d_ascent`'s oracle (or, for the generator, against finite differences of the oracle under test)."""
    def compare(function, oracle, rng):
        d, g = nn.Dense(2, 1, rng=rng).astype(np.float64), nn.Dense(1, 2, rng=rng).astype(np.float64)
        x, z = rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
        match = game.Game(g, d, lambda n, rng: x, lambda n, rng: z, rng, objective, batch=6, rate=0.3,
                          optimiser_d=plain, optimiser_g=plain)
        old_d, old_g = d.theta.copy(), g.theta.copy()
        function(match, 1)

        def says(theta_d, theta_g):
            fakes = z * theta_g[:2] + theta_g[2:]
            return [points @ theta_d[:2, None] + theta_d[2] for points in (x, fakes)]
        if player == "d":
            return d.theta, oracle(old_d, lambda t: climbed(*says(t, old_g)), 0.3)
        sign = {"ascend": 1, "descend": -1}[OBJECTIVES[objective].generator.direction]
        slopes = [(oracle(says(d.theta, old_g + e)[1]) - oracle(says(d.theta, old_g - e)[1])) / 2e-5
                  for e in 1e-5 * np.eye(4)]
        return g.theta, old_g + sign * 0.3 * np.array(slopes)
    return compare


def climbed(real, fake):
    return np.mean(-np.log(1 + np.exp(-real))) + np.mean(-np.log(1 + np.exp(fake)))


FORMS = {
    **equation_cases_01.FORMS,
    **equation_cases_03.FORMS,
    **equation_cases_07.FORMS,
    **equation_cases_08.FORMS,
    **equation_cases_10.FORMS,
    **equation_cases_11.FORMS,
    **equation_cases_12.FORMS,
    **equation_cases_13.FORMS,
    ("d-ascent", "updates.ascend"): one_climb,
    ("d-ascent", "objectives.value"): climb_of_value,
    ("d-ascent", "updates.SGD"): climb_by_sgd,
    ("d-ascent", "game.step.step"): one_step("minimax", "d"),
    ("g-minimax", "game.step.step"): one_step("minimax", "g"),
    ("g-non-saturating", "game.step.step"): one_step("non-saturating", "g"),
    ("d-gradient", "objectives.d_gradient"): nudged,
    ("g-gradient", "objectives.g_gradient"): nudged,
    ("g-non-saturating-gradient", "objectives.g_non_saturating_gradient"): nudged,
    ("sign-reversal", "updates.descend"): descent,
    ("sign-reversal", "updates.sign_reversal"): reversal,
    ("cross-entropy-split", "objectives._synthetic_part"): up_to_the_real_part,
    ("d-output", "nn.activations.Sigmoid"): layer,
    ("kl", "divergences.normal_kl"): normals,
}


def compare(slug, path, function, oracle, seed=0):
    """Evaluates the function and the oracle on random input; raises AssertionError where they differ."""
    rng = np.random.default_rng(seed)
    form = FORMS.get((slug, path))
    if form:
        got, expected = form(function, oracle, rng)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)  # finite differences and sums on a grid
    else:
        drawn = [DRAW[argument](rng) for argument in signature(oracle).parameters]
        got, expected = function(*drawn), oracle(*drawn)
        for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (got, expected)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
