"""tinygan.data: sources to draw from, the embedded digits, names."""
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import one_line, rng
from hypothesis import given
from hypothesis import strategies as st

from tinygan import data
from tinygan.data import DataError, load, sets

SEED = st.integers(0, 2 ** 32 - 1)


# Sources

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


# The user's own sequences

def test_sequences_of_a_file(tmp_path):
    x = rng().normal(size=(5, 7, 2))
    np.save(tmp_path / "x.npy", x)
    found = data.load_sequences(tmp_path / "x.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, x.astype(np.float32))


@pytest.mark.parametrize(("content", "message"), [
    (np.zeros((3, 1, 2)), "its sequences are too short: 1 step, expected at least 2"),
    (np.zeros((3, 4)), r"expected numbers (n, time, features), found float64 of shape (3, 4)"),
    (np.zeros((3, 4, 1), bool), "expected numbers (n, time, features), found bool of shape (3, 4, 1)"),
    (np.zeros((0, 4, 1)), "expected numbers (n, time, features), found float64 of shape (0, 4, 1)"),
    (np.full((3, 4, 1), np.nan), "holds NaN or infinity"),
    (np.full((3, 4, 1), 1e300), "holds NaN or infinity"),
    (np.array([{}]), "cannot be read: it is damaged, or no array of numbers"),
    (b"", "cannot be read: it is damaged, or no array of numbers"),
    (b"time,value", "cannot be read: it is damaged, or no array of numbers"),
    (None, "cannot be read: No such file or directory"),
])
def test_bad_sequences(tmp_path, content, message):
    path = tmp_path / "x.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(DataError) as caught:
        data.load_sequences(path)
    assert message in one_line(caught)


# The embedded digits

DIGITS = {
    "train_images": "f83ddfb6346264b52ed4a5c96f7891bb59b5b151c2cb216648d82f22e3c85195",
    "train_labels": "81018dafcfe18151c97046f4634773cc19464ce01f34c11a89a445656fa5599c",
    "test_images": "170ff6838184f9ec6aaa1bbb5932ed59b7463585418d2da081525165ef21edae",
    "test_labels": "949a3782a9c308bf8ca08ff720810fe1de358fe09887727264c684c785d1ec53",
}


def test_digits_are_the_ones_that_were_selected():
    with np.load(sets.EMBEDDED, allow_pickle=False) as arrays:
        assert {name: hashlib.sha256(arrays[name].tobytes()).hexdigest() for name in arrays} == DIGITS
        assert {arrays[name].dtype for name in arrays} == {np.dtype(np.uint8)}
    assert sets.EMBEDDED.stat().st_size < 2_000_000


@pytest.mark.parametrize(("held_out", "n"), [(False, 10_000), (True, 2000)])
def test_digits_load(held_out, n):
    images = load("digits", held_out=held_out)
    x, labels = images
    assert x is images.x
    assert x.shape == (n, 28, 28, 1)
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (-1, 1)
    assert labels.shape == (n,)
    assert labels.dtype == np.int64
    assert set(labels) == set(range(10))
    with np.load(sets.EMBEDDED) as arrays:
        raw = arrays["test_images" if held_out else "train_images"]
    np.testing.assert_allclose(x[..., 0], raw / 127.5 - 1, atol=1e-7)


def test_digits_are_balanced_and_in_their_original_order():
    labels = load("digits").labels
    assert (np.bincount(labels) == 1000).all()
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_digits14_are_the_means_of_four_pixels():
    for held_out in (False, True):
        small, whole = load("digits14", held_out), load("digits", held_out)
        assert small.x.shape == (len(whole.x), 14, 14, 1)
        assert small.x.dtype == np.float32
        assert (small.labels == whole.labels).all()
        parts = [whole.x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        np.testing.assert_allclose(small.x, np.mean(parts, axis=0), atol=.5 / 127.5 + 1e-6)


def test_digits_resized():
    x = load("digits", held_out=True, size=14).x
    assert x.shape == (2000, 14, 14, 1)
    assert x.dtype == np.float32
    full = load("digits", held_out=True).x
    blocks = full.reshape(2000, 14, 2, 14, 2, 1).mean(axis=(2, 4))
    assert abs(x - blocks).mean() < 0.05
    assert (load("digits", held_out=True, size=28).x == full).all()


def test_damaged_embedded_file(tmp_path, monkeypatch):
    content = sets.EMBEDDED.read_bytes()
    middle = len(content) // 2
    for damaged in (content[:middle], b"", content[:middle] + bytes(1000) + content[middle + 1000:]):
        monkeypatch.setattr(sets, "EMBEDDED", tmp_path / "digits.npz")
        (tmp_path / "digits.npz").write_bytes(damaged)
        with pytest.raises(DataError, match=r"^digits: .*digits.npz is damaged \(\w+\), install") as caught:
            load("digits")
        one_line(caught)


@pytest.mark.parametrize("held_out", [False, True])
def test_digits_of_16_pixels(held_out):
    x, labels = load("digits16", held_out)
    full = load("digits", held_out)
    assert x.shape == (len(full.x), 16, 16, 1)
    assert (labels == full.labels).all()
    frame = np.ones((16, 16), bool)
    frame[1:-1, 1:-1] = False
    assert (x[:, frame] == -1).all()
    halved = (full.x[:, ::2, ::2] + full.x[:, ::2, 1::2] + full.x[:, 1::2, ::2] + full.x[:, 1::2, 1::2]) / 4
    np.testing.assert_allclose(x[:, 1:-1, 1:-1], halved, atol=0.51 / 127.5)


def test_licence_stands_beside_the_digits():
    text = sets.EMBEDDED.with_name("LICENSE-digits.md").read_text()
    assert "CC BY-SA 3.0" in text
    assert "Yann LeCun and Corinna Cortes" in text


# Names

EXPECTED = "expected one of digits, digits14, digits16, mnist, fashion, cifar10, or a folder of images"


@pytest.mark.parametrize(("given_name", "message"), [
    ("mnst", "load: unknown data 'mnst', " + EXPECTED),
    ("", "load: unknown data '', " + EXPECTED),
    ("no/such/folder", "load: folder 'no/such/folder' does not exist"),
    (Path("nothing"), "load: folder 'nothing' does not exist"),
    ("ring", "load: 'ring' is no set of images: draw from it with tinygan.data.ring(n, rng)"),
    (3, "load: expected a name or a folder, found int"),
    (None, "load: expected a name or a folder, found NoneType"),
    (b"digits", "load: expected a name or a folder, found bytes"),
    ("a\x00b", "load: unknown data 'a\\x00b'"),
    ("x" * 5000, "load: 'xxxx"),
])
def test_unknown_names(tmp_path, monkeypatch, given_name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        load(given_name)
    assert one_line(caught).startswith(message)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("size", [0, -3, 2.5, "8", 5000])
def test_bad_size(size):
    with pytest.raises(DataError, match=rf"load: size is {size!r}, expected a whole number from 1 to 1024"):
        load("digits", size=size)


def test_the_error_is_a_value_error():
    assert issubclass(DataError, ValueError)


def test_import_and_digits_need_numpy_only():
    code = ("import sys; import tinygan.data as d; d.load('digits', held_out=True); d.ring\n"
            "print([m for m in ('pooch', 'tqdm', 'PIL', 'requests', 'matplotlib', 'tarfile') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2])
    assert done.stdout == "[]\n"
