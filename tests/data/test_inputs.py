"""Files of strangers: folders with all that a folder can hold, arrays whose headers lie."""
import io
import os
import tracemalloc

import numpy as np
import pytest
from helpers import fails, one_line
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tinygan.data import DataError, load, load_sequences


def picture(path):
    Image.new("RGB", (9, 5), "lime").save(path, "PNG")


@pytest.mark.skipif(os.name != "posix", reason="what a folder can hold")
def test_a_folder_of_odd_things(tmp_path):
    """What is no file is passed by, what is no image is counted; a name may be anything, and a device is not read."""
    for name in ("a.png", "no ending", "line\nbreak.png", "dots...png", "é\U0001f600.png", os.fsdecode(b"\xff.png")):
        picture(tmp_path / name)
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for ever
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "broken.png").symlink_to("nowhere")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "archive.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.warns(UserWarning, match=r"skipped 1 of 8 files \(1 not readable as images\)") as caught:
        images = load(tmp_path)
    assert len(caught) == 1
    one_line(caught)
    assert images.x.shape == (7, 32, 32, 3)
    assert images.labels is None


@pytest.mark.skipif(os.name != "posix", reason="what a folder can hold")
def test_a_folder_whose_name_is_odd(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"images \xff\n")
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("no image")
    line = fails(capsys, "train", "digits", "--data", name, "--steps", "1", "--batch", "2")
    assert line.endswith("expected images, found files: 1 not readable as images")


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
    with pytest.raises(DataError, match=r"a\.npy' cannot be read: it is damaged, or no array of numbers$"):
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
