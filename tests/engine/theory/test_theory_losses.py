"""T7 at large logits, T32, T33: the distances of least squares and of the hinge (Mao et al. 2017; Lim & Ye 2017)."""
import numpy as np
import pytest
from exact import best_logit, pair, points
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan import divergences as div
from tinygan.objectives import g_least_squares, hinge, least_squares

counts = hnp.arrays(np.int64, 4, elements=st.integers(1, 5))
outputs = hnp.arrays(np.float64, 4, elements=st.floats(-3, 3))


def batches(d, real, fake):
    """The outputs of a D on a real and on a fake batch: outputs d (4,) on four points, `real` and `fake` times each."""
    return (d[np.repeat(np.arange(4), count)] for count in (real, fake))


@given(counts, counts, outputs)
def test_t32_the_best_discriminator_of_least_squares(real, fake, other):
    p, q = real / real.sum(), fake / fake.sum()
    best = tg.Tensor((p - q) / (p + q), requires_grad=True)
    loss = least_squares(*batches(best, real, fake))
    np.testing.assert_allclose(tg.grad(loss, [best])[0].data, 0, atol=1e-12)
    assert loss.item() <= least_squares(*batches(other, real, fake)) + 1e-12


@pytest.mark.parametrize(("mu", "chi"), [(1.0, 0.408109), (2.0, 1.100801)])
def test_t32_it_measures_a_chi_square(mu, chi):
    """2 C(G) = E_pd[D*^2] + E_pg[D*^2] with D* = (p_d - p_g) / (p_d + p_g), so it is the integral of
    (p_d - p_g)^2 / (p_d + p_g) = (2 p_g - (p_d + p_g))^2 / (p_d + p_g).

    Pearson's divergence of P from Q being that of (P - Q)^2 / Q, this is chi^2(2 p_g || p_d + p_g): Mao et al.
    write the two the other way round, which by that definition would be (exp(mu^2) - 1) / 2, .859 at mu = 1.
    """
    p, q = pair(mu)
    pearson = div.F_DIVERGENCES["pearson"]
    assert pearson(2 * q, p + q) == pytest.approx(chi, abs=6e-7)
    assert pearson(p + q, 2 * q) == pytest.approx((np.exp(mu**2) - 1) / 2)
    best = [np.tanh(best_logit(x, mu) / 2) for x in (points(), points(mean=mu))]  # (p - q) / (p + q)
    assert 2 * sum(g_least_squares(d) for d in best) == pytest.approx(chi, abs=1e-4)


@given(counts, counts, outputs)
def test_t33_no_discriminator_has_a_smaller_hinge(real, fake, other):
    p, q = real / real.sum(), fake / fake.sum()
    least = 2 * np.minimum(p, q).sum()
    assert hinge(*batches(np.sign(p - q), real, fake)) == pytest.approx(least)
    assert least == pytest.approx(2 * (1 - div.total_variation(p, q)))
    assert hinge(*batches(other, real, fake)) >= least - 1e-12


def test_t33_two_gaussians():
    assert 2 * (1 - div.total_variation(*pair(2.0))) == pytest.approx(0.634621, abs=2e-6)
    best = [np.sign(best_logit(x, 2.0)) for x in (points(), points(mean=2.0))]
    assert hinge(*best) == pytest.approx(0.634621, abs=1e-4)


def test_t7_softplus_far_out():
    """The cross-entropy on logits is made of it: -log sigmoid(a) = softplus(-a)."""
    a = tg.Tensor(np.array([1000.0, -1000.0, 0.0]), requires_grad=True)
    y = tg.softplus(a)
    np.testing.assert_allclose(y.data, [1000.0, 0.0, np.log(2)])
    [g] = tg.grad(y.sum(), [a], create_graph=True)
    np.testing.assert_array_equal(g.data, [1.0, 0.0, 0.5])
    np.testing.assert_allclose(tg.grad(g.sum(), [a])[0].data, [0.0, 0.0, 0.25])
    np.testing.assert_array_equal(tg.log_sigmoid(-a).data, -y.data)
