"""What stops a run in time: numbers that are not finite, weights updated too early, a second process, a full disk."""
import errno
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers import fails, on, to_foreign

import tinygan as tg
from tinygan import backend, doctor, nn, plots
from tinygan.cli import main
from tinygan.game import Diverged, Game, latent, train
from tinygan.game.debug import Debug
from tinygan.runs import Config, Run, RunError, files
from tinygan.tensor import record
from tinygan.updates import ascend, clip, descend
from tinygan.zoo.sources import SOURCES

SHORT = ["--steps", "6", "--batch", "8"]


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Broken(nn.Module):
    """A student's layer: from the given call on, its value or its derivative is `bad`."""

    def __init__(self, calls, bad, where):
        self.calls, self.bad, self.where = calls, bad, where

    def forward(self, x):
        self.calls -= 1
        value, slope = (self.bad if self.calls < 0 and self.where == where else 1 for where in ("value", "derivative"))
        return record(x.data * np.float32(value), (x, lambda g, y, x: g * np.float32(slope)))


def broken_game(layer, player="discriminator"):
    rng = np.random.default_rng(0)
    layers = {"generator": [], "discriminator": []}
    layers[player] = [layer]
    g = nn.Sequential(nn.Dense(2, 4, rng=rng), *layers["generator"], nn.Dense(4, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 4, rng=rng), *layers["discriminator"], nn.Dense(4, 1, rng=rng))
    return Game(g, d, tg.data.ring, latent(2), rng, batch=8)


@pytest.mark.parametrize(("where", "bad", "message"), [
    ("value", np.nan, "step 2: d_value is nan"), ("value", np.inf, "step 2: d_value is nan"),
    ("derivative", np.nan, "step 2: d_gradient is nan"), ("derivative", np.inf, "step 2: d_gradient is nan")])
def test_a_layer_that_breaks_stops_the_run_at_that_step(where, bad, message):
    game = broken_game(Broken(6, bad, where))  # three calls a step
    with pytest.raises(Diverged, match=message):
        train(game, 5)
    assert game.step == 2
    assert len(game.history["step"]) == 2


def test_a_weight_that_overflows_stops_the_run_at_that_step():
    game = broken_game(Broken(99, 1, "value"))

    def overflow(g):
        return np.where(np.arange(g.size) == 3, np.inf, 0).astype(g.dtype) if game.step == 2 else g
    game.optimiser_d, game.optimiser_g = nothing, lambda g: overflow(tg.updates.vector(g))
    with pytest.raises(Diverged, match=r"step 2: the norm of the generator's weights is (inf|nan)"):
        train(game, 5)


def nothing(gradient):
    return np.zeros_like(tg.updates.vector(gradient))


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize(("where", "name"), [("value", "forward"), ("derivative", "a pull-back")])
def test_debug_finds_the_first_operation(player, where, name):
    calls = 6 if player == "discriminator" else 2
    game, play = broken_game(Broken(calls, np.nan, where), player), Debug()
    with pytest.raises(Diverged, match=r"^step 2: "):
        train(game, 5, stepper=play)
    assert play.found.startswith(f"first in {name if where == 'derivative' else 'record'} (")
    if where == "value":
        assert f"in the {player}'s 1, with value (8, 4) from nan to nan" in play.found
    else:
        assert "test_guards.py" in play.found


def test_debug_changes_nothing():
    one, other = (train(broken_game(Broken(99, 1, "value")), 4, stepper=play) for play in (tg.game.step, Debug()))
    assert one.history == other.history
    np.testing.assert_array_equal(one.generator.theta, other.generator.theta)
    assert sys.getprofile() is None


def test_debug_on_the_command_line(monkeypatch, capsys):
    ring = SOURCES["ring"]

    def sometimes(n, rng):
        points = ring(n, rng)
        return points * np.float32(np.nan) if rng.random() > 0.7 else points
    monkeypatch.setitem(SOURCES, "ring", replace(ring, draw=sometimes))
    line = fails(capsys, "train", "ring", "--debug", "--out", "run", "--steps", "99", "--batch", "8")
    assert "is nan; a lower rate may help" in line
    assert "first in sometimes (test_guards.py, line" in line
    assert "in no layer, with points (8, 2) from" in line
    assert "keeps the checkpoint of step 0" in line


# Weights that are updated between recording and differentiation

def players(xp):
    rng = np.random.default_rng(0)
    d = nn.Sequential(nn.Dense(2, 3, rng=rng), tg.tanh, nn.Dense(3, 1, rng=rng))
    return d if xp is np else to_foreign(d)


UPDATES = [lambda d: ascend(d.theta, d.theta * 1, .1), lambda d: descend(d.theta, d.theta * 1, .1),
           lambda d: clip(d.theta, .01), lambda d: d.load_state_dict(d.state_dict()), lambda d: d.astype("float64"),
           lambda d: ascend(d.layers[0].theta, d.layers[0].theta * 1, .1), lambda d: backend.mark_changed(d.theta)]


@pytest.mark.parametrize("update", UPDATES)
def test_weights_updated_too_early_are_an_error(xp, update):
    d = players(xp)
    z = tg.Tensor(on(xp, np.ones((4, 2), np.float32)), requires_grad=True)
    for inputs in (d.parameters(), [z]):  # of the weights, and through them
        value = d(z).mean()
        update(d)
        with pytest.raises(ValueError, match=r"^grad: an input of shape \(.*\) was updated in place after the output "
                                             r"was computed with it; differentiate first, then update$"):
            tg.grad(value, inputs)
        tg.grad(d(z).mean(), inputs)  # recorded anew, it is right


def test_an_update_between_two_derivatives_is_an_error(xp):
    d = players(xp)
    slopes = tg.grad((d(on(xp, np.ones((4, 2), np.float32))) ** 2).mean(), d.parameters(), create_graph=True)
    ascend(d.theta, [s.detach() for s in slopes], .1)
    with pytest.raises(ValueError, match="updated in place"):
        tg.grad(sum((s * s).sum() for s in slopes), d.parameters())


def test_the_other_player_may_move():
    g, d = players(np), players(np)
    both = nn.Sequential(g, d)
    for shared in (False, True):
        fake = tg.Tensor(np.ones((4, 2), np.float32), requires_grad=True) * 2
        value = g(fake).mean()
        if shared:
            _ = both.theta  # both now stand in one vector
        ascend(d.theta, d.theta * 1, .1)
        tg.grad(value, g.parameters())
        ascend(g.theta, g.theta * 1, .1)
        with pytest.raises(ValueError, match="updated in place"):
            tg.grad(value, g.parameters())


# A second process, a disk that is full, a folder that is gone

def holder(folder):
    """Another process that holds a run's folder, and says so."""
    code = (f"from tinygan.runs import Run; run = Run.open({str(folder)!r}, lock=True); "
            "print('held', flush=True); import time; time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)})
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def begun(tmp_path):
    """The folder of a run at step 0."""
    Run.create(tmp_path / "run", Config("ring", 6, 0, 8, "float32", "cpu", "ring"))
    return tmp_path / "run"


def test_a_second_process_is_refused_until_the_first_is_killed(begun, capsys):
    with holder(begun) as process:
        assert fails(capsys, "train", "--resume", "--out", "run") == "tinygan train: run: another process trains here"
        with pytest.raises(RunError, match="another process trains here"):
            Run.open(begun, lock=True)
        assert Run.open(begun).game.step == 0  # to look at it is allowed
        process.kill()
        process.wait(10)
    run = Run.open(begun, lock=True)
    del run
    assert main(["train", "--resume", "--out", "run"]) == 0


def test_a_file_system_without_locks(begun, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert Run.open(begun, lock=True).game.step == 0


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only(code, begun, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(code, os.strerror(code), "checkpoint.npz.part")
    monkeypatch.setattr(plots, "save_png", lambda *_: None)
    monkeypatch.setattr(doctor, "write", lambda *_: None)
    before = (begun / "checkpoint.npz").read_bytes()
    monkeypatch.setattr(files.os, "fsync", refuse)
    line = fails(capsys, "train", "--resume", "--out", "run")
    assert f"run cannot be written after step 6: {os.strerror(code)}; the last checkpoint is that of step 0" in line
    assert (begun / "checkpoint.npz").read_bytes() == before
    assert not list(begun.glob("*.part"))
    assert f"new: the run folder cannot be written: {os.strerror(code)}" in fails(
        capsys, "train", "ring", "--out", "new")
    monkeypatch.undo()
    os.chdir(begun.parent)
    assert main(["train", "--resume", "--out", "run"]) == 0


def test_a_folder_that_goes_in_mid_run(begun, monkeypatch, capsys):
    monkeypatch.setattr(Run, "save_frame", lambda run, game: game.step == 3 and shutil.rmtree(run.folder))
    monkeypatch.setattr(plots, "save_png", lambda *_: None)
    assert "run cannot be written after step 6: No such file or directory" in fails(
        capsys, "train", "--resume", "--out", "run")


def test_more_steps_are_kept_for_the_next_time(begun):
    time.sleep(0.01)
    assert main(["train", "--resume", "--out", "run", "--steps", "7"]) == 0
    assert Run.open(begun).config.steps == 7


@pytest.mark.parametrize(("name", "value"), [
    ("batch", "8"), ("batch", True), ("steps", -1), ("steps", 2**70), ("seed", -1), ("seed", 1.5), ("recipe", []),
    ("recipe", 3), ("data", None), ("dtype", 32), ("device", {}), ("settings", {"latent": 10**9})])
def test_a_config_that_is_nonsense_is_refused(begun, name, value, capsys):
    import json
    path = begun / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    message = "latent is '1000000000', expected a whole number of at least 1 and below 10000"
    assert (message if name == "settings" else f"config.json cannot be read: {name}: got ") in fails(
        capsys, "sample", "run")


def test_a_config_that_was_edited_is_named(begun, capsys):
    path = begun / "config.json"
    path.write_text(path.read_text().replace('"batch": 8', '"batch": 16'))
    assert "it was made with batch 8, not 16" in fails(capsys, "train", "--resume", "--out", "run")
