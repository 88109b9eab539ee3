"""The user's own sequences: files of numbers, and files with false headers."""
import io
import tracemalloc

import numpy as np
import pytest
from helpers import one_line, rng
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygan import data
from tinygan.data import DataError, load_sequences


def test_sequences_of_a_file(tmp_path):
    x = rng().normal(size=(5, 7, 2))
    np.save(tmp_path / "x.npy", x)
    found = data.load_sequences(tmp_path / "x.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, x.astype(np.float32))


@pytest.mark.parametrize(("content", "message"), [
    (np.zeros((3, 1, 2)), "its sequences are too short: 1 step, expected at least 2"),
    (np.zeros((3, 4)), r"expected numbers (n, time, features), found float64 of shape (3, 4)"),
    (np.zeros((3, 4, 1), bool), "no array of numbers: it holds bool of shape (3, 4, 1), expected numbers"),
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


def npy(header, content=b""):
    """A .npy file with any header."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


NUMBERS = {"descr": "<f4", "fortran_order": False}


@pytest.mark.parametrize("shape", [(10**9, 4, 1), (10**13, 4, 1), (2**62, 4, 1), (3, -4, 1), (9, 4, 1)])
def test_no_memory_for_what_a_header_claims(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(npy({**NUMBERS, "shape": shape}, bytes(100)))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"a\.npy' cannot be read: it is damaged, or no array of numbers: it "):
        load_sequences(tmp_path / "a.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@settings(max_examples=60)
@given(data=st.data())
def test_any_bytes_in_a_file_of_sequences(tmp_path_factory, data):
    content = bytearray(npy({**NUMBERS, "shape": (3, 4, 1)}, np.linspace(-1, 1, 12, dtype=np.float32).tobytes()))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("sequences") / "a.npy"
    path.write_bytes(content[:data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    try:
        x = load_sequences(path)
    except DataError as error:
        told = str(error)
    else:
        told = f"{x.dtype} {x.ndim}" if np.isfinite(x).all() else ""
    assert told == "float32 3" or (told.startswith(f"file {str(path)!r}") and "\n" not in told)
