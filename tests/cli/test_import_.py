"""`tinygan import`: files that are refused."""
import json

import numpy as np
import pytest
from exchange_cases import config
from helpers import fails

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
