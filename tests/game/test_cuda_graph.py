"""The step as a CUDA graph, on the stand-ins for CuPy and nvmath-python: a replayed game ends like a played one."""
import copy
import importlib
import sys

import foreign
import numpy as np
import pytest
from helpers import host, to_foreign
from networks import game, of_images

import tinygan as tg
from tinygan import backend, nn
from tinygan.cli import main
from tinygan.game import Game, latent, train
from tinygan.game.cuda_graph import Replay
from tinygan.ops.shape import getitem
from tinygan.penalties import R1
from tinygan.updates import Adam, Average, Momentum, Optimiser, RMSProp
from tinygan.zoo import progressive, style

pytestmark = [pytest.mark.usefixtures("nvmath"), pytest.mark.fast_forms]
STEPS = 20


def on_device(played):
    to_foreign(played.generator), to_foreign(played.discriminator)
    return played


def end(played):
    """The whole state of a game."""
    state = [*played.generator.state_dict().values(), *played.discriminator.state_dict().values()]
    for memory in (*played.optimisers, played.average):
        state += [host(value) for value in memory.state_dict().values()] if isinstance(memory, Optimiser) else []
    return [np.asarray(value) for value in state]


class Counted(Replay):
    """A Replay that records the kind of each step."""

    def __init__(self):
        super().__init__()
        self.how = []

    def __call__(self, *args):
        before = self.recorded
        played = super().__call__(*args)
        self.how.append("plain" if not self.recorded else "replayed" if self.recorded is before else "recorded")
        return played


def compare(make, steps=STEPS, callbacks=lambda: (), rtol=1e-12):
    """A game played and one replayed end alike; returns the kind of each step of the latter."""
    plain, replay = on_device(make()), Counted()
    train(plain, steps, callbacks(), record_every=3)
    captured = train(on_device(make()), steps, callbacks(), record_every=3, stepper=replay)
    for a, b in zip(end(captured), end(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for name, column in plain.history.items():
        np.testing.assert_allclose(captured.history[name], column, rtol=max(rtol, 1e-10))
    assert captured.rng.bit_generator.state == plain.rng.bit_generator.state
    return replay.how


SETTLED = ["plain", "plain", "recorded"] + ["replayed"] * (STEPS - 3)


# --- a replayed step equals a played one ---

@pytest.mark.parametrize(("kind", "options"), [
    ("dense", {}), ("dense", {"k": 2}), ("dense", {"simultaneous": True}), ("dense", {"rate": (2e-3, 1e-3)}),
    ("dense", {"objective": "minimax", "decay": False}), ("images", {}), ("sequences", {}),
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
    how = compare(lambda: of_images(progressive), 40)
    assert how == [*SETTLED[:10], *["plain"] * 11, "recorded", *["replayed"] * 18]  # at 4x4, the fade, at 8x8


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
        played.remedies[0].weight = 0.1 if played.step < 10 else 0.2
    for remedy in (Blurred, R1):
        assert compare(lambda remedy=remedy: game("dense", remedies=[remedy(0.1)], schedule=schedule)) == [
            "plain", "plain", "recorded", *["replayed"] * 7, "plain", "recorded", *["replayed"] * 8]


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
    """A replayed step copies its inputs and makes one launch."""
    played, marks = on_device(game("images", decay=True, average=Average())), []
    with foreign.counting() as counts:
        train(played, 8, [lambda _: marks.append((counts.launches, counts.synchronisations))], record_every=1000,
              stepper=Replay())
    launched = [b[0] - a[0] for a, b in zip(marks, marks[1:-1])]
    assert launched[0] > 100
    assert launched[-1] == 3 * 2 + 1  # x, z and the numbers: moved to the device, and copied to their arrays
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
            layer.alpha = min(1.0, 0.1 * played.step)
        played.schedule = schedule
        return played
    assert compare(faded) == ["plain"] * 11 + ["recorded"] + ["replayed"] * 8


def test_a_setting_of_an_optimiser_is_not_baked_in():
    def schedule(played, steps):
        played.optimisers[0].beta2 = 0.9 if played.step < 10 else 0.99
    assert compare(lambda: game("dense", schedule=schedule)) == [
        "plain", "plain", "recorded", *["replayed"] * 7, "plain", "recorded", *["replayed"] * 8]


def test_another_batch_size_is_recorded_anew():
    def schedule(played, steps):
        played.batch = 8 if played.step < 10 else 5
    assert compare(lambda: game("dense", schedule=schedule)).count("recorded") == 2


def test_theta_may_move():
    """A callback that gathers the parameters again, or puts other arrays into the optimisers."""
    def gather(played):
        if played.step == 8:
            nn.Sequential(played.generator, played.discriminator).theta  # noqa: B018
        if played.step == 14:
            played.optimisers[1].load_state_dict(played.optimisers[1].state_dict())
    how = compare(lambda: game("dense", average=Average()), callbacks=lambda: [gather])
    assert [i for i, way in enumerate(how) if way == "recorded"] == [2, 9, 15]


def test_callbacks_may_write():
    def halve(played):
        played.generator.theta[...] *= 0.9
        played.generator.eval(), played.generator.train()
    assert compare(lambda: game("images"), callbacks=lambda: [halve]) == SETTLED


# --- games that cannot be recorded ---

def refused(make, reason):
    """The game warns once, with the reason, and ends like a played one."""
    plain, replay = train(make(), 8), Counted()
    with pytest.warns(UserWarning, match="no CUDA graph") as caught:
        captured = train(make(), 8, stepper=replay)
    assert [str(w.message) for w in caught] == ["no CUDA graph, steps are played launch by launch: " + reason]
    for a, b in zip(end(captured), end(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    assert "recorded" not in replay.how
    assert captured.rng.bit_generator.state == plain.rng.bit_generator.state


class Peek(nn.Module):
    """A layer that calls `what` on x."""

    def __init__(self, what):
        self.what = what

    def forward(self, x):
        self.what(x.data)
        return x


def with_layer(layer):
    played = game("dense")
    played.generator.layers.insert(1, layer)
    return on_device(played)


@pytest.mark.parametrize(("what", "reason"), [
    (lambda a: a.sum().item(), "RuntimeError: the current stream is capturing, so D2H transfers are disallowed"),
    (lambda a: bool(a.max() > 0), "RuntimeError: the current stream is capturing, so D2H transfers are disallowed"),
    (lambda a: a[a > 0], "RuntimeError: the current stream is capturing, so D2H transfers are disallowed"),
    (lambda a: backend.to_device_of(np.ones(3), a),
     "RuntimeError: the current stream is capturing, so H2D transfers are "
                                            "disallowed"),
    (lambda a: a[[0, 1]], "RuntimeError: the current stream is capturing, so H2D transfers are disallowed"),
    (lambda a: a @ a.T, "NotImplementedError: calling cuBLAS API during stream capture is currently unsupported"),
    (lambda a: foreign.cuda.get_current_stream().synchronize(),
     "CUDARuntimeError: cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing"),
], ids=["item", "if", "mask", "host array", "list", "cuBLAS", "wait"])
def test_a_step_that_cannot_be_recorded_is_played(what, reason):
    refused(lambda: with_layer(Peek(what)), reason)


def test_a_layer_that_draws():
    refused(lambda: with_layer(nn.Dropout(0.5, rng=np.random.default_rng(3))),
            "a layer draws random numbers on the host")


def test_on_the_cpu():
    refused(lambda: game("dense"), "the networks are not on a GPU")


NO_LIBRARY = "nvmath-python (extra cuda-graph) does not load: "


def test_without_nvmath(monkeypatch):
    monkeypatch.setitem(sys.modules, "nvmath", None)
    refused(lambda: on_device(game("dense")), f"{NO_LIBRARY}import of nvmath halted; None in sys.modules")


def test_a_library_that_does_not_load(monkeypatch):
    def create():
        raise RuntimeError("CUDA driver is not found")
    monkeypatch.setattr(sys.modules["nvmath.bindings.cublas"], "create", create)
    refused(lambda: on_device(game("dense")), f"{NO_LIBRARY}CUDA driver is not found")


def test_an_optimiser_of_ones_own():
    def along(gradient):
        return tg.updates.vector(gradient)
    refused(lambda: on_device(game("dense", optimiser_d=along, optimiser_g=Adam())),
            f"{along!r} is not an Optimiser, so it may count the steps")


def test_a_step_that_depends_on_its_number(monkeypatch):
    """A number that would become a constant of the graph is missing while the graph is recorded."""
    module = importlib.import_module("tinygan.game.step")
    penalised = module.with_penalties
    monkeypatch.setattr(module, "with_penalties", lambda game, value, *others: penalised(
        game, value / (1 + game.step), *others))
    refused(lambda: on_device(game("dense")), "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'")


class Annealed(Optimiser):
    """An optimiser with an undeclared counter."""

    state, t = ("t",), 0

    def __call__(self, gradient):
        self.t += 1
        return tg.updates.vector(gradient) / self.t


class Vain(nn.Module):
    """A layer that keeps its inputs."""

    def forward(self, x):
        self.seen = x.data.mean(0)
        return x


@pytest.mark.parametrize("make", [lambda: on_device(game("dense", optimiser_d=Annealed(), optimiser_g=Adam())),
                                  lambda: with_layer(Vain())], ids=["counter", "state"])
def test_what_is_new_in_each_step_is_never_baked_in(make, monkeypatch):
    monkeypatch.setattr("tinygan.game.cuda_graph.PATIENCE", 10)
    plain, replay = train(make(), 25), Counted()
    with pytest.warns(UserWarning, match="no CUDA graph so far: each of 10 steps differed") as caught:
        captured = train(make(), 25, stepper=replay)
    assert len(caught) == 1
    assert set(replay.how) == {"plain"}
    for a, b in zip(end(captured), end(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_a_mistake_in_a_step_is_said_as_ever():
    played = on_device(game("dense"))

    def data(n, rng):
        return np.ones((n, 2 if played.step < 5 else 3))
    played.data = data
    with pytest.raises(ValueError, match=r"Dense: x \(8, 3\) has 3 features"):
        train(played, 8, stepper=Replay())


def test_diverged():
    played = on_device(game("dense", rate=1e300, objective="two-sample"))
    with pytest.raises(tg.game.Diverged):
        train(played, 50, stepper=Replay())


@pytest.mark.parametrize(("options", "kind"), [
    (["--device", "gpu"], Replay), (["--device", "gpu", "--no-graph"], type(tg.game.step)), ([], type(tg.game.step)),
], ids=str)
def test_the_command_line_replays_on_a_gpu(options, kind, gpu, tmp_path, monkeypatch):
    played = []

    def train(game, steps, callbacks, record_every, play):
        played.append(type(play))
        real(game, 4, (), record_every, play)
        raise KeyboardInterrupt  # spares the pictures
    real = tg.game.train
    monkeypatch.setattr(tg.game, "train", train)
    assert main(["train", "ring", "--batch", "8", "--out", str(tmp_path / "run"), *options]) == 130
    assert played == [kind]
