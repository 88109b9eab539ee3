"""The small StyleGAN: styles are mixed, followed and cut short."""
import numpy as np
import pytest
from helpers import host

import tinygan as tg
from tinygan.cli import main
from tinygan.game import latent
from tinygan.runs import Config, Run
from tinygan.zoo import progressive, style

SEED = np.random.default_rng


def players(side=16, channels=1, dtype=np.float64, zoo=progressive, size=4):
    return [net.astype(dtype) for net in zoo.networks((side, side, channels), size, SEED(0))]


@pytest.fixture
def styled():
    """A StyleGAN's generator in evaluation mode, all parameters changed, and its inputs."""
    g, _ = players(channels=3, zoo=style)
    g.theta[:] += 0.1 * SEED(1).standard_normal(g.theta.shape)
    g.mean[:] = SEED(2).standard_normal(g.mean.shape)
    return g.eval(), g.noise(latent(4))(6, SEED(3))


def test_truncation_scales_exactly(styled):
    g, (z, *_) = styled
    w = g.mapping(tg.Tensor(z)).data
    for psi in (0.0, 0.3, 0.7, 1.0, 1.5):
        drawn = g.truncated(tg.Tensor(z), psi).data
        np.testing.assert_allclose(drawn - g.mean, psi * (w - g.mean), rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(g.truncated(tg.Tensor(z), 0.0).data, np.tile(g.mean, (6, 1)))


def test_training_mixes_styles_from_the_cut_on_and_use_does_not(styled):
    g, (z, other, _, *noise) = styled
    cut = np.array([[1], [2], [3], [4], [5], [6]])
    in_use = host(g(z, other, cut, *noise))
    np.testing.assert_array_equal(in_use, host(g(z, z, 0 * cut, *noise)))
    mixed = host(g.train()(z, other, cut, *noise))
    first, second = g.mapping(tg.Tensor(z)), g.mapping(tg.Tensor(other))
    for i in range(6):
        expected = g.synthesis([first] * (i + 1) + [second] * (5 - i), noise)
        np.testing.assert_allclose(mixed[i], host(expected)[i], rtol=1e-12)
    np.testing.assert_allclose(mixed[5], in_use[5], rtol=1e-12)
    assert (np.abs(mixed - in_use)[:5].max((1, 2, 3)) > 1e-3).all()


def test_the_mean_style_is_followed_in_training_alone(styled):
    g, (z, other, cut, *noise) = styled
    before, w = g.mean.copy(), g.mapping(tg.Tensor(z)).data
    g(z, other, cut, *noise)
    np.testing.assert_array_equal(g.mean, before)
    g.train()(z, other, cut, *noise)
    np.testing.assert_allclose(g.mean, before + style.FOLLOW * (w.mean(0) - before), rtol=1e-12)
    assert "mean" in g.state_dict()


def test_what_the_game_draws_for_the_generator():
    g, _ = players(channels=3, zoo=style)
    z, other, cut, *noise = g.noise(latent(4))(2000, SEED(0))
    assert z.shape == other.shape == (2000, 4)
    assert not np.array_equal(z, other)
    assert [m.shape for m in noise] == [(2000, side, side, 1) for side in (4, 4, 8, 8, 16, 16)]
    counts = np.bincount(cut[:, 0], minlength=7) / 2000
    np.testing.assert_allclose(counts, [0, *[0.5 / 5] * 5, 0.5], atol=0.04)
    assert cut.dtype.kind == "i"


def test_the_sheet_of_style_mixing(styled):
    g, _ = styled
    draw = g.noise(latent(4))
    sheet = style.mixing_sheet(g, draw, SEED(5), n=2, cut=4).reshape(3, 3, 16, 16, 3)
    z, _, _, *maps = draw(4, SEED(5))
    w = g.mapping(tg.Tensor(z.astype(float))).data
    for i in range(3):
        for j in range(3):
            if i or j:
                a, b = w[[i - 1 if i else 1 + j]], w[[1 + j if j else i - 1]]
                expected = g.synthesis([a] * 4 + [b] * 2, [m[:1].astype(float) for m in maps])
                np.testing.assert_allclose(sheet[i, j], host(expected)[0], rtol=1e-9)
    assert (sheet[0, 0] == 1).all()


def test_the_command_line_mixes_styles(tmp_path, capsys):
    for name, data in (("style", "shapes"), ("progressive", "digits16")):
        Run.create(tmp_path / name, Config(name, 1, 0, 4, "float32", "cpu", data))
    assert main(["sample", str(tmp_path / "style"), "--mix", "-o", str(tmp_path / "mix.npy")]) == 0
    assert np.load(tmp_path / "mix.npy").shape == (81, 16, 16, 3)
    assert main(["sample", str(tmp_path / "style"), "--mix", "-o", str(tmp_path / "mix.png")]) == 0
    assert (tmp_path / "mix.png").exists()
    capsys.readouterr()
    assert main(["sample", str(tmp_path / "progressive"), "--mix"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("has no styles")
