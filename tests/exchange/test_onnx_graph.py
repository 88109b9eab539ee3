"""Generators as graphs of ONNX: their samples are the same there and here."""
import pytest
from exchange_cases import drawn, same

from tinygan import nn
from tinygan.cli import main
from tinygan.exchange import ExchangeError


@pytest.mark.oracle
def test_onnx_draws_the_same(run):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    assert main(["export", str(run.folder), "--to", "onnx"]) == 0
    session = runtime.InferenceSession(run.folder / "generator.onnx")
    for n in (1, 5):
        x, given = drawn(run, n)
        [y] = session.run(None, given)
        same(y, x)
    assert session.get_outputs()[0].shape == ["n", *x.shape[1:]]
    assert [i.shape[0] for i in session.get_inputs()] == ["n"] * len(given)


def test_a_layer_that_has_no_node():
    pytest.importorskip("onnx")
    from tinygan.exchange import onnx_graph
    with pytest.raises(ExchangeError, match="no nodes of ONNX are known for LayerNorm"):
        onnx_graph.model(nn.Sequential(nn.LayerNorm(3)), {"z": (3,)}, (3,), "")
