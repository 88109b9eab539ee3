"""The script that builds the digits: the same bytes each time, nothing from damaged files."""
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from idx import put

from tinygan.data import DataError, build_digits, files


def test_build_digits(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build_digits, "IDX_SHAPES", files.IDX_SHAPES)
    put(tmp_path / "idx", small["mnist"], pack=True)
    outs = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for out in outs:
        build_digits.main([str(tmp_path / "idx"), str(out)])
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert capsys.readouterr().out == "".join(f"{out}: {out.stat().st_size} bytes\n" for out in outs)
    with zipfile.ZipFile(outs[0]) as packed_arrays:
        assert {entry.date_time for entry in packed_arrays.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(outs[0], allow_pickle=False) as arrays:
        assert set(arrays) == {"train_images", "train_labels", "test_images", "test_labels"}
        assert arrays["train_images"].tobytes() == small["mnist"]["train-images-idx3-ubyte"][16:]   # all
        assert arrays["test_labels"].tobytes() == small["mnist"]["t10k-labels-idx1-ubyte"][8:]


def test_build_digits_refuses_damaged_files(small, tmp_path, monkeypatch):
    monkeypatch.setattr(build_digits, "IDX_SHAPES", files.IDX_SHAPES)
    out = tmp_path / "out.npz"
    with pytest.raises(DataError, match=r"holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz"):
        build_digits.main([str(tmp_path), str(out)])
    put(tmp_path, {**small["mnist"], "t10k-labels-idx1-ubyte": small["mnist"]["t10k-labels-idx1-ubyte"][:-1]})
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte: holds 12 bytes, expected 13"):
        build_digits.main([str(tmp_path), str(out)])
    assert not out.exists()


def test_selection_keeps_the_order():
    labels = np.array([1, 0, 1, 1, 0, 2, 0, 2])
    assert build_digits.select(labels, labels, 2).tolist() == [0, 1, 2, 4, 5, 7]


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "usage: python -m tinygan.data.build_digits FOLDER [OUT]\n"),
    (["no-such-folder"], "build_digits: no-such-folder holds neither train-images-idx3-ubyte"),
])
def test_build_digits_command(arguments, message):
    done = subprocess.run([sys.executable, "-m", "tinygan.data.build_digits", *arguments],
                          capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
