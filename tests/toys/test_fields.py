"""T13, T16, T17: the fields of the Dirac-GAN agree with the library's objectives; their eigenvalues."""
import numpy as np
import pytest
from exact import points
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.objectives import OBJECTIVES
from tinygan.penalties import r1
from tinygan.toys.dynamics import eigenvalues, jacobian, simultaneous, trajectory
from tinygan.toys.fields import bilinear, consensus, dirac

SLOPE, BEND = 0.5, -0.25  # f'(0) and f''(0) of f = log sigmoid
START = (1.0, 0.0)


def radius(path):
    return np.linalg.norm(path, axis=1)


def both(real, imaginary):
    """A pair of eigenvalues."""
    return [complex(real, -imaginary), complex(real, imaginary)]


def spectrum(function):
    return sorted(eigenvalues(function), key=lambda x: (x.real, x.imag))


def by_objective(name, theta, psi, weight=0.0, noise=((0.0,),)):
    """The field of the players: the gradients of `OBJECTIVES[name]`, and of the R1 penalty, with D(x) = psi x.

    noise (n, 1): added to the examples.
    """
    x, t, p = (tg.Tensor(value, requires_grad=True) for value in (np.zeros_like(noise), [[theta]], [[psi]]))
    goal_d, goal_g = OBJECTIVES[name]
    sign = {"ascend": 1, "descend": -1}
    real, fake = p * (x + noise), p * (t + noise)
    [v_psi] = tg.grad(sign[goal_d.direction] * goal_d(real, fake) - r1(real, x, weight), [p])
    [v_theta] = tg.grad(sign[goal_g.direction] * goal_g(fake), [t])
    return v_theta.item(), v_psi.item()


@pytest.mark.parametrize("name", OBJECTIVES)
@given(theta=st.floats(-3, 3), psi=st.floats(-3, 3), weight=st.sampled_from([0.0, 0.7]))
def test_t13_the_field_of_the_dirac_gan(name, theta, psi, weight):
    """Of "minimax" it is (-psi f'(psi theta), theta f'(psi theta)) where D's logit is -psi x."""
    expected = by_objective(name, theta, psi, weight)
    np.testing.assert_allclose(dirac(name, r1=weight)(theta, psi), expected, atol=1e-12)
    if name == "minimax" and weight == 0:  # the paper's D has the other sign
        f_slope = tg.sigmoid(-psi * theta)
        v_theta, v_psi = dirac()(theta, -psi)
        np.testing.assert_allclose((v_theta, -v_psi), (-psi * f_slope, theta * f_slope), atol=1e-12)


def test_t13_eigenvalues():
    np.testing.assert_allclose(spectrum(dirac()), both(0, 0.5), atol=1e-15)
    np.testing.assert_allclose(spectrum(dirac("non-saturating")), both(0, 0.5), atol=1e-15)
    np.testing.assert_allclose(spectrum(dirac("two-sample")), both(0, 1), atol=1e-15)


@pytest.mark.parametrize(("weight", "expected"), [(0.1, both(-0.05, 0.49749)), (0.3, both(-0.15, 0.47697)),
                                                  (1.0, [-0.5, -0.5]), (2.0, [-1.8660, -0.1340])])
def test_t16_eigenvalues_under_r1(weight, expected):
    np.testing.assert_allclose(spectrum(dirac(r1=weight)), expected, atol=5e-5 if weight != 1 else 1e-7)
    root = np.emath.sqrt(weight**2 / 4 - SLOPE**2)
    np.testing.assert_allclose(spectrum(dirac(r1=weight)), [-weight / 2 - root, -weight / 2 + root], atol=1e-7)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "zero-sum", "two-sample"])  # smooth, and not squares
@given(theta=st.floats(-3, 3), psi=st.floats(-3, 3))
def test_t17_the_field_under_instance_noise(name, theta, psi):
    expected = by_objective(name, theta, psi, noise=0.7 * points(2000))
    np.testing.assert_allclose(dirac(name, noise=0.7)(theta, psi), expected, atol=1e-3)  # 2,000 quantiles


@pytest.mark.parametrize("sd", [0.5, 1.0, 2.0])
def test_t17_eigenvalues_under_instance_noise(sd):
    root = np.emath.sqrt(BEND**2 * sd**4 - SLOPE**2)
    np.testing.assert_allclose(spectrum(dirac(noise=sd)), [BEND * sd**2 - root, BEND * sd**2 + root], atol=1e-7)
    if sd == 1:
        np.testing.assert_allclose(spectrum(dirac(noise=sd)), both(-0.25, 0.43301), atol=5e-6)
    r = radius(trajectory(simultaneous(dirac(noise=sd), 0.1), START, 1000))
    assert r[-1] < 0.01


@pytest.mark.parametrize("weight", [0.2, 1.0])
def test_consensus(weight):
    j = jacobian(dirac())
    np.testing.assert_allclose(jacobian(consensus(dirac(), weight)), j - weight * j.T @ j, atol=1e-12)
    x, y = 0.3, -0.7
    np.testing.assert_allclose(consensus(bilinear, weight)(x, y), (-y - weight * x, x - weight * y))
    many = consensus(dirac(), weight)(np.array([0.3, 1.0]), np.array([-0.7, 2.0]))
    np.testing.assert_allclose([m[1] for m in many], consensus(dirac(), weight)(1.0, 2.0))
