"""Divergences of known distributions: bounds, slopes, both array modules, bad input. Their values: theory/."""
import foreign
import numpy as np
import pytest
from helpers import host, on
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan import divergences as div

PAIRS = {"kl": div.kl, "js": div.js, "total_variation": div.total_variation, "jsd_value": div.jsd_value,
         "optimal_d": div.optimal_d, **{f"f-divergence {name}": f for name, f in div.F_DIVERGENCES.items()}}
P, Q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.25, 0.25, 0.1])
laws = hnp.arrays(np.float64, 5, elements=st.one_of(st.just(0.0), st.floats(0.01, 1))).filter(np.any).map(
    lambda w: w / w.sum())


@given(laws, laws)
def test_bounds(p, q):
    js, tv = div.js(p, q), div.total_variation(p, q)
    assert -1e-12 <= js <= np.log(2) + 1e-12
    assert -1e-12 <= tv <= 1 + 1e-12
    assert div.js(q, p) == pytest.approx(js)
    assert div.kl(p, p) == 0
    assert div.kl(p, q) >= 2 * tv**2 - 1e-12  # Pinsker
    assert tv**2 / 2 - 1e-12 <= js <= tv * np.log(2) + 1e-12
    np.testing.assert_allclose(div.optimal_d(p, q) + div.optimal_d(q, p), 1)
    assert div.wasserstein(p, q, np.arange(5.0)) >= tv - 1e-12  # to move mass costs at least a step


@pytest.mark.parametrize("name", PAIRS)
def test_slopes(name):
    tg.check_gradients(PAIRS[name], P, Q)


def test_slopes_where_a_probability_is_0():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.5, 0.25])
    [g] = tg.grad(div.kl(p, t := tg.Tensor(q, requires_grad=True)), [t])
    np.testing.assert_allclose(g.data, -p / q)
    for f in (div.js, div.jsd_value):
        t = tg.Tensor(np.array([0.0, 0.5, 0.5]), requires_grad=True)
        assert np.isfinite(tg.grad(f(p, t), [t])[0].data).all()


def test_slopes_of_gaussians():
    x = np.linspace(-6, 6, 50)
    tg.check_gradients(lambda m, s: div.normal(x, m, s), 0.3, 1.2)
    tg.check_gradients(lambda m, s: div.normal_kl(0.5, 1.5, m, s), 0.3, 1.2)
    assert div.normal(x, 0.3, 1.2).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", PAIRS)
def test_on_both_array_modules(name):
    np.testing.assert_allclose(host(PAIRS[name](*on(foreign, (P, Q)))), PAIRS[name](P, Q))
    np.testing.assert_allclose(host(PAIRS[name](*map(tg.Tensor, on(foreign, (P, Q))))), PAIRS[name](P, Q))


def test_wasserstein_and_normal_on_both_array_modules(xp):
    x = np.linspace(-8, 8, 400)
    p, q = div.normal(on(xp, x)), div.normal(on(xp, x), 0.5)
    assert float(host(div.wasserstein(p, q, on(xp, x)))) == pytest.approx(0.5)
    assert float(host(div.kl(on(xp, P), on(xp, np.array([0.0, 0.5, 0.25, 0.25]))))) == np.inf


@pytest.mark.parametrize("name", [*PAIRS])
def test_shapes_must_agree(name):
    with pytest.raises(ValueError) as caught:
        PAIRS[name](P, Q[:, None])
    refused = {"jsd_value": "js"}.get(name, name.partition(" ")[0])
    assert str(caught.value) == f"{refused}: p (4,) and q (4, 1) differ in shape"


@pytest.mark.parametrize("x", [np.arange(3.0), np.array([0.0, 2.0, 1.0, 3.0])])
def test_wasserstein_needs_points_in_order(x):
    with pytest.raises(ValueError) as caught:
        div.wasserstein(P, Q, x)
    assert str(caught.value) == f"wasserstein: x {x.shape} and p (4,), expected a point of x for each, in rising order"


def test_0_log_0_is_0():
    p, q = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    for name, value in (("kl", np.log(2)), ("pearson", 1), ("gan", 2 * div.js(p, q) - np.log(4))):
        assert div.F_DIVERGENCES[name](p, q) == pytest.approx(value)
        t = tg.Tensor(q, requires_grad=True)
        assert np.isfinite(tg.grad(div.F_DIVERGENCES[name](p, t), [t])[0].data).all()
    assert div.js(np.array([5e-324, 1]), np.array([0.0, 1])) == 0


def test_nan_stays_nan():
    p, q = np.array([np.nan, 1.0]), np.array([0.5, 0.5])
    for f in (div.kl, div.js, lambda p, q: div.optimal_d(p, q)[0], *div.F_DIVERGENCES.values()):
        assert np.isnan(f(p, q))
