"""What comes from PyTorch: the classic DCGAN as a run, and memory that is shared."""
import sys

import numpy as np
import pytest
from helpers import one_line
from PIL import Image

import tinygan as tg
from tinygan import backend, data
from tinygan.cli import main
from tinygan.runs import Run, generate

pytestmark = pytest.mark.oracle


def classic(torch, latent=10, width=4, channels=3):
    """Both players of PyTorch's tutorial on the DCGAN, whose names begin with `main`, after some batches."""
    nn = torch.nn
    up = {"stride": 2, "padding": 1, "bias": False}

    class Player(nn.Module):
        def __init__(self, *layers):
            super().__init__()
            self.main = nn.Sequential(*layers)

        def forward(self, x):
            return self.main(x)

    g = [nn.ConvTranspose2d(latent, 8 * width, 4, bias=False), nn.BatchNorm2d(8 * width), nn.ReLU(True)]
    for i in (8, 4, 2):
        g += [nn.ConvTranspose2d(i * width, i * width // 2, 4, **up), nn.BatchNorm2d(i * width // 2), nn.ReLU(True)]
    d = [nn.Conv2d(channels, width, 4, **up), nn.LeakyReLU(0.2)]
    for i in (1, 2, 4):
        d += [nn.Conv2d(i * width, 2 * i * width, 4, **up), nn.BatchNorm2d(2 * i * width), nn.LeakyReLU(0.2)]
    g = Player(*g, nn.ConvTranspose2d(width, channels, 4, **up), nn.Tanh())
    d = Player(*d, nn.Conv2d(8 * width, 1, 4, bias=False), nn.Sigmoid())
    for player in (g, d):
        for p in player.parameters():
            nn.init.normal_(p, 1.0 if p.ndim == 1 else 0.0, 0.2)
    with torch.no_grad():
        for _ in range(3):
            d(g(torch.randn(8, latent, 1, 1)))
    return g.eval(), d.eval()


def test_the_classic_dcgan_comes_in(torch, tmp_path, monkeypatch, capsys):
    save_file = pytest.importorskip("safetensors.torch").save_file
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    players = classic(torch)
    for name, player in zip(("g", "d"), players):
        save_file(player.state_dict(), f"{name}.safetensors")
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(f"photos/{i}.png")
    both = ["import", "g.safetensors", "--discriminator", "d.safetensors", "--data", "photos"]
    assert main([*both, "--out", "run"]) == 0
    run = Run.open("run")
    assert run.config.settings == {"latent": 10, "width": 4, "halvings": 4}
    z = rng.standard_normal((5, 10), np.float32)
    x = run.generate(z)
    assert x.shape == (5, 64, 64, 3)
    assert np.abs(x).mean() > 0.05
    with torch.no_grad():
        images = players[0](torch.tensor(z)[:, :, None, None])
        p = players[1](images)[:, :, 0, 0]
    np.testing.assert_allclose(x, images.permute(0, 2, 3, 1), rtol=0, atol=1e-5)
    logits = generate(run.game.discriminator, x)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits.astype(float))), p, rtol=0, atol=1e-5)
    run.unlock()
    assert main(["train", "--resume", "--out", "run", "--steps", "1"]) == 0  # it goes on
    assert main(["import", "g.safetensors", "--data", "photos", "--out", "other"]) == 0
    assert "its discriminator has new weights" in capsys.readouterr().out


def test_layers_meet_by_their_order(torch, tmp_path, capsys):
    save_file = pytest.importorskip("safetensors.torch").save_file
    nn = torch.nn
    layers = [layer for i, o in ((2, 16), (16, 16), (16, 16), (16, 2)) for layer in (nn.Linear(i, o), nn.ReLU())][:-1]
    net = nn.ModuleDict({"points": nn.Sequential(*layers)})  # layers 0 to 6: no name of it is ours
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    run = tmp_path / "run"
    assert main(["import", str(tmp_path / "net.safetensors"), "--recipe", "ring", "--set", "width=16", "--out",
                 str(run)]) == 0
    z = np.random.default_rng(0).standard_normal((9, 2), np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(Run.open(run).generate(z), net["points"](torch.tensor(z)), rtol=0, atol=1e-6)


def test_memory_is_shared(torch):
    theirs = torch.arange(6.0).reshape(2, 3).T  # strided too
    ours = tg.Tensor(theirs, requires_grad=True)
    assert ours.data.__array_interface__["data"][0] == theirs.data_ptr()
    assert ours.shape == (3, 2)
    theirs[0, 1] = 9
    assert ours.data[0, 1] == 9
    [slope] = tg.grad((ours * ours).sum(), [ours])
    np.testing.assert_array_equal(slope.numpy(), 2 * theirs.numpy())
    back = torch.from_dlpack(slope.data)
    assert back.data_ptr() == slope.data.__array_interface__["data"][0]
    slope.data[0, 0] = 7
    assert back[0, 0] == 7


def test_memory_that_cannot_be_shared(torch):
    for tensor, why in ((torch.zeros(2, requires_grad=True), "use tensor.detach"),
                        (torch.zeros(2, dtype=torch.bfloat16), "Unsupported dtype"),
                        (torch.empty(2, device="meta"), "meta")):
        with pytest.raises(TypeError, match=why) as caught:
            tg.Tensor(tensor)
        assert "the memory of this Tensor cannot be shared" in one_line(caught)


def test_memory_of_a_gpu(monkeypatch):
    class Theirs:
        def __dlpack_device__(self):
            return 2, 0

    class CuPy:
        def from_dlpack(self, x):
            return np.array([4.0])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cupy", None)
        with pytest.raises(backend.DeviceError, match="CuPy"):
            tg.Tensor(Theirs())
    monkeypatch.setattr("tinygan.backend.arrays._cupy", CuPy)
    assert tg.Tensor(Theirs()).item() == 4


def test_a_folder_with_a_size(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "me@8"):
        (tmp_path / name).mkdir()
        Image.new("L", (20, 20)).save(tmp_path / name / "0.png")
    assert data.load("photos@16").x.shape == (1, 16, 16, 1)
    assert data.load("me@8").x.shape == (1, 32, 32, 1)
    assert data.load("me@8@24").x.shape == (1, 24, 24, 1)
    for wrong in ("photos@0", "photos@9999"):
        with pytest.raises(data.DataError, match="expected a whole number from 1 to 1024"):
            data.load(wrong)
    with pytest.raises(data.DataError, match="unknown data 'none@64'"):
        data.load("none@64")
