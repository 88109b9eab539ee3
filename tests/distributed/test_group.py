"""A game over ranks equals the game of one up to rounding, for any number of ranks and any switches."""
from dataclasses import replace

import foreign
import numpy as np
import pytest
import threads
from helpers import one_line

import tinygan as tg
from tinygan import game, nn
from tinygan.distributed.group import SINGLE_PROCESS, RanksError, current_group, using_group
from tinygan.game import cuda_graph as graph
from tinygan.runs.checkpoint import fingerprint
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change


def played(recipe, ranks, steps, batch, settings=(), dtype="float64"):
    match = replace(change(RECIPES[recipe], dict(settings)).start(0, batch, dtype), group=ranks)
    return game.train(match, steps)


def state(match):
    """All numbers of a game."""
    return {**match.generator.state_dict(), **{f"D {k}": v for k, v in match.discriminator.state_dict().items()},
            **{k: np.array(v) for k, v in match.history.items()}}


# batch 13 on 2, 3 or 4 ranks is never even, and 12 or 8 packs of 2 are not on each
@pytest.mark.parametrize(("recipe", "steps", "batch", "settings", "sizes"), [
    ("ring", 8, 13, {"width": 32}, (1, 2, 3, 4)), ("digits", 2, 13, {"width": 4}, (1, 3)),
    pytest.param("digits", 2, 13, {"width": 4}, (2, 4), marks=pytest.mark.slow),
    ("ring", 4, 24, {"width": 32, "packing": 2, "minibatch_std": True, "spectral_norm": True, "instance_noise": .1},
     [4]),
    pytest.param("digits", 2, 16, {"width": 4, "packing": 2, "minibatch_std": True, "unroll": 2}, [3],
                 marks=pytest.mark.slow),
    ("wgan-gp", 2, 13, {"width": 16}, [3]), ("conditional", 2, 7, {"width": 4}, [3]),
    ("sequence", 2, 7, {"width": 8}, [3]), ("style", 2, 7, {"width": 16}, [3]),
    pytest.param("progressive", 2, 7, {"width": 16}, [3], marks=pytest.mark.slow)])
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
        with pytest.raises(graph.Unrecordable, match="divided among processes"):
            graph._state(replace(RECIPES["ring"].start(0, 6), group=ranks))
    threads.play(2, on)


# --- checks among the ranks before they play ---

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
    assert other.rng.bit_generator.state == before  # the rng is unchanged
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
