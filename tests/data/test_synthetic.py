"""Sources to draw from: their distributions, seeds, bad input; examples drawn from arrays."""
import numpy as np
import pytest
from helpers import one_line, rng
from hypothesis import given
from hypothesis import strategies as st

from tinygan import data
from tinygan.data import DataError

SEED = st.integers(0, 2 ** 32 - 1)


@given(n=st.integers(0, 50), seed=SEED, modes=st.integers(1, 12), radius=st.floats(0.5, 5))
def test_ring_draws_near_its_means(n, seed, modes, radius):
    x = data.ring(n, rng(seed), modes=modes, radius=radius, sigma=0.01)
    assert x.shape == (n, 2)
    assert x.dtype == np.float32
    distance = np.linalg.norm(x[:, None] - data.ring_means(modes, radius), axis=-1)
    assert (distance.min(axis=1) < 0.08).all()


@given(n=st.integers(0, 50), seed=SEED, side=st.integers(1, 7), spacing=st.floats(0.5, 4))
def test_grid_draws_near_its_means(n, seed, side, spacing):
    x = data.grid(n, rng(seed), side=side, spacing=spacing, sigma=0.01)
    assert x.shape == (n, 2)
    assert x.dtype == np.float32
    distance = np.linalg.norm(x[:, None] - data.grid_means(side, spacing), axis=-1)
    assert (distance.min(axis=1) < 0.08).all()


def test_means_are_where_the_literature_has_them():
    assert {tuple(m) for m in data.grid_means()} == {(a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)}
    means = data.ring_means()
    assert means.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(means, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(means[1], [np.sqrt(.5), np.sqrt(.5)], rtol=1e-6)


@pytest.mark.parametrize(("draw", "means", "sigma"), [(data.ring, data.ring_means(), 0.01),
                                                      (data.grid, data.grid_means(), 0.05)])
def test_mixtures_have_the_right_law(draw, means, sigma):
    n = 40_000
    x = draw(n, rng())
    distance = np.linalg.norm(x[:, None] - means, axis=-1)
    assert abs((distance.min(axis=1) < 3 * sigma).mean() - (1 - np.exp(-4.5))) < 0.003   # 5.7 standard errors
    share = np.bincount(distance.argmin(axis=1), minlength=len(means)) / n
    assert abs(share * len(means) - 1).max() < 0.15
    assert share.std() > 0   # by chance, not in turn
    np.testing.assert_allclose((x - means[distance.argmin(axis=1)]).std(axis=0), sigma, rtol=0.03)


@given(n=st.integers(0, 50), seed=SEED)
def test_gaussian_shape(n, seed):
    x = data.gaussian(n, rng(seed))
    assert x.shape == (n, 1)
    assert x.dtype == np.float32


def test_gaussian_has_the_right_law():
    x = data.gaussian(40_000, rng())
    assert abs(x.mean() - 4) < 0.015
    assert abs(x.std() - 0.5) < 0.01
    assert abs(data.gaussian(40_000, rng(), mean=-1, sd=2).mean() + 1) < 0.06


@given(n=st.integers(0, 20), seed=SEED, length=st.integers(20, 40), f=st.floats(0.05, 0.45))
def test_sines_are_sines(n, seed, length, f):
    x = data.sines(n, rng(seed), length=length, frequencies=(f,))
    assert x.shape == (n, length, 1)
    assert x.dtype == np.float32
    step = 2 * np.cos(2 * np.pi * f)   # a sine of this frequency, and no other, has x[t+1] + x[t-1] = step x[t]
    np.testing.assert_allclose(x[:, 2:] + x[:, :-2], step * x[:, 1:-1], atol=1e-6)


def test_sines_have_the_right_law():
    n = 20_000
    wave = np.fft.rfft(data.sines(n, rng())[..., 0], axis=1)[:, 1:] / 8   # 16 steps: the frequencies are columns 0, 1
    amplitude, which = np.abs(wave).max(axis=1), np.abs(wave).argmax(axis=1)
    assert set(which) == {0, 1}
    assert abs(which.mean() - 0.5) < 0.02
    assert 0.4999 < amplitude.min() < amplitude.max() < 1.0001
    assert abs(amplitude.mean() - 0.75) < 0.005
    assert abs(amplitude.std() - 0.5 / np.sqrt(12)) < 0.003
    phase = np.angle(wave[np.arange(n), which])
    for k in (0, 1):
        assert abs(np.exp(1j * phase[which == k]).mean()) < 0.04   # four standard errors
        assert abs(np.exp(2j * phase[which == k]).mean()) < 0.04
    assert abs(np.corrcoef(amplitude, which)[0, 1]) < 0.03


@pytest.mark.parametrize("draw", [data.ring, data.grid, data.gaussian, data.sines, data.sampler(np.arange(100.))])
def test_the_seed_decides_the_draw(draw):
    first = rng(3)
    a, b = draw(64, first), draw(64, first)
    assert (draw(64, rng(3)) == a).all()
    assert not (a == b).all()
    again = rng()
    state = rng(3)
    draw(64, state)
    again.bit_generator.state = state.bit_generator.state   # a resumed run
    assert (draw(64, again) == b).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: data.ring(3, rng(), modes=0), "ring: modes is 0, expected at least 1"),
    (lambda: data.grid(3, rng(), side=-2), "grid: side is -2, expected at least 1"),
    (lambda: data.sines(3, rng(), length=15), "sines: length is 15, expected at least 16, one cycle of the slowest"),
    (lambda: data.sines(3, rng(), frequencies=(.1, .5)), r"frequencies is \(0.1, 0.5\), expected numbers"),
    (lambda: data.sines(3, rng(), frequencies=()), r"sines: frequencies is \(\), expected numbers between 0 and 1/2"),
    (lambda: data.ring_means(-1), "ring: modes is -1, expected at least 1"),
    (lambda: data.sampler(np.zeros((0, 3))), r"expected at least one example, found an array of shape \(0, 3\)"),
    (lambda: data.sampler(np.float32(3)), r"sampler: expected at least one example, found an array of shape \(\)"),
    (lambda: data.sampler(np.zeros((4, 3)), np.zeros(5)), r"4 examples, labels of shape \(5,\): expected one label"),
    (lambda: data.sampler(np.zeros((4, 3)), np.array(5)), r"4 examples, labels of shape \(\): expected one label"),
    (lambda: data.sampler(data.Images(np.zeros(3), None)), "expected an array of examples, found Images"),
])
def test_bad_sources(call, message):
    with pytest.raises(DataError, match=message) as caught:
        call()
    one_line(caught)


@given(n=st.integers(0, 40), size=st.integers(1, 20), seed=SEED, shape=st.lists(st.integers(1, 3), max_size=3))
def test_sampler_draws_rows_with_their_labels(n, size, seed, shape):
    x = np.arange(size).reshape(size, *[1] * len(shape)) + np.zeros(shape, np.float32)
    rows, labels = data.sampler(x, np.arange(size))(n, rng(seed))
    assert rows.shape == (n, *shape)
    assert (rows.reshape(n, int(np.prod(shape))) == labels[:, None]).all()
    assert (data.sampler(x)(n, rng(seed)) == rows).all()


def test_sampler_draws_every_row_equally_often_and_repeats():
    counts = np.bincount(data.sampler(np.arange(10))(20_000, rng()), minlength=10)
    assert abs(counts / 2000 - 1).max() < 0.12
    assert len(set(data.sampler(np.arange(10))(10, rng()))) < 10
