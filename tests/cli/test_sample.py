"""`tinygan sample`: pictures and arrays of a run, and runs that are damaged."""
import json

import numpy as np
import pytest
from commands import SHORT
from helpers import fails
from PIL import Image

from tinygan.cli import main


@pytest.mark.drawn
def test_sample_writes_pictures_and_arrays(run, tmp_path, capsys):
    assert main(["sample", "run", "-n", "10", "-o", "s.npy", "--seed", "1"]) == 0
    assert main(["sample", "run", "-n", "10", "-o", "t.npy", "--seed", "1"]) == 0
    assert main(["sample", "run", "-n", "10", "-o", "u.npy", "--seed", "2"]) == 0
    s, t, u = (np.load(tmp_path / name) for name in ("s.npy", "t.npy", "u.npy"))
    assert s.shape == (10, 2)
    assert np.array_equal(s, t)
    assert not np.array_equal(s, u)
    assert main(["sample", "run"]) == 0
    with Image.open(tmp_path / "sample.png") as picture:
        assert np.asarray(picture).std() > 1
    assert "expected .png or .npy" in fails(capsys, "sample", "run", "-o", "x.txt")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "missing", "other"])
def test_a_damaged_checkpoint_is_refused(run, damage, tmp_path, capsys):
    path = run / "checkpoint.npz"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:len(content) // 2])
    elif damage == "flip":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    else:
        assert main(["train", "gaussian", *SHORT, "--out", "other"]) == 0
        path.write_bytes((tmp_path / "other" / "checkpoint.npz").read_bytes())
    capsys.readouterr()
    assert "checkpoint" in fails(capsys, "sample", "run")


@pytest.mark.parametrize("settings", [[], 3, None, {"rat": 1}, {"rate": "x"}, {"objective": []}])
def test_damaged_settings_are_refused(run, settings, capsys):
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "settings": settings}))
    assert "run/config.json" in fails(capsys, "sample", "run")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recipe": "ring"}', "\0"])
def test_a_damaged_config_is_refused(run, text, capsys):
    (run / "config.json").write_text(text)
    assert "config.json" in fails(capsys, "sample", "run")
