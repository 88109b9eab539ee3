"""evaluate_sines: known values, the failures that each metric sees or misses, bad input."""
import numpy as np
import pytest
from helpers import one_line
from hypothesis import given
from hypothesis import strategies as st

from tinygan import data, metrics

SLOW, FAST = data.SINES


def score(x, frequencies=data.SINES):
    return metrics.evaluate_sines(x, frequencies)


def wave(f, amplitude=1.0, phase=0.0, length=16):
    """One sine, (length, 1)."""
    return amplitude * np.sin(2 * np.pi * f * np.arange(length) + phase)[:, None]


def test_real_sines(rng):
    scores = score(data.sines(20_000, rng))
    assert scores["purity"] == pytest.approx(1, abs=1e-9)
    assert scores["least_share"] == pytest.approx(.5, abs=.015)
    assert scores["amplitude"] == pytest.approx(.75, abs=.005)
    assert scores["amplitude_sd"] == pytest.approx(.5 / np.sqrt(12), abs=.003)
    assert scores["phase_bias"] < .03


def test_noise(rng):
    scores = score(rng.uniform(-1, 1, (5000, 16, 1)))
    assert .15 < scores["purity"] < .25  # the larger of two shares of 2 of 16 directions
    assert scores["least_share"] == 0


@pytest.mark.parametrize(("power", "purity"), [(.01, 1 / 1.01), (.5, 1 / 1.5)])
def test_purity_is_a_share_of_energy(power, purity):
    x = np.stack([wave(SLOW) + np.sqrt(power) * wave(3 / 16, phase=p) for p in (0, 1, 2)])
    assert score(x)["purity"] == pytest.approx(purity)


def test_a_constant_is_no_sine():
    assert score(np.ones((3, 16, 1)))["purity"] == pytest.approx(0, abs=1e-12)
    assert score(np.zeros((3, 16, 1))) == {"purity": 0, "least_share": 0, "amplitude": 0, "amplitude_sd": 0,
                                           "phase_bias": 0}


def test_each_collapse_shows_in_its_figure(rng):
    one = score(data.sines(2000, rng, frequencies=[SLOW]))
    assert (one["purity"], one["least_share"]) == (pytest.approx(1), 0)
    same_phase = score(np.stack([wave(f, a) for f in data.SINES for a in rng.uniform(.5, 1, 500)]))
    assert same_phase["phase_bias"] == pytest.approx(1)
    assert same_phase["least_share"] == .5
    same_size = score(np.stack([wave(f, .75, p) for f in data.SINES for p in rng.uniform(0, 2 * np.pi, 500)]))
    assert same_size["amplitude_sd"] == pytest.approx(0, abs=1e-9)
    mixed = score((data.sines(2000, rng, frequencies=[SLOW]) + data.sines(2000, rng, frequencies=[FAST])) / 2)
    assert mixed["purity"] < .85
    assert mixed["least_share"] < .05


def test_one_phase_in_one_frequency_is_seen(rng):
    x = np.concatenate([data.sines(500, rng, frequencies=[SLOW]), np.stack([wave(FAST)] * 500)])
    assert score(x)["phase_bias"] == pytest.approx(1)


@given(f=st.floats(.06, .15), gap=st.floats(.08, .3), length=st.integers(20, 50), amplitude=st.floats(.1, 10),
       phase=st.floats(-3, 3))
def test_a_sine_of_any_frequency_is_found(f, gap, length, amplitude, phase):
    scores = score(np.stack([wave(f + gap, amplitude, phase, length)]), (f, f + gap))
    assert scores["purity"] == pytest.approx(1)
    assert scores["amplitude"] == pytest.approx(amplitude)


@pytest.mark.parametrize("shape", [(4, 16), (4, 16, 2), (4, 1, 1), (0, 16, 1)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match="evaluate_sines: samples") as caught:
        score(np.ones(shape))
    one_line(caught)
