"""`tinygan export`: each refusal is one line."""
import json
import sys

import pytest
from exchange_cases import config
from helpers import fails

from tinygan.runs import Run


@pytest.fixture
def ring(tmp_path):
    run = Run.create(tmp_path / "ring", config("ring"))
    run.unlock()
    return run.folder


def test_broken_runs(ring, capsys, tmp_path, monkeypatch):
    assert "no config.json" in fails(capsys, "export", str(tmp_path / "none"), "--to", "onnx")
    assert "invalid choice: 'torch'" in fails(capsys, "export", str(ring), "--to", "torch")
    assert "goes to safetensors only" in fails(capsys, "export", str(ring), "--to", "onnx", "--player", "discriminator")
    assert "ends in '.txt', expected .onnx" in fails(capsys, "export", str(ring), "--to", "onnx", "-o", "a.txt")
    for package, kind in (("onnx", "onnx"), ("safetensors", "safetensors")):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            assert f"needs the package {package}: pip install 'tinygan[export]'" in fails(
                capsys, "export", str(ring), "--to", kind)
    (ring / "checkpoint.npz").write_bytes((ring / "checkpoint.npz").read_bytes()[:-200])
    assert "the checkpoint is damaged" in fails(capsys, "export", str(ring), "--to", "onnx")
    (ring / "config.json").write_text(json.dumps({**json.loads((ring / "config.json").read_text()), "recipe": "no"}))
    assert "names the recipe 'no'" in fails(capsys, "export", str(ring), "--to", "safetensors")
