"""Players as PyTorch modules: their outputs are the same there and here."""
import importlib.util

import numpy as np
import pytest
from exchange_cases import drawn, fill, same

import tinygan as tg
from tinygan import nn
from tinygan.cli import main
from tinygan.exchange import ExchangeError, layouts, torch_text
from tinygan.exchange.files import channels_first
from tinygan.runs import generate


def module_of(file):
    spec = importlib.util.spec_from_file_location("generator", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.oracle
def test_pytorch_draws_the_same(run, torch):
    pytest.importorskip("safetensors")
    assert main(["export", str(run.folder), "--to", "safetensors"]) == 0
    module = module_of(run.folder / "generator.py")
    network = module.load()
    for n in (1, 5):
        x, given = drawn(run, n)
        with torch.no_grad():
            y = network(*[torch.tensor(a) for a in given.values()]).numpy()
        same(y, x)
    call = module.__doc__.partition("x = ")[2].partition("\n\n")[0]
    assert eval(call, {**vars(module), "torch": torch, "n": 2}).shape == (2, *x.shape[1:])
    if run.config.recipe == "style":
        w = run.generator().truncated(given["z"], 0.5).numpy()
        maps = [given[f"noise{i}"].transpose(0, 2, 3, 1) for i in range(6)]
        half = run.generator().eval().synthesis([tg.Tensor(w)] * 6, maps).numpy()
        with torch.no_grad():
            same(network(*[torch.tensor(a) for a in given.values()], psi=0.5), channels_first(half))


@pytest.mark.oracle
def test_pytorch_judges_the_same(run, torch):
    pytest.importorskip("safetensors")
    assert main(["export", str(run.folder), "--to", "safetensors", "--player", "discriminator"]) == 0
    network = module_of(run.folder / "discriminator.py").load()
    z = run.game.noise(6, np.random.default_rng(7))
    labels = [np.arange(6) % run.classes] if run.classes else []
    x = np.random.default_rng(8).standard_normal(run.generate(z, *labels).shape).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.tensor(channels_first(x)), *map(torch.tensor, labels))
    same(logits, generate(run.game.discriminator, x, *labels))


@pytest.mark.oracle
def test_layers_that_no_recipe_has(torch, rng):
    """Kernels, strides and paddings that are no squares, and the other layers of the tables."""
    runtime = pytest.importorskip("onnxruntime")
    from tinygan.exchange import onnx_graph
    network = nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(0, 1), rng=rng), nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(3, 4, (2, 4), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), bias=False, rng=rng),
        nn.BatchNorm(4, eps=1e-3, momentum=0.2), nn.Sigmoid(), nn.PixelNorm(), nn.Conv2d(4, 1, 1, rng=rng))
    fill(network, rng)
    x = rng.standard_normal((5, 9, 7, 2), np.float32)
    y, given = channels_first(generate(network, x)), np.ascontiguousarray(channels_first(x))
    module: dict = {"__file__": "layers.py"}
    exec(torch_text.write(network, "Layers.", []), module)
    theirs = module["build"]()
    theirs.load_state_dict({name: torch.tensor(a) for name, a in layouts.to_torch(network).items()})
    assert (theirs[3].eps, theirs[3].momentum) == (1e-3, 0.2)
    with torch.no_grad():
        same(theirs.eval()(torch.tensor(given)), y)
    model = onnx_graph.model(network, {"x0": given.shape[1:]}, y.shape[1:], "Layers.")
    same(runtime.InferenceSession(model.SerializeToString()).run(None, {"x0": given})[0], y)


def test_a_layer_that_has_no_form_elsewhere():
    with pytest.raises(ExchangeError, match="no layer of PyTorch is known for LayerNorm"):
        torch_text.write(nn.Sequential(nn.LayerNorm(3)), "", [])
