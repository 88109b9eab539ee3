"""Export to PyTorch and ONNX, import from PyTorch: every recipe's generator draws there what it draws here."""
import importlib.util
import json
import sys

import numpy as np
import pytest
from helpers import fails

import tinygan as tg
from tinygan import nn
from tinygan.cli import main
from tinygan.exchange import ExchangeError, layouts, torch_text
from tinygan.exchange.files import channels_first, inputs
from tinygan.game import train
from tinygan.runs import Config, Run, generate
from tinygan.zoo import RECIPES

HERE = {"mnist": "digits", "fashion": "digits", "cifar10": "shapes"}  # data of the same form that need not be fetched
CASES = {**{name: (name, {}) for name in RECIPES}, "sequence-rnn": ("sequence", {"cell": "rnn", "packing": 2}),
         "digits-remedies": ("digits", {"halvings": 1, "width": 8, "packing": 2, "minibatch_std": True,
                                        "spectral_norm": True})}


def config(case, steps=53):  # three steps of 53: players that grow are at stage 1 then, and half faded in
    name, settings = CASES[case]
    recipe = RECIPES[name]
    return Config(name, steps, 0, 8, "float32", "cpu", HERE.get(recipe.data, recipe.data), settings)


def fill(network, rng):
    """Other numbers than the first ones, so that no layer is left out unseen."""
    network.theta[:] += 0.1 * rng.standard_normal(network.theta.shape, np.float32)
    for _, owner, name in network.named_buffers():
        getattr(owner, name)[...] = rng.uniform(0.5, 1.5, getattr(owner, name).shape)
    return network


@pytest.fixture(scope="module", params=CASES)
def run(request, tmp_path_factory):
    """A run after three steps."""
    run = Run.create(tmp_path_factory.mktemp("runs") / request.param, config(request.param))
    train(run.game, 3)
    for player in (run.game.generator, run.game.discriminator):
        fill(player, np.random.default_rng(1))
    if run.game.average is not None:
        run.game.average.theta[:] = run.game.generator.theta
    run.save()
    run.unlock()
    return Run.open(run.folder)


def drawn(run, n):
    """What the run draws, images with channels first, and what another library is given to draw the same."""
    z = run.game.noise(n, np.random.default_rng(7))
    given = inputs(run, z)
    x = run.generate(z, given.get("labels"))
    assert len(x) == n
    assert np.abs(x).mean() > 0.05
    return channels_first(x), given


def same(y, x):
    """1e-5 of the largest number, or of 1 (images of players that have hardly trained reach beyond)."""
    np.testing.assert_allclose(y, x, rtol=0, atol=1e-5 * max(1, np.abs(x).max()))


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


@pytest.mark.oracle
def test_layers_that_no_recipe_has(torch, rng):
    """Kernels, strides and paddings that are no squares, and what else the tables hold."""
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


@pytest.mark.oracle
@pytest.mark.parametrize("run", ["ring", "conditional-ring", "progressive", "style", "digits-remedies"], indirect=True)
def test_what_went_comes_back(run, capsys):
    pytest.importorskip("safetensors")
    file, back = run.folder / "mine.safetensors", run.folder / "back"
    other = run.folder / "other.safetensors"
    for player, path in (("generator", file), ("discriminator", other)):
        assert main(["export", str(run.folder), "--to", "safetensors", "--player", player, "-o", str(path)]) == 0
    assert main(["import", str(file), "--discriminator", str(other), "--out", str(back)]) == 0
    x = [r.samples(4, np.random.default_rng(3)) for r in (run, Run.open(back))]
    np.testing.assert_array_equal(*x)
    np.testing.assert_array_equal(run.game.discriminator.theta, Run.open(back).game.discriminator.theta)
    assert (back / "samples.png").exists()


@pytest.mark.parametrize("case", CASES)
def test_names_and_layouts(case, rng):
    games = config(case).start(), config(case).start()
    for player in ("generator", "discriminator"):
        network, other = (getattr(game, player) for game in games)
        state = layouts.to_torch(fill(network, rng))
        layouts.from_torch(other, {**state, "1.num_batches_tracked": np.array(3)})
        for name, a in network.state_dict().items():
            np.testing.assert_array_equal(a, other.state_dict()[name])
        compile(torch_text.write(network, "A network.", ["z"]), "network.py", "exec")
        first = next(name for name in state if state[name].ndim > 1)
        with pytest.raises(ExchangeError, match=f"{first} is missing"):
            layouts.from_torch(other, {name: a for name, a in state.items() if name != first})
        with pytest.raises(ExchangeError, match="extra is unknown"):
            layouts.from_torch(other, {**state, "extra": state[first]})
        with pytest.raises(ExchangeError, match=f"{first} has shape .*, the network's has"):
            layouts.from_torch(other, {**state, first: state[first][1:]})


def test_a_layer_that_has_no_form_elsewhere():
    with pytest.raises(ExchangeError, match="no layer of PyTorch is known for LayerNorm"):
        torch_text.write(nn.Sequential(nn.LayerNorm(3)), "", [])
    pytest.importorskip("onnx")
    from tinygan.exchange import onnx_graph
    with pytest.raises(ExchangeError, match="no nodes of ONNX are known for LayerNorm"):
        onnx_graph.model(nn.Sequential(nn.LayerNorm(3)), {"z": (3,)}, (3,), "")


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
