"""T25 to T27, T30, T31, T34, T35: distances of distributions, and of samples.

Mueller 1997, Arjovsky et al. 2017 (T25 to T27); Heusel et al. 2017 (T30); Nowozin et al. 2016 (T31).
"""
import numpy as np
import pytest
from exact import GRID, best_logit, pair, points, slope
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan import divergences as div
from tinygan.metrics import frechet_gaussians
from tinygan.objectives import two_sample

laws = hnp.arrays(np.float64, 4, elements=st.floats(0.01, 1)).map(lambda w: w / w.sum())


# T25: the largest `two_sample` over a class of critics

@pytest.mark.parametrize(("mu", "tv"), [(1.0, 0.382925), (2.0, 0.682689)])
def test_t25_critics_within_1_see_twice_the_total_variation(mu, tv):
    assert div.total_variation(*pair(mu)) == pytest.approx(tv, abs=6e-7)
    best = two_sample(np.sign(best_logit(points(), mu)), np.sign(best_logit(points(mean=mu), mu)))
    assert best == pytest.approx(2 * tv, abs=2e-4)  # one of the 20,000 points is half across the step


@given(laws, laws, hnp.arrays(np.float64, 4, elements=st.floats(-1, 1)))
def test_t25_no_critic_within_1_sees_more(p, q, f):
    def seen(f):
        return np.sum((p - q) * f)
    assert seen(f) <= seen(np.sign(p - q)) + 1e-12 == pytest.approx(2 * div.total_variation(p, q))


@given(st.floats(-3, 3), st.floats(-1, 1))
def test_t25_linear_critics_see_the_difference_of_the_means(mu, w):
    seen = two_sample(w * points(2000), w * points(2000, mu))
    assert seen == pytest.approx(-w * mu, abs=1e-9)
    assert seen <= abs(mu) + 1e-9


@given(laws, laws, hnp.arrays(np.float64, 4, elements=st.floats(-1, 1)))
def test_t25_lipschitz_critics_see_w1(p, q, slopes):
    """A critic with slopes within 1 on unit steps, and the best: its slope is the sign of G - F."""
    x = np.arange(4.0)

    def seen(slopes):
        return np.sum((p - q) * np.concatenate([[0.0], np.cumsum(slopes)]))
    w1 = div.wasserstein(p, q, x)
    assert seen(slopes[:3]) <= w1 + 1e-12
    assert seen(np.sign(np.cumsum(q - p)[:3])) == pytest.approx(w1)


# T26, T27

@pytest.mark.parametrize("shift", [-1.5, 0.25, 3.0])
def test_t26_a_shift_costs_its_length(shift):
    p, q = (np.where(abs(GRID - middle) < 0.5, 1.0, 0.0) for middle in (0.5, 0.5 + shift))
    p, q = p / p.sum(), q / q.sum()
    assert div.wasserstein(p, q, GRID) == pytest.approx(abs(shift), abs=2e-3)  # within the cells of the grid
    assert div.wasserstein(*pair(shift), GRID) == pytest.approx(abs(shift), abs=1e-9)


def test_t26_another_width():
    """N(0, 1) against N(0, 2^2): the quantiles are z and 2z, so W1 = E|z| = sqrt(2 / pi)."""
    p, q = div.normal(np.linspace(-20, 20, 40_001)), div.normal(np.linspace(-20, 20, 40_001), 0.0, 2.0)
    w1 = div.wasserstein(p, q, np.linspace(-20, 20, 40_001))
    assert w1 == pytest.approx(np.sqrt(2 / np.pi), abs=1e-6) == pytest.approx(0.797885, abs=1e-6)


@pytest.mark.parametrize("theta", [-2.0, -0.1, 0.0, 0.1, 2.0])
def test_t27_parallel_lines(theta):
    """(0, Z) against (theta, Z): W1 from below by the critic -x sign(theta), from above by moving straight across."""
    z = np.linspace(0, 1, 50)[:, None]
    real, fake = np.hstack([0 * z, z]), np.hstack([theta + 0 * z, z])
    below = two_sample(*(-np.sign(theta) * x[:, :1] for x in (real, fake)))
    above = np.linalg.norm(real - fake, axis=1).mean()
    assert below == pytest.approx(above) == pytest.approx(abs(theta))
    apart = theta != 0
    p = np.stack([np.full(50, 1 / 50), np.zeros(50)])  # on the two lines
    q = p[::-1] if apart else p
    assert div.js(p, q) == pytest.approx(np.log(2) if apart else 0.0)
    assert div.total_variation(p, q) == pytest.approx(float(apart))
    assert div.kl(p, q) == div.kl(q, p) == (np.inf if apart else 0.0)


# T30

def test_t30_of_gaussians():
    assert div.normal_kl(0, 1, 1, 2) == pytest.approx(np.log(2) + 2 / 8 - 1 / 2) == pytest.approx(0.443147, abs=6e-7)
    assert div.kl(div.normal(GRID), div.normal(GRID, 1.0, 2.0)) == pytest.approx(0.443147, abs=6e-7)
    assert div.normal_kl(0, 1, 2, 1) == pytest.approx(2.0)
    assert div.kl(*pair(2.0)) == pytest.approx(2.0)
    assert frechet_gaussians([0, 0], np.eye(2), [1, 2], 4 * np.eye(2)) == pytest.approx(7)


# T31

@pytest.mark.parametrize("name", div.F_DIVERGENCES)
@given(u=st.floats(0.05, 20), other=st.floats(0.05, 20))
def test_t31_conjugates(name, u, other):
    """f*(t) = max over u of u t - f(u), attained where t = f'(u): the critic."""
    f, conjugate, critic = div.F_DIVERGENCES[name]
    t = critic(u)
    assert t == pytest.approx(slope(f, u))
    assert conjugate(t) == pytest.approx(u * t - f(u), rel=1e-9, abs=1e-9)
    assert conjugate(t) >= other * t - f(other) - 1e-9


@pytest.mark.parametrize("name", div.F_DIVERGENCES)
@given(p=laws, q=laws, noise=hnp.arrays(np.float64, 4, elements=st.floats(-0.2, 0.2)))
def test_t31_the_bound(name, p, q, noise):
    d = div.F_DIVERGENCES[name]
    best = d.critic(p / q)
    assert d.bound(p, q, best) == pytest.approx(d(p, q), abs=1e-9)
    worse = best * (1 + noise)  # has the sign that the conjugate asks for
    assert d.bound(p, q, worse) <= d(p, q) + 1e-9


def test_t31_known_values():
    p, q = pair(1.0)
    assert div.F_DIVERGENCES["kl"](p, q) == pytest.approx(0.5) == div.kl(p, q)
    assert div.F_DIVERGENCES["kl"].bound(p, q, 1 + best_logit(GRID, 1.0)) == pytest.approx(0.5)
    assert div.F_DIVERGENCES["reverse-kl"](p, q) == pytest.approx(div.kl(q, p)) == pytest.approx(0.5)
    log_d = tg.log_sigmoid(best_logit(GRID, 1.0))
    assert div.F_DIVERGENCES["gan"].bound(p, q, log_d) == pytest.approx(div.jsd_value(p, q))
    assert div.F_DIVERGENCES["gan"](p, q) == pytest.approx(div.jsd_value(p, q))
