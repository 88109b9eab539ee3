"""Sets of images by name or by folder: the embedded digits, the sets on this machine, unknown names."""
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import one_line
from idx import put
from PIL import Image

from tinygan import data
from tinygan.data import DataError, files, load, sets


def test_describe_knows_what_is_here(small, tmp_path, monkeypatch):
    names = ["digits", "digits14", "digits16", "mnist", "fashion", "cifar10"]
    here = {row.name: row.here for row in data.describe()}
    assert list(here) == names
    assert [name for name in names if here[name]] == names[:3]
    put(tmp_path / "system", small["fashion"], pack=True)
    four = dict(small["mnist"])
    last = four.popitem()
    put(tmp_path / "cache/tinygan/mnist", four)
    assert [row.name for row in data.describe() if row.here] == [*names[:3], "fashion"]
    put(tmp_path / "cache/tinygan/mnist", dict([last]))
    assert [row.name for row in data.describe() if row.here] == [*names[:3], "mnist", "fashion"]
    for row in data.describe():
        assert row.licence
        assert row.source
        if row.here:
            assert load(row.name).x.shape[1:] == row.shape


def test_tables_agree():
    assert set(files.SHA256) == set(files.MIRRORS) == set(sets.LOADERS) - {"digits", "digits14", "digits16"}
    for name in ("mnist", "fashion"):
        assert set(files.SHA256[name]) == set(files.IDX_SHAPES)
    hashes = [sha for four in files.SHA256.values() for sha in four.values()]
    assert len(set(hashes)) == 9
    assert all(re.fullmatch("[0-9a-f]{64}", sha) for sha in hashes)


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
    ("rings", "load: unknown data 'rings', " + EXPECTED + "; did you mean ring?"),
    ("", "load: unknown data '', " + EXPECTED),
    ("no/such/folder", "load: folder 'no/such/folder' does not exist"),
    (Path("nothing"), "load: folder 'nothing' does not exist"),
    ("ring", "load: 'ring' is no set of images: draw from it with tinygan.data.ring(n, rng)"),
    (3, "load: expected a name or a folder, found int"),
    (None, "load: expected a name or a folder, found NoneType"),
    (b"digits", "load: expected a name or a folder, found bytes"),
    ("a\x00b", "load: unknown data 'a\\x00b'"),
    ("x" * 5000, "load: "),  # "cannot be a folder", or with Python 3.14 "unknown data"
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


def test_import_and_digits_need_numpy_only():
    code = ("import sys; import tinygan.data as d; d.load('digits', held_out=True); d.ring\n"
            "print([m for m in ('pooch', 'tqdm', 'PIL', 'requests', 'matplotlib', 'tarfile') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2])
    assert done.stdout == "[]\n"


def test_a_folder_with_a_size(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "me@8"):
        (tmp_path / name).mkdir()
        Image.new("L", (20, 20)).save(tmp_path / name / "0.png")
    assert data.load("photos@16").x.shape == (1, 16, 16, 1)
    assert data.load("me@8").x.shape == (1, 32, 32, 1)
    assert data.load("me@8@24").x.shape == (1, 24, 24, 1)
    for wrong in ("photos@0", "photos@9999"):
        with pytest.raises(data.DataError, match="expected a whole number from 1 to 1024"):
            data.load(wrong)
    with pytest.raises(data.DataError, match="unknown data 'none@64'"):
        data.load("none@64")
