"""Progressive growing: fading to the bit, the schedule, resuming; and the errors of both recipes that grow."""
import foreign
import numpy as np
import pytest
from helpers import host, one_line, to_foreign

import tinygan as tg
from tinygan.data import DataError
from tinygan.game import latent, train
from tinygan.runs import Config, Run, checkpoint
from tinygan.runs.interpolate import interpolate
from tinygan.zoo import RECIPES, progressive, style

SEED = np.random.default_rng


def players(side=16, channels=1, dtype=np.float64, zoo=progressive, size=4):
    return [net.astype(dtype) for net in zoo.networks((side, side, channels), size, SEED(0))]


def grown(net, stage, alpha=1.0):
    net.growth.stage, net.growth.alpha = stage, alpha
    return net


def pictures(side=16, channels=1):
    return lambda n, rng: rng.uniform(-1, 1, (n, side, side, channels)).astype(np.float32)


# --- growing ---

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stage", [1, 2])
def test_at_alpha_0_both_players_are_what_they_were_to_the_last_bit(stage, dtype, xp):
    g, d = (to_foreign(net) if xp is foreign else net for net in players(dtype=dtype))
    z, x = (xp.asarray(SEED(1).standard_normal(shape).astype(dtype)) for shape in ((5, 4), (5, 16, 16, 1)))
    before = [host(grown(net, stage - 1)(a)) for net, a in ((g, z), (d, x))]
    for alpha, same in ((0.0, True), (1e-3, False)):
        after = [host(grown(net, stage, alpha)(a)) for net, a in ((g, z), (d, x))]
        assert [np.array_equal(a, b) for a, b in zip(before, after)] == [same] * 2
        assert {a.dtype for a in after} == {np.dtype(dtype)}


def test_images_are_as_coarse_as_the_stage():
    g, d = players()
    z = SEED(1).standard_normal((3, 4))
    for stage in range(3):
        image = host(grown(g, stage)(z))
        block = 16 // (4 << stage)
        np.testing.assert_array_equal(image, image[:, ::block, ::block].repeat(block, 1).repeat(block, 2))
        finer = image + np.tile(np.kron([[1, -1], [-1, 1]], np.ones((block // 2, block // 2)))[..., None],
                                (16 // block, 16 // block, 1)) if block > 1 else image
        np.testing.assert_allclose(host(grown(d, stage)(finer)), host(d(image)), rtol=1e-9)  # it does not see finer


@pytest.mark.parametrize(("stage", "alpha"), [(0, 1.0), (1, 0.25), (1, 1.0), (2, 0.75), (2, 1.0)])
def test_real_images_are_faded_as_generated_ones_are(stage, alpha):
    growth = players()[0].growth
    growth.stage, growth.alpha = stage, alpha
    x = pictures()(4, SEED(2))
    seen = growth.seen(lambda n, rng: x)(4, None)

    def at(stage):
        block = 16 // (4 << stage)
        return x.reshape(4, 16 // block, block, 16 // block, block, 1).mean((2, 4)).repeat(block, 1).repeat(block, 2)
    expected = at(stage) if alpha == 1 else (1 - alpha) * at(stage - 1) + alpha * at(stage)
    np.testing.assert_allclose(seen, expected, atol=1e-6)


@pytest.fixture(autouse=True)
def _grown_in_half_of_the_steps(monkeypatch):
    """Slower than the recipe has it, so that a few steps see each stage."""
    monkeypatch.setattr(progressive, "GROWN", 0.5)


def test_the_schedule():
    growth = progressive.Growth(2)
    assert (growth.stage, growth.alpha) == (2, 1)  # by default players are fully grown
    rows = []
    for step in range(0, 80, 5):
        growth.at(step / 80)
        rows.append((growth.stage, growth.alpha))
    assert rows == [(0, 1), (0, 1), (1, 0), (1, 0.5), (1, 1), (1, 1), (2, 0), (2, 0.5), *[(2, 1)] * 8]


def test_blocks_that_take_no_part_do_not_move():
    game = RECIPES["progressive"].start(batch=4)
    d, g = game.discriminator, game.generator
    start = {(net, name): p.data.copy() for net in (g, d) for name, p in net.named_parameters()}
    late = {"blocks.1", "blocks.2", "to_image.1", "to_image.2", "from_image.1", "from_image.2"}

    def moved(net):
        changed = (name for name, p in net.named_parameters() if (p.data != start[net, name]).any())
        return {".".join(name.split(".")[:2]) for name in changed}
    seen = {}
    train(game, 16, [lambda game: seen.update({game.step: moved(g) | moved(d)})])
    assert seen[2] == {"blocks.0", "to_image.0", "from_image.0"}
    assert not seen[2] & late
    assert seen[4] == {"blocks.0", "blocks.1", *(f"{end}_image.{i}" for end in ("to", "from") for i in (0, 1))}
    assert late <= seen[16]


@pytest.mark.parametrize("name", ["progressive", "style"])
def test_a_resumed_run_goes_on_bit_for_bit(name, tmp_path):
    class Stop(Exception):
        pass

    def stop(game):
        if game.step == 7:  # of 20: in the middle of a fade
            checkpoint.save(tmp_path / "state.npz", game)
            raise Stop
    whole = train(RECIPES[name].start(3, batch=4), 20)
    with pytest.raises(Stop):
        train(RECIPES[name].start(3, batch=4), 20, [stop])
    parts = RECIPES[name].start(3, batch=4)
    checkpoint.load(tmp_path / "state.npz", parts)
    train(parts, 20)
    for a, b in ((whole.generator, parts.generator), (whole.discriminator, parts.discriminator)):
        for key, value in a.state_dict().items():
            np.testing.assert_array_equal(value, b.state_dict()[key])
    assert whole.history == parts.history


def test_an_unfinished_run_is_opened_as_grown_as_it_was(tmp_path):
    run = Run.create(tmp_path, Config("progressive", 16, 0, 4, "float32", "cpu", "digits16"))
    grown(run.game.generator, 1, 0.5)
    expected = run.samples(3, SEED(1))
    run.game.step = 3  # of 8 until they are grown: in the middle of the first fade
    run.save()
    np.testing.assert_array_equal(Run.open(tmp_path).samples(3, SEED(1)), expected)


# --- styles ---

@pytest.mark.parametrize("name", ["style", "progressive"])
def test_paths_between_latents(name, tmp_path):
    run = Run.create(tmp_path, Config(name, 1, 0, 4, "float32", "cpu", RECIPES[name].data))
    images = interpolate(run, 2, 3, "straight", SEED(0))
    assert images.shape[:4] == (2, 3, 16, 16)
    middle = np.abs(images[:, 1] - images[:, 0]).max((1, 2, 3))
    assert (middle > 1e-3).all()


# --- refusals ---

@pytest.mark.parametrize("zoo", [progressive, style])
@pytest.mark.parametrize("shape", [(28, 28, 1), (12, 12, 3), (16, 8, 1), (4, 4, 1), (2,), (16, 16)])
def test_only_square_images_with_a_power_of_two(zoo, shape):
    with pytest.raises(DataError) as caught:
        zoo.networks(shape, 4, SEED(0))
    assert one_line(caught) == ("this recipe is for images (n, side, side, c) with a side of 8, 16, 32, ...; the data "
                                f"are of shape (n, {', '.join(map(str, shape))})")


@pytest.mark.parametrize(("zoo", "channels"), [(progressive, 1), (style, 3)])
def test_other_sides_and_channels(zoo, channels):
    for side, shape in ((8, (8, 8, channels)), (32, (32, 32, 4 - channels))):
        g, d = zoo.networks(shape, 4, SEED(0))
        draw = g.noise(latent(4)) if zoo is style else latent(4)
        given = draw(2, SEED(1))
        images = g(*(given if isinstance(given, tuple) else (tg.Tensor(given),)))
        assert images.shape == (2, *shape)
        assert d(images).shape == (2, 1)
        assert side == shape[0]


def test_wrong_channels():
    _, d = players(channels=3)
    with pytest.raises(ValueError, match=r"conv2d: x .* has 1 channels, w .* expects 3"):
        d(np.zeros((2, 16, 16, 1)))
