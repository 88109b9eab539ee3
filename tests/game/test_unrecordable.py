"""Games that cannot become a CUDA graph: they are played launch by launch, after one warning."""
import importlib
import sys

import foreign
import numpy as np
import pytest
from networks import game
from replays import Counted, end, on_device

import tinygan as tg
from tinygan import backend, nn
from tinygan.cli import main
from tinygan.game import Game, latent, train
from tinygan.game.cuda_graph import Replay
from tinygan.updates import Adam, Optimiser

pytestmark = [pytest.mark.usefixtures("nvmath"), pytest.mark.fast_forms]


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
     "RuntimeError: the current stream is capturing, so H2D transfers are disallowed"),
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


class Named(nn.Module):
    """A dense net with the names of classes as a second input."""

    def __init__(self, inputs, outputs, rng):
        self.body = nn.Dense(inputs, outputs, rng=rng)

    def forward(self, x, names):
        return self.body(x) * float(len(set(names.data.tolist())))


@pytest.mark.parametrize("dtype", ["object", "<U21", "datetime64[s]"])
def test_conditions_that_no_gpu_holds(dtype):
    def named():
        rng = np.random.default_rng(0)
        nets = [Named(*sizes, rng).astype(np.float64) for sizes in ((5, 2), (2, 1))]
        return on_device(Game(*nets, lambda n, rng: (rng.standard_normal((n, 2)), rng.permutation(n).astype(dtype)),
                              latent(5), np.random.default_rng(1), batch=6, rate=1e-2))
    refused(named, f"no GPU holds an array of {dtype}")


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


def test_a_graph_that_cannot_be_launched(monkeypatch):
    """The upload, before the first replay, tells it."""
    def upload(self, stream):
        raise foreign.cuda.runtime.CUDARuntimeError(209)
    monkeypatch.setattr(foreign.cuda.Graph, "upload", upload)
    refused(lambda: on_device(game("dense")), "CUDARuntimeError: cudaErrorNoKernelImageForDevice: no kernel image is "
                                              "available for execution on the device")


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


@pytest.mark.parametrize("make", [lambda: game("dense"), lambda: with_layer(Vain())], ids=["refused", "so far"])
def test_the_warning_names_the_line_that_trains(make, monkeypatch):
    monkeypatch.setattr("tinygan.game.cuda_graph.PATIENCE", 3)
    with pytest.warns(UserWarning, match="no CUDA graph") as caught:
        train(make(), 5, stepper=Replay())
    assert [w.filename for w in caught] == [__file__]


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
