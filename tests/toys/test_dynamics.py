"""T13 to T24: eigenvalues against trajectories, on the Dirac-GAN and the bilinear game.

Mescheder et al. 2018 (T13 to T20), Goodfellow 2016 and Mescheder et al. 2017 (T21), Gidel et al. 2019 (T24).
"""
import numpy as np
import pytest

from tinygan import plots
from tinygan.toys.dynamics import alternating, eigenvalues, extragradient, simultaneous, trajectory
from tinygan.toys.fields import bilinear, consensus, dirac

SLOPE, BEND = 0.5, -0.25  # f'(0) and f''(0) of f = log sigmoid
START = (1.0, 0.0)


def radius(path):
    return np.linalg.norm(path, axis=1)


def test_t14_simultaneous_steps_lead_away():
    update = simultaneous(dirac(), 0.1)
    np.testing.assert_allclose(abs(eigenvalues(update)), np.sqrt(1 + 0.1**2 * SLOPE**2))
    np.testing.assert_allclose(abs(eigenvalues(update)), 1.0012492, atol=5e-8)
    r = radius(trajectory(update, (1e-3, 0.0), 1000))
    assert r[-1] / r[0] == pytest.approx(3.4849, abs=5e-5)


@pytest.mark.parametrize(("h", "k"), [(0.1, 1), (1.0, 1), (1.0, 4), (2.0, 3), (4.0, 1), (4.1, 1)])
@pytest.mark.parametrize("first", ["d", "g"])
def test_t15_eigenvalues_of_alternating_steps(h, k, first):
    a = np.sqrt(k) * h * SLOPE
    half = 1 - a**2 / 2
    root = np.emath.sqrt(half**2 - 1)
    found = eigenvalues(alternating(dirac(), h, k=k, first=first))
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex([half - root, half + root]), atol=1e-7)
    assert (abs(found).max() < 1 + 1e-7) == (a <= 2)


@pytest.mark.parametrize("first", ["d", pytest.param("g", marks=pytest.mark.slow)])
def test_t15_alternating_steps_go_round(first):
    """Near 0 the conserved theta^2 + psi^2 +- a theta psi, a = h / 2, is an ellipse: from its axis r stays within
    1 / sqrt(1 +- a / 2) of the start, .98773 to 1.01274."""
    path = trajectory(alternating(dirac(), 0.1, first=first), (1e-3, 0.0), 10_000)
    r = radius(path) / 1e-3
    assert (r.min(), r.max()) == pytest.approx((1.025**-0.5, 0.975**-0.5), abs=1e-5)
    assert (round(r.min(), 3), round(r.max(), 3)) == (0.988, 1.013)
    turned = abs(np.unwrap(np.arctan2(*path.T))[-1] - np.arctan2(*path[0]))
    period = 2 * np.pi * 10_000 / turned
    assert period == pytest.approx(125.65, abs=0.01)
    angle = abs(np.angle(eigenvalues(alternating(dirac(), 0.1, first=first))[0]))
    assert 2 * np.pi / angle == pytest.approx(2 * np.pi / np.arccos(1 - 0.05**2 / 2)) == pytest.approx(125.65, abs=5e-3)


@pytest.mark.parametrize(("weight", "steps"), [(0.1, 1818), (0.3, 499), (1.0, 203), (2.0, 532)])
def test_t16_r1_converges_fastest_at_its_critical_weight(weight, steps):
    """Simultaneous steps, h = .1, from (1, 0): the first r below 1e-3.

    After one step less, r is still above 1e-3.
    """
    r = radius(trajectory(simultaneous(dirac(r1=weight), 0.1), START, steps))
    assert r[-1] < 1e-3 <= r[-2] == r[1:-1].min()


def test_t16_without_r1_it_never_comes_near():
    r = radius(trajectory(simultaneous(dirac(), 0.1), START, 3000))
    assert r.min() >= 1
    assert r[-1] == pytest.approx(3.3008, abs=5e-5)


@pytest.mark.slow
def test_t16_without_r1_in_the_long_run():
    assert radius(trajectory(simultaneous(dirac(), 0.1), START, 200_000))[-1] == pytest.approx(4.9, abs=0.05)


NON_SATURATING = [0.270, 0.0902, 0.0279, 0.0200]  # the radius after 1e3, 1e4, 1e5, 2e5 steps, G first


def slowly(steps):
    r = radius(trajectory(alternating(dirac("non-saturating"), 0.1, first="g"), START, steps[-1]))
    return r[list(steps)]


@pytest.mark.slow
def test_t18_the_non_saturating_game_converges_slowly():
    """Like 1 / sqrt(t): by ten times the steps r falls to about 1 / sqrt(10) = .316 of itself."""
    r = slowly([1000, 10_000])
    np.testing.assert_allclose(r, NON_SATURATING[:2], atol=1e-4)
    assert 0.3 < r[1] / r[0] < 0.35


@pytest.mark.slow
def test_t18_in_the_long_run():
    np.testing.assert_allclose(slowly([1000, 10_000, 100_000, 200_000]), NON_SATURATING, atol=1e-4)


def test_t19_the_wasserstein_game_leads_away():
    r = radius(trajectory(simultaneous(dirac("two-sample"), 0.01), START, 1000))
    np.testing.assert_allclose(r, (1 + 0.01**2) ** (np.arange(1001) / 2))
    assert r[-1] == pytest.approx(1.0512685, abs=5e-7)


def test_t19_clipping_does_not_make_it_converge():
    """Simultaneous steps, h = .1."""
    path = trajectory(simultaneous(dirac("two-sample"), 0.1, clip=0.5), START, 3000)
    theta, psi = path[1000:].T
    assert (theta.max(), theta.min()) == pytest.approx((0.541, -0.541), abs=5e-4)
    assert abs(psi).max() == 0.5
    assert radius(path[1000:]).min() > 0.49


@pytest.mark.parametrize("k", [1, 5])
def test_t20_the_gradient_penalty_does_not_reach_0(k):
    """h = .01, one step of D and of G in turn: a cycle. With five of D, theta stays at the target slope's distance:
    psi = 0 is where the pull of the fakes, -theta, and that of the penalty, weight times slope, are equal."""
    path = trajectory(alternating(dirac("two-sample", penalty=1.0, slope=1.0), 0.01, k=k), START, 3000)
    late = path[2000:]
    if k == 1:
        assert (late[:, 0].max(), late[:, 0].min()) == pytest.approx((1.387, -1.387), abs=5e-4)
    else:
        np.testing.assert_allclose(late, np.broadcast_to([-1.0, 0.0], late.shape), atol=1e-9)


def test_t21_simultaneous_steps_in_the_bilinear_game():
    r2 = radius(trajectory(simultaneous(bilinear, 0.1), (1.0, 1.0), 100)) ** 2
    np.testing.assert_allclose(r2[1:] / r2[:-1], 1 + 0.1**2)
    assert r2[-1] == pytest.approx(5.409628, abs=5e-7)


@pytest.mark.parametrize(("first", "sign"), [("g", -1), ("d", 1)])
def test_t22_alternating_steps_conserve(first, sign):
    """x^2 + y^2 - eta x y when x moves first; when y moves first, x^2 + y^2 + eta x y.

    With y' = y + eta x and x' = x - eta y' = (1 - eta^2) x - eta y, the sum x'^2 + y'^2 + c x' y' has at x^2 the factor
    (1 - eta^2)^2 + eta^2 + c eta (1 - eta^2), which is 1 for c = eta. The other order is this one with (x, y, eta)
    turned into (y, x, -eta). T23 plays the second order.
    """
    for eta in (0.1, 0.7, 1.5):
        x, y = trajectory(alternating(bilinear, eta, first=first), (1.0, 1.0), 1000).T
        kept = x**2 + y**2 + sign * eta * x * y
        np.testing.assert_allclose(kept, kept[0], atol=1e-12)


def test_t23_six_steps_of_size_one():
    path = trajectory(alternating(bilinear, 1.0, first="d"), (1.0, 1.0), 6)
    np.testing.assert_array_equal(path[1:], [(-1, 2), (-2, 1), (-1, -1), (1, -2), (2, -1), (1, 1)])


def test_t24_extragradient_comes_near():
    update = extragradient(bilinear, 0.1)
    r2 = radius(trajectory(update, (1.0, 1.0), 100)) ** 2
    np.testing.assert_allclose(r2[1:] / r2[:-1], 1 - 0.1**2 + 0.1**4)
    assert r2[-1] == pytest.approx(0.739496, abs=5e-7)
    np.testing.assert_allclose(abs(eigenvalues(update)) ** 2, 1 - 0.1**2 + 0.1**4)


UPDATES = {"simultaneous": simultaneous(dirac(), 0.3), "alternating": alternating(dirac(), 0.3),
           "extragradient": extragradient(dirac(), 0.3), "r1": simultaneous(dirac(r1=0.3), 0.3),
           "noise": simultaneous(dirac(noise=0.7), 0.3), "consensus": simultaneous(consensus(dirac(), 0.5), 0.3)}


@pytest.mark.parametrize("name", UPDATES)
def test_near_the_equilibrium_a_path_does_what_the_eigenvalues_say(name):
    """The growth per step and the turn per step of a path are the modulus and the angle of the eigenvalue."""
    path = trajectory(UPDATES[name], (1e-6, 0.0), 400)
    found = eigenvalues(UPDATES[name])
    growth = (radius(path)[-1] / radius(path)[0]) ** (1 / 400)
    assert growth == pytest.approx(abs(found[0]), abs=1e-3)
    angle = np.unwrap(np.arctan2(*path.T))
    assert abs(angle[-1] - angle[0]) / 400 == pytest.approx(abs(np.angle(found[0])), abs=5e-3)


def test_the_picture():
    names = ("alternating", "r1")
    image = plots.dynamics({name: trajectory(UPDATES[name], START, 20) for name in names},
                           {name: eigenvalues(UPDATES[name]) for name in names})
    assert image.dtype == np.uint8
    assert image.std() > 1


def test_many_paths_at_once():
    starts = np.array([[1.0, 0.3, -2.0], [0.0, 0.5, 1.0]])
    update = alternating(dirac("non-saturating", r1=0.1), 0.1, clip=0.4)
    together = trajectory(update, starts, 50)
    assert together.shape == (51, 2, 3)
    for i in range(3):
        np.testing.assert_allclose(together[:, :, i], trajectory(update, starts[:, i], 50), atol=1e-14)
    assert abs(together[1:, 1]).max() == 0.4
