"""The step as a CUDA graph, on the stand-ins for CuPy and nvmath-python: a replayed game ends like a played one."""
import copy
import pickle

import foreign
import numpy as np
import pytest
from networks import game, of_images
from replays import SETTLED, compare, end, on_device

import tinygan as tg
from tinygan import backend, nn
from tinygan.game import Game, latent, train
from tinygan.game.cuda_graph import Replay, _Inputs
from tinygan.ops.shape import getitem
from tinygan.penalties import R1
from tinygan.updates import Adam, Average, Momentum, RMSProp
from tinygan.zoo import progressive, style

pytestmark = [pytest.mark.usefixtures("nvmath"), pytest.mark.fast_forms]


# --- a replayed step equals a played one ---

@pytest.mark.parametrize(("kind", "options"), [
    ("dense", {}), ("dense", {"k": 2}), ("dense", {"simultaneous": True}), ("dense", {"rate": (2e-3, 1e-3)}),
    ("dense", {"objective": "minimax", "decay": False}), ("images", {}),
    pytest.param("sequences", {}, marks=pytest.mark.slow),
], ids=str)
@pytest.mark.parametrize("r1", [0.0, 1.0], ids=["plain", "r1"])
def test_replayed_is_played(kind, r1, options):
    settings = {"decay": True, "r1": r1, **options}
    settings |= {"average": Average(0.9), "optimiser_d": Adam(0.5), "optimiser_g": Adam(0.5)}
    assert compare(lambda: game(kind, **copy.deepcopy(settings))) == SETTLED


@pytest.mark.parametrize("kind", ["dense", "images"])
def test_in_single_precision(kind):
    assert compare(lambda: game(kind, np.float32, decay=True, average=Average()), rtol=1e-4) == SETTLED


@pytest.mark.parametrize("make", [Momentum, RMSProp])
def test_other_optimisers(make):
    assert compare(lambda: game("dense", optimiser_d=make(), optimiser_g=Adam())) == SETTLED
    assert compare(lambda: game("dense", optimiser_d=make(), optimiser_g=make(), k=2, decay=True)) == SETTLED


class Labelled(nn.Module):
    """A dense net with a class as a second input."""

    def __init__(self, inputs, outputs, rng):
        self.embedding, self.body = nn.Embedding(4, 3, rng=rng), nn.Dense(inputs + 3, outputs, rng=rng)

    def forward(self, x, labels):
        rows = getitem(self.embedding.weight, labels)
        return self.body(tg.concatenate([tg.tanh(x), rows]))


@pytest.mark.parametrize("kept", [lambda x: x.astype(">f8"), lambda x: pickle.loads(pickle.dumps(x))],
                         ids=["big-endian", "unpickled"])
def test_data_with_another_dtype_object(kept):
    """An unpickled array has another dtype object than new arrays; a file may have another order of bytes."""
    def make():
        played = game("dense")
        real = played.data
        played.data = lambda n, rng: kept(real(n, rng))
        return played
    assert compare(make) == SETTLED


def test_conditions_are_written_too():
    def labelled():
        rng = np.random.default_rng(0)
        g, d = Labelled(5, 2, rng).astype(np.float64), Labelled(2, 1, rng).astype(np.float64)
        return Game(g, d, lambda n, rng: (rng.standard_normal((n, 2)), rng.integers(0, 4, n)), latent(5),
                    np.random.default_rng(1), batch=6, rate=1e-2)
    assert compare(labelled) == SETTLED


def test_styles_and_maps_of_noise_are_written_too():
    assert compare(lambda: of_images(style)) == SETTLED


def test_players_that_grow_are_recorded_while_they_settle(monkeypatch):
    monkeypatch.setattr(progressive, "GROWN", 0.5)
    how = compare(lambda: of_images(progressive), 20)
    assert how == [*SETTLED[:5], *["plain"] * 6, "recorded", *["replayed"] * 8]  # at 4x4, the fade, at 8x8


REMEDIES = [{"gp": 10.0, "k": 2}, {"instance_noise": 0.3, "decay": True}, {"clip": 0.05, "objective": "two-sample"},
            {"unroll": 2}]


@pytest.mark.parametrize(("kind", "options"), [*[("dense", options) for options in REMEDIES], ("images", REMEDIES[0])],
                         ids=str)
def test_remedies(kind, options):
    """Remedies that draw random numbers in a step draw the same ones."""
    assert compare(lambda: game(kind, optimiser_d=RMSProp(), optimiser_g=Adam(), **options)) == SETTLED


class Blurred:
    """A user's remedy: noise that comes and goes, and a pull on D's outputs."""

    def __init__(self, weight):
        self.weight = weight

    def examples(self, game, x, left):
        noise = game.group.drawing(game.rng).standard_normal(x.shape)
        return x + left * (1 - left) * backend.to_device_of(noise, x.data)

    def penalty(self, game, x, fake, condition, logits_real):
        return self.weight * (logits_real * logits_real).mean()


def test_a_remedy_of_ones_own():
    assert compare(lambda: game("dense", remedies=[Blurred(0.5)])) == SETTLED


def test_a_number_of_a_remedy_is_not_baked_in():
    def schedule(played, steps):
        played.remedies[0].weight = 0.1 if played.step < 6 else 0.2
    for remedy in (Blurred, R1):
        assert compare(lambda remedy=remedy: game("dense", remedies=[remedy(0.1)], schedule=schedule)) == [
            *SETTLED[:6], "plain", "recorded", *["replayed"] * 4]


def test_layers_that_are_remedies():
    def remedied():
        rng, played = np.random.default_rng(3), game("dense")
        played.discriminator.layers[:] = [
            nn.Pack(2), nn.SpectralNorm(nn.Dense(4, 16, rng=rng), rng=rng), nn.LeakyReLU(0.2), nn.MinibatchStd(),
            nn.SpectralNorm(nn.Dense(17, 1, rng=rng), rng=rng)]
        played.discriminator.astype(np.float64)
        return played
    assert compare(remedied) == SETTLED


def test_one_launch_instead_of_hundreds():
    """A replayed step moves its inputs by one copy, and makes one launch."""
    played, marks = on_device(game("images", decay=True, average=Average())), []
    with foreign.counting() as counts:
        train(played, 8, [lambda _: marks.append((counts.launches, counts.synchronisations))], record_every=1000,
              stepper=Replay())
    launched = [b[0] - a[0] for a, b in zip(marks, marks[1:-1])]
    assert launched[0] > 100
    assert launched[-1] == 1
    assert marks[-2][1] == marks[0][1]  # the device is waited for in the first step, which is recorded, alone


def test_five_steps_and_five_are_ten():
    make = lambda: on_device(game("images", average=Average(0.9)))
    whole, first = train(make(), 10, stepper=Replay()), train(make(), 5, stepper=Replay())
    second = make()
    for ours, theirs in ((second.generator, first.generator), (second.discriminator, first.discriminator)):
        ours.load_state_dict(theirs.state_dict())
    for ours, theirs in zip((*second.optimisers, second.average), (*first.optimisers, first.average)):
        ours.load_state_dict(theirs.state_dict())
    second.rng.bit_generator.state, second.step = first.rng.bit_generator.state, first.step
    for a, b in zip(end(train(second, 10, stepper=Replay())), end(whole), strict=True):
        np.testing.assert_array_equal(a, b)


class Restless(nn.Module):
    """A layer whose buffer is a new array in each step."""

    def __init__(self):
        self.mean = np.zeros(16)

    buffers = ("mean",)

    def forward(self, x):
        self.mean = 0.5 * self.mean + x.data.mean(0)
        return x + self.mean


def test_many_parameters():
    """CuPy would send their addresses to a kernel, which cannot be recorded."""
    def deep():
        rng, played = np.random.default_rng(0), game("dense")
        played.generator.layers[1:1] = [nn.Dense(16, 16, rng=rng).astype(np.float64) for _ in range(17)]
        return played
    assert len(deep().generator.parameters()) > 32
    assert compare(deep, steps=5) == SETTLED[:5]


def test_buffers_that_a_step_replaces():
    def restless():
        played = game("dense")
        played.generator.layers.insert(1, Restless())
        return played
    assert compare(restless) == SETTLED


# --- changes between steps ---

def test_a_schedule_of_the_rate_needs_no_new_recording():
    def schedule(played, steps):
        played.rate = 1e-3 / (1 + played.step)
    assert compare(lambda: game("dense", schedule=schedule)) == SETTLED


class Faded(nn.Module):
    """alpha x."""

    alpha = 1.0

    def forward(self, x):
        return x * self.alpha


def test_a_number_of_a_layer_is_not_baked_in():
    def faded():
        played = game("dense")
        played.generator.layers.append(layer := Faded())

        def schedule(played, steps):
            layer.alpha = min(1.0, 0.25 * played.step)
        played.schedule = schedule
        return played
    assert compare(faded) == ["plain"] * 5 + ["recorded"] + ["replayed"] * 6


def test_a_setting_of_an_optimiser_is_not_baked_in():
    def schedule(played, steps):
        played.optimisers[0].beta2 = 0.9 if played.step < 6 else 0.99
    assert compare(lambda: game("dense", schedule=schedule)) == [
        *SETTLED[:6], "plain", "recorded", *["replayed"] * 4]


def test_another_batch_size_is_recorded_anew():
    def schedule(played, steps):
        played.batch = 8 if played.step < 6 else 5
    assert compare(lambda: game("dense", schedule=schedule)).count("recorded") == 2


def test_theta_may_move():
    """A callback that gathers the parameters again, or puts other arrays into the optimisers."""
    def gather(played):
        if played.step == 4:
            nn.Sequential(played.generator, played.discriminator).theta  # noqa: B018
        if played.step == 8:
            played.optimisers[1].load_state_dict(played.optimisers[1].state_dict())
    how = compare(lambda: game("dense", average=Average()), callbacks=lambda: [gather])
    assert [i for i, way in enumerate(how) if way == "recorded"] == [2, 5, 9]


def test_callbacks_may_write():
    def halve(played):
        played.generator.theta[...] *= 0.9
        played.generator.eval(), played.generator.train()
    assert compare(lambda: game("images"), callbacks=lambda: [halve]) == SETTLED


def test_the_inputs_of_the_host_lie_in_one_block_without_waste():
    arrays = [np.arange(3, dtype=np.float32), np.arange(9000.0), np.ones((2, 2), np.float32)]
    inputs = _Inputs(arrays, foreign)
    assert inputs.here.nbytes == inputs.there.nbytes == 256 + 282 * 256 + 256
    inputs.write(arrays)
    for place, array in zip(inputs.places, arrays):
        np.testing.assert_array_equal(foreign.to_host(place), array)
