"""`tinygan import`: the data of a new run, and files that are refused."""
import json
from pathlib import Path

import numpy as np
import pytest
from exchange_cases import config
from helpers import fails
from PIL import Image

from tinygan.cli import main
from tinygan.exchange import layouts
from tinygan.runs import Run


@pytest.fixture
def ring(tmp_path):
    run = Run.create(tmp_path / "ring", config("ring"))
    run.unlock()
    return run.folder


def test_what_cannot_come_in(ring, capsys, tmp_path, monkeypatch):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    monkeypatch.chdir(tmp_path)

    def refused(state, *options, about=None):
        save_file(state, "x.safetensors", about)
        line = fails(capsys, "import", "x.safetensors", "--out", "new", *options)
        assert not (tmp_path / "new").exists()
        return line
    assert "there is no such file" in fails(capsys, "import", "none.safetensors")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x02}q\x00." * 9)
    assert "is no readable .safetensors: " in fails(capsys, "import", "pickle.pt")
    state = layouts.to_torch(Run.open(ring).generator())
    assert "does not name a recipe" in refused(state)
    assert "0.weight is not finite" in refused({**state, "0.weight": np.full((128, 2), 1e300)}, "--recipe", "ring")
    assert "layers with weights, the network has" in refused(state, "--recipe", "digits")
    assert "0.weight has shape (128, 2), the network's has (64, 2)" in refused(state, "--recipe", "ring", "--set",
                                                                               "width=64")
    assert "does not fit the generator of style: " in refused(state, "--recipe", "style")
    without = {name.replace("0.bias", "0.gain"): a for name, a in state.items()}
    assert "a.0.* has gain, weight; the network's 0.* is a Dense with bias, weight" in refused(
        {f"a.{name}": a for name, a in without.items()}, "--recipe", "ring")
    about = {"config": Run.open(ring).config.as_json(), "step": 0}
    for change, line in (({"step": -1}, "is of step -1"), ({"config": None}, "its config cannot be read"),
                         ({"config": {**about["config"], "recipe": "no"}}, "names the recipe 'no'")):
        assert line in refused(state, about={"tinygan": json.dumps({**about, **change})})
    assert "is no readable .safetensors" in refused(state, about={"tinygan": "{"})


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The current folder, which is the home folder too, with the folders photos, in colour, and grey."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for mode, name in (("RGB", "photos"), ("L", "grey")):
        Path(name).mkdir()
        Image.new(mode, (20, 20)).save(f"{name}/0.png")
    return tmp_path


def test_a_run_of_ones_own_gets_other_data_by_their_whole_path(photos, capsys):
    pytest.importorskip("safetensors")
    assert main(["train", "digits14", "--data", "photos@14", "--steps", "1", "--batch", "2", "--out", "run"]) == 0
    assert main(["export", "run", "--to", "safetensors", "-o", "own.safetensors"]) == 0
    for text in ("~/photos@14", "photos@14"):
        assert main(["import", "own.safetensors", f"--data={text}", "--out", f"to/{len(text)}"]) == 0
        assert Run.open(f"to/{len(text)}").config.data == str(photos / "photos@14")
    capsys.readouterr()
    line = fails(capsys, "import", "own.safetensors", "--data", "photos")
    assert line.endswith(f"; the data {photos}/photos have the shape (32, 32, 3)")


def test_a_classic_dcgan_gives_a_folder_its_size(photos, capsys):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    widths = [10, 32, 16, 8, 4, 3]
    state = {}
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        state[f"main.{3 * i}.weight"] = np.full((a, b, 4, 4), 0.1, np.float32)
        for name in ("weight", "bias", "running_mean", "running_var") if i < 4 else ():
            state[f"main.{3 * i + 1}.{name}"] = np.ones(b, np.float32)
    save_file(state, "classic.safetensors")
    for folder, text in (("a", "~/photos"), ("b", "photos/"), ("c", "photos@64")):
        assert main(["import", "classic.safetensors", f"--data={text}", "--out", folder]) == 0
        assert Run.open(folder).config.data == str(photos / "photos@64")
    makes = "the generator in classic.safetensors makes images of shape (64, 64, 3)"
    cure = "; photos@64 gives a folder this size"
    for options, line in (
            (["photos@32"], f"--data: {photos}/photos@32 has examples of shape (32, 32, 3), and {makes}{cure}"),
            (["photos@28"], f"the data are of shape (n, 28, 28, 3); {makes}{cure}"),
            (["grey"], f"--data: {photos}/grey@64 has examples of shape (64, 64, 1), and {makes}"),
            (["digits16"], f"--data: digits16 has examples of shape (16, 16, 1), and {makes}{cure}"),
            ([], f"the data are of shape (n, 28, 28, 1); {makes}{cure}")):
        options = ["--data", *options] if options else []
        assert fails(capsys, "import", "classic.safetensors", "--out", "new", *options).endswith(line)
    assert not (photos / "new").exists()
