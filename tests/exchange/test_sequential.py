"""Files from PyTorch with other names of parameters: the classic DCGAN, and layers that meet by their order."""
import numpy as np
import pytest
from PIL import Image

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


@pytest.mark.slow
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
    assert main(["train", "--resume", "--out", "run", "--steps", "1"]) == 0  # it resumes
    assert main(["import", "g.safetensors", "--data", "photos", "--out", "other"]) == 0
    assert "its discriminator has new weights" in capsys.readouterr().out


def test_layers_meet_by_their_order(torch, tmp_path, capsys):
    save_file = pytest.importorskip("safetensors.torch").save_file
    nn = torch.nn
    layers = [layer for i, o in ((2, 16), (16, 16), (16, 16), (16, 2)) for layer in (nn.Linear(i, o), nn.ReLU())][:-1]
    net = nn.ModuleDict({"points": nn.Sequential(*layers)})  # layers 0 to 6: no name matches tinygan's
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    run = tmp_path / "run"
    assert main(["import", str(tmp_path / "net.safetensors"), "--recipe", "ring", "--set", "width=16", "--out",
                 str(run)]) == 0
    z = np.random.default_rng(0).standard_normal((9, 2), np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(Run.open(run).generate(z), net["points"](torch.tensor(z)), rtol=0, atol=1e-6)
