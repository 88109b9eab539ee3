"""T1 to T4, T8 to T11: the best discriminator, the generator's value against it, and its slope.

Goodfellow et al. 2014 (T1 to T3); Arjovsky & Bottou 2017 (T4, T8, T9, T11); Goodfellow 2016 (T10).
"""
import numpy as np
import pytest
from exact import GRID, MU, best_logit, pair, points, slope
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import divergences as div
from tinygan import nn
from tinygan.objectives import g_minimax, g_non_saturating, value
from tinygan.updates import Momentum, ascend


def line(w, b):
    """D with the logit w x + b."""
    d = nn.Dense(1, 1, rng=np.random.default_rng(0)).astype(np.float64)
    d.theta[...] = w, b
    return d


def test_t1_the_best_discriminator():
    """N(0, 1) against N(2, 1): logit D* = 2 - 2x, on the grid, and the limit of ascent of V for a dense layer."""
    x = np.array([0.0, 1.0, 2.0])
    known = div.optimal_d(div.normal(x), div.normal(x, 2.0))
    np.testing.assert_allclose(known, [0.880797, 0.5, 0.119203], atol=5e-7)
    np.testing.assert_allclose(tg.sigmoid(best_logit(x, 2.0)), known, rtol=1e-12)
    d, momentum = line(0.0, 0.0), Momentum(0.9)
    for _ in range(400):
        gradient = tg.grad(value(d(points(2000)), d(points(2000, 2.0))), d.parameters())
        ascend(d.theta, momentum(gradient), 0.3)
    np.testing.assert_allclose(d.theta, [-2.0, 2.0], atol=0.01)  # 2,000 quantiles are not quite the distribution


@pytest.mark.parametrize("seed", range(3))
def test_t1_by_logistic_regression_on_2000_draws(seed):
    rng = np.random.default_rng(seed)
    x, fake = rng.standard_normal((2000, 1)), 2 + rng.standard_normal((2000, 1))
    d, momentum = line(0.0, 0.0), Momentum(0.9)
    for _ in range(400):
        ascend(d.theta, momentum(tg.grad(value(d(x), d(fake)), d.parameters())), 0.3)
    np.testing.assert_allclose(d.theta, [-2.0, 2.0], atol=0.25)  # the estimates' standard deviations are about .07


@pytest.mark.parametrize(("mu", "js", "v"), [(0, 0.0, -1.386294), (1, 0.111421, -1.163451), (2, 0.336831, -0.712633),
                                             (4, 0.632720, -0.120854)])
def test_t2_the_value_at_the_best_discriminator(mu, js, v):
    p, q = pair(mu)
    assert div.js(p, q) == pytest.approx(js, abs=6e-7)
    assert div.jsd_value(p, q) == pytest.approx(v, abs=6e-7)
    reached = value(best_logit(points(), mu), best_logit(points(mean=mu), mu))
    assert reached == pytest.approx(v, abs=1e-4)  # 20,000 quantiles miss a little of the tails


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_t2_no_other_discriminator_has_more(w, b):
    real, fake = points(2000), points(2000, 1.0)
    best = value(best_logit(real, 1.0), best_logit(fake, 1.0))
    assert value(w * real + b, w * fake + b) <= best + 1e-3


def test_t3_three_points():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert div.js(p, q) == pytest.approx(np.log(2) / 2) == pytest.approx(0.346574, abs=6e-7)
    assert div.jsd_value(p, q) == pytest.approx(-np.log(2)) == pytest.approx(-0.693147, abs=6e-7)
    d = div.optimal_d(p, q)
    np.testing.assert_array_equal(d, [1.0, 0.5, 0.0])
    assert value(d[[0, 1]], d[[1, 2]], logits=False) == pytest.approx(-np.log(2))  # p's points, q's points


def test_t4_disjoint_supports():
    p, q = np.array([0.3, 0.7, 0.0, 0.0]), np.array([0.0, 0.0, 0.5, 0.5])
    assert div.js(p, q) == pytest.approx(np.log(2))
    assert div.jsd_value(p, q) == pytest.approx(0.0, abs=1e-15)
    assert div.total_variation(p, q) == 1
    assert div.kl(p, q) == div.kl(q, p) == np.inf


# The generator's slope in theta for x = z + theta, z ~ N(0, 1), the data being N(0, 1), at theta = MU: in the objective
# D* is kept as it is at theta, in the divergence p_g moves.

def at_fixed_d(objective):
    """The slope of an objective of G's logits."""
    return slope(lambda theta: objective(best_logit(points() + theta, MU)), MU)


def of_divergence(divergence):
    """The slope of a function (p_d, p_g)."""
    return slope(lambda theta: divergence(div.normal(GRID), div.normal(GRID, theta)), MU)


def test_t8_minimax_descends_the_jensen_shannon_divergence():
    assert at_fixed_d(g_minimax) == pytest.approx(0.397973, abs=1e-6)
    assert of_divergence(lambda p, q: 2 * div.js(p, q)) == pytest.approx(0.397973, abs=6e-7)


def test_t9_non_saturating_descends_another_one():
    assert at_fixed_d(lambda a: -g_non_saturating(a)) == pytest.approx(0.602027, abs=1e-6)
    assert of_divergence(lambda p, q: div.kl(q, p) - 2 * div.js(p, q)) == pytest.approx(0.602027, abs=6e-7)
    both = at_fixed_d(g_minimax) - at_fixed_d(g_non_saturating)
    assert both == pytest.approx(MU, abs=1e-12)  # d KL(p_g || p_d), for any points: sigma(a) + sigma(-a) = 1


def test_t10_the_maximum_likelihood_cost():
    """-E exp(a), a the logit, has the slope of KL(p_d || p_g)."""
    assert at_fixed_d(lambda a: -tg.mean(tg.exp(a))) == pytest.approx(MU, abs=1e-3)  # exp(a) is large in a thin tail
    assert of_divergence(div.kl) == pytest.approx(MU, abs=6e-7)
    q = div.normal(GRID, MU)
    exact = slope(lambda theta: -tg.sum(q * tg.exp(best_logit(GRID + theta - MU, MU))), MU)
    assert exact == pytest.approx(MU, abs=1e-9)


@given(st.floats(-12, -2), st.integers(0, 2**32 - 1))
def test_t11_a_nearly_perfect_discriminator_leaves_little_slope(level, seed):
    """|grad E log(1 - D)| <= M eps / (1 - eps), where D and its gradient in x are within eps of D* = 0 on the fakes,
    and M^2 = E|J|^2, J the Jacobian of G in theta_g: for a dense G its norm at z is |(z, 1)|."""
    rng = np.random.default_rng(seed)
    g = nn.Dense(2, 2, rng=rng).astype(np.float64)
    d = nn.Sequential(nn.Dense(2, 8, rng=rng), tg.tanh, nn.Dense(8, 1, rng=rng)).astype(np.float64)
    d[2].bias.data[...] = level
    z = rng.standard_normal((50, 2))
    fake = g(z)
    gradient = np.concatenate([s.data.ravel() for s in tg.grad(g_minimax(d(fake)), g.parameters())])
    x = tg.Tensor(fake.data, requires_grad=True)
    output = tg.sigmoid(d(x))
    [steepness] = tg.grad(output.sum(), [x])
    eps = max(output.data.max(), np.linalg.norm(steepness.data, axis=1).max())
    assume(eps < 1)
    bound = np.sqrt(np.mean((z**2).sum(axis=1) + 1)) * eps / (1 - eps)
    assert 0 < np.linalg.norm(gradient) <= bound
