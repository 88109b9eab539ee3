"""A game over ranks is the game of one: to rounding, whatever their number and whatever the recipe has switched on."""
import os
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import foreign
import numpy as np
import pytest
import threads
from helpers import fails, one_line

import tinygan as tg
from tinygan import game, nn
from tinygan.backend import arrays
from tinygan.cli import main
from tinygan.distributed import mpi
from tinygan.distributed.group import SINGLE_PROCESS, RanksError, SingleProcess, current_group, using_group
from tinygan.game import cuda_graph as graph
from tinygan.ops.normalise import all_reduce, moments
from tinygan.runs.checkpoint import fingerprint
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change


class Copies(SingleProcess):
    """So many ranks that hold the same: a sum over them is a product."""

    size = 3

    def sum(self, a):
        return self.size * a

    def global_count(self, n):
        return self.size * n

    def weighted_share(self, mean):
        return mean / self.size


def played(recipe, ranks, steps, batch, settings=(), dtype="float64"):
    match = replace(change(RECIPES[recipe], dict(settings)).start(0, batch, dtype), group=ranks)
    return game.train(match, steps)


def state(match):
    """All numbers of a game."""
    return {**match.generator.state_dict(), **{f"D {k}": v for k, v in match.discriminator.state_dict().items()},
            **{k: np.array(v) for k, v in match.history.items()}}


# batch 13 on 2, 3 or 4 ranks is never even, and 12 or 8 packs of 2 are not on each
@pytest.mark.parametrize(("recipe", "steps", "batch", "settings", "sizes"), [
    ("ring", 8, 13, {"width": 32}, (1, 2, 3, 4)), ("digits", 2, 13, {"width": 4}, (1, 2, 3, 4)),
    ("ring", 4, 24, {"width": 32, "packing": 2, "minibatch_std": True, "spectral_norm": True, "instance_noise": .1},
     [4]),
    ("digits", 2, 16, {"width": 4, "packing": 2, "minibatch_std": True, "unroll": 2}, [3]),
    ("wgan-gp", 2, 13, {"width": 16}, [3]), ("conditional", 2, 7, {"width": 4}, [3]),
    ("sequence", 2, 7, {"width": 8}, [3]), ("progressive", 2, 7, {"width": 16}, [3]),
    ("style", 2, 7, {"width": 16}, [3])])
def test_the_number_of_ranks_changes_nothing(recipe, steps, batch, settings, sizes):
    expected = state(played(recipe, SINGLE_PROCESS, steps, batch, settings))
    for size in sizes:
        matches = threads.play(size, lambda ranks: played(recipe, ranks, steps, batch, settings))
        for match in matches:
            for name, a in state(match).items():
                np.testing.assert_allclose(a, expected[name], rtol=1e-9, atol=1e-11, err_msg=f"{name}, {size} ranks")
            assert np.array_equal(match.generator.theta, matches[0].generator.theta)  # bit for bit between ranks


def test_without_the_moments_of_all_it_is_another_game(monkeypatch):
    """The test above can fail."""
    monkeypatch.setattr("tinygan.ops.normalise._pooled", lambda both: both)
    expected = played("digits", SINGLE_PROCESS, 2, 12, {"width": 4}).generator.theta
    [match, _] = threads.play(2, lambda ranks: played("digits", ranks, 2, 12, {"width": 4}))
    assert abs(match.generator.theta - expected).max() > 1e-3


# --- the all-reduce as an operation ---

def test_derivatives_with_all_ranks_alike(rng):
    with using_group(Copies()):
        tg.check_gradients(all_reduce, rng.normal(size=(2, 3)))
        tg.check_gradients(moments, rng.normal(size=(5, 3)))
        tg.check_gradients(nn.MinibatchStd(), rng.normal(size=(4, 3, 2)))
    with pytest.raises(tg.GradientError), using_group(Copies()):
        tg.check_gradients(lambda x: all_reduce(x.detach()) + x, rng.normal(size=3))


@pytest.mark.parametrize("size", [2, 3])
def test_moments_and_their_derivatives_are_those_of_the_whole_batch(size, rng):
    """Value, gradient, and the gradient of a function of the gradient; what is differentiated is the sum over ranks."""
    x, u, v = rng.normal(3, 1, (7, 2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(7, 2, 3))

    def derivatives(x, u, v):
        x = tg.Tensor(x, requires_grad=True)
        both = moments(x)
        [slope] = tg.grad(tg.sum(u * both * both), [x], create_graph=True)
        [second] = tg.grad(tg.sum(v * slope * slope), [x])
        return both.numpy(), slope.numpy(), second.numpy()

    def on(ranks):
        ranks.divide(7)
        with using_group(ranks):
            return derivatives(ranks.shard(x), ranks.weighted_share(u), ranks.shard(v))
    parts = threads.play(size, on)
    both, slope, second = derivatives(x, u, v)
    for part in parts:
        np.testing.assert_allclose(part[0], both, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate([part[1] for part in parts]), slope, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(np.concatenate([part[2] for part in parts]), second, rtol=1e-11, atol=1e-13)


def test_pooled_variance_survives_a_large_mean():
    x = 1e4 + np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)

    def on(ranks):
        ranks.divide(64)
        with using_group(ranks):
            return moments(ranks.shard(x))
    for both in threads.play(2, on):
        np.testing.assert_allclose(both[1], x.astype(float).var(axis=0), rtol=1e-3)


# --- slices and draws ---

@pytest.mark.parametrize(("batch", "unit", "size"), [(13, 1, 4), (12, 2, 4), (64, 1, 3), (6, 2, 3)])
def test_slices_cover_the_batch_in_whole_units(batch, unit, size):
    def on(ranks):
        ranks.divide(batch, unit)
        drawn = ranks.drawing(np.random.default_rng(0)).standard_normal((len(ranks.shard(np.arange(batch))), 3))
        rows = ranks.global_count(len(drawn) // unit * 5)
        return ranks.shard(np.arange(batch)), ranks.weighted_share(1.0), drawn, rows
    parts = threads.play(size, on)
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), np.arange(batch))
    assert all(len(part[0]) % unit == 0 for part in parts)
    assert np.isclose(sum(part[1] for part in parts), 1)
    np.testing.assert_array_equal(np.concatenate([part[2] for part in parts]),
                                  np.random.default_rng(0).standard_normal((batch, 3)))
    assert {part[3] for part in parts} == {batch // unit * 5}


def test_dropout_drops_the_same(rng):
    x = rng.normal(size=(7, 5))

    def on(ranks):
        ranks.divide(7)
        with using_group(ranks):
            return nn.Dropout(rng=np.random.default_rng(1))(tg.Tensor(ranks.shard(x))).numpy()
    whole = nn.Dropout(rng=np.random.default_rng(1))(tg.Tensor(x)).numpy()
    np.testing.assert_array_equal(np.concatenate(threads.play(3, on)), whole)


def test_a_batch_too_small_is_refused():
    with pytest.raises(game.SettingError, match=r"^a batch of 3 has no slice for each of 4 ranks$"):
        threads.play(4, lambda ranks: played("ring", ranks, 1, 3))
    with pytest.raises(game.SettingError, match=r"^a batch of 4 has no slice"):
        threads.play(3, lambda ranks: played("ring", ranks, 1, 4, {"packing": 2}))


def test_outside_of_the_game_a_rank_is_alone():
    [seen, _] = threads.play(2, lambda ranks: (played("ring", ranks, 1, 4), current_group())[1])
    assert seen is SINGLE_PROCESS


# --- devices ---

@pytest.mark.parametrize("reads_device", [False, True])
def test_arrays_of_a_device_are_summed(reads_device):
    def on(ranks):
        with foreign.counting() as count:
            total = ranks.sum(foreign.asarray(np.arange(4.0)[ranks.rank:ranks.rank + 2]))
        return type(total), foreign.to_host(total), count
    for kind, total, _ in threads.play(2, on, reads_device=reads_device):
        assert kind is foreign.ForeignArray
        np.testing.assert_array_equal(total, [1, 3])


def test_a_game_on_a_device(gpu):
    def on(ranks):
        match = RECIPES["ring"].start(0, 6, "float64", "gpu")
        return foreign.to_host(game.train(replace(match, group=ranks), 2).generator.theta)
    for theta in threads.play(2, on):
        np.testing.assert_allclose(theta, played("ring", SINGLE_PROCESS, 2, 6).generator.theta, rtol=1e-9, atol=1e-12)


def test_a_step_over_ranks_is_no_cuda_graph(gpu):
    def on(ranks):
        with pytest.raises(graph.Unrecordable, match="divided among ranks"):
            graph._state(replace(RECIPES["ring"].start(0, 6), group=ranks))
    threads.play(2, on)


def test_each_rank_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    used = []
    device = type("Device", (), {"__init__": lambda self, number: used.append(number), "use": lambda self: None})
    runtime = SimpleNamespace(getDeviceCount=lambda: 2)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(
        is_available=lambda: True, cuda=SimpleNamespace(Device=device, runtime=runtime)))
    arrays._cupy()
    assert used == []
    for number in range(4):
        monkeypatch.setattr(arrays, "device_index", number)
        arrays._cupy()
    assert used == [0, 1, 0, 1]


@pytest.mark.parametrize(("kinds", "expected"), [
    ("mpi,system,cuda:device", True), ("mpi,system", False), (None, False)])
def test_whether_mpi_reads_a_device(kinds, expected):
    comm = SimpleNamespace(Get_info=lambda: {"mpi_memory_alloc_kinds": kinds} if kinds else {})
    assert mpi._reads_device(SimpleNamespace(__file__="no library"), comm) == expected


# --- what ranks tell each other before they play ---

def test_an_error_of_one_is_raised_on_all():
    def on(ranks):
        with pytest.raises(RanksError) as caught:
            ranks.all_gather(lambda: 1 / (ranks.rank - 1))
        return one_line(caught)
    assert threads.play(3, on) == ["rank 1: division by zero"] * 3


def test_what_differs_is_named():
    def on(ranks):
        ranks.agree({"--steps": 5})
        with pytest.raises(RanksError) as caught:
            ranks.agree({"--steps": 5, "--batch": 64 + ranks.rank // 2})
        return one_line(caught)
    assert threads.play(3, on) == ["rank 2 has another --batch than rank 0: 65, not 64"] * 3


def test_the_first_one_decides():
    assert threads.play(2, lambda ranks: ranks.broadcast(lambda: f"of {ranks.rank}")) == ["of 0"] * 2


def test_other_data_and_other_weights_are_found(tmp_path):
    digits, other = RECIPES["progressive"].start(0, 8), RECIPES["progressive"].start(0, 8)
    assert fingerprint(digits) == fingerprint(other)
    assert fingerprint(digits)["data set"] != fingerprint(RECIPES["progressive"].start(0, 8, data="shapes"))["data set"]
    before = digits.rng.bit_generator.state
    assert other.rng.bit_generator.state == before  # nothing of it was used up
    source = other.data

    def brighter(n, rng):
        x = source(n, rng)
        x[-1, 3, 3] += 1e-3
        return x
    other.data = brighter
    assert fingerprint(digits)["data set"] != fingerprint(other)["data set"]
    assert fingerprint(digits)["state"] == fingerprint(other)["state"]
    other.discriminator.theta[5] += 1e-7
    assert fingerprint(digits)["state"] != fingerprint(other)["state"]


# --- mpiexec, as far as it is seen without one ---

@pytest.fixture
def two(monkeypatch):
    """The environment of the first of two processes that mpiexec started, without mpi4py."""
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    return monkeypatch


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_without_mpi4py_one_process_says_so(command, two, capsys):
    assert "--mpi needs mpi4py and an MPI: pip install 'tinygan[mpi]'" in fails(capsys, command, "ring", "--mpi")
    two.setenv("PMI_RANK", "1")
    assert main([command, "ring", "--mpi"]) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("arguments", "message"), [
    (["train", "ring"], "mpiexec started 2 processes: add --mpi"),
    (["sweep", "ring"], "mpiexec started 2 processes: add --mpi")])
def test_mpiexec_without_mpi_is_refused(arguments, message, two, capsys):
    assert message in fails(capsys, *arguments)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="where processes are not bound to cores")
def test_ranks_on_one_machine_share_its_cores(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert threads.play(3, lambda ranks: mpi._share_of_cores(ranks.comm)) == [2, 2, 2]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {threading.get_ident()})
    assert threads.play(3, lambda ranks: mpi._share_of_cores(ranks.comm)) == [1, 1, 1]
