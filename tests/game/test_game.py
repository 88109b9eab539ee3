"""The game: Algorithm 1 step by step, on both array modules, in one precision, without waiting for the device."""
import copy
import inspect
import tracemalloc

import foreign
import numpy as np
import pytest
from dtypes import born_on_foreign, born_on_numpy
from helpers import host, to_foreign
from hypothesis import given
from hypothesis import strategies as st
from networks import dense, game, pictures, plain, points, thetas

import tinygan as tg
from tinygan import nn
from tinygan.game import Diverged, Game, latent, train
from tinygan.game.history import COLUMNS, Column, empty
from tinygan.tensor import record, unwrap
from tinygan.updates import Adam, Average, Momentum, RMSProp

KINDS = ["dense", "images"]
PENALTIES = [0.0, 1.0]
every_net = pytest.mark.parametrize("kind", KINDS)
every_penalty = pytest.mark.parametrize("r1", PENALTIES, ids=["plain", "r1"])


# --- Algorithm 1 by hand ---

def by_hand(played, k, simultaneous, r1):
    """One step of a minimax game, written out."""
    g, d, rng, rate = played.generator, played.discriminator, played.rng, played.rate
    for _ in range(k):
        x = tg.Tensor(played.data(played.batch, rng).astype(float), requires_grad=True)
        fake = g(played.noise(played.batch, rng).astype(float))
        real = d(x)
        v = tg.objectives.value(real, d(fake.detach()))
        if r1:
            [slope] = tg.grad(real.sum(), [x], create_graph=True)
            v = v - r1 / 2 * (slope * slope).reshape(played.batch, -1).sum(1).mean()
        step = np.concatenate([p.data.ravel() for p in tg.grad(v, d.parameters())])
        if not simultaneous:
            d.theta[...] += rate * step
    slope = tg.grad(tg.objectives.g_minimax(d(fake)), g.parameters())
    g_step = np.concatenate([p.data.ravel() for p in slope])
    if simultaneous:
        d.theta[...] += rate * step
    g.theta[...] -= rate * g_step


@every_net
@every_penalty
@pytest.mark.parametrize(("k", "simultaneous"), [(1, False), (3, False), (1, True)])
def test_each_step_is_algorithm_1(kind, r1, k, simultaneous):
    options = {"objective": "minimax", "k": k, "simultaneous": simultaneous, "r1": r1, "rate": 0.05}
    played = game(kind, optimisers=(plain, plain), **options)
    other = game(kind, **options)
    for _ in range(3):
        train(played, played.step + 1)
        by_hand(other, k, simultaneous, r1)
        np.testing.assert_allclose(thetas(played), thetas(other), rtol=1e-12, atol=1e-14)


def test_alternating_is_not_simultaneous():
    first, second = (thetas(train(game("dense", simultaneous=s), 3)) for s in (False, True))
    assert not np.allclose(first, second)


@every_net
@every_penalty
def test_two_ways_to_write_minimax(kind, r1):
    """Ascent on V less the penalty and descent on L_D plus the penalty are one game, bit for bit."""
    first, second = (thetas(train(game(kind, objective=o, r1=r1), 5)) for o in ("minimax", "zero-sum"))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("objective", tg.objectives.OBJECTIVES)
def test_every_objective_is_played(objective):
    """D tells real from fake better after it has moved, and G fools it better after it has moved (what D says of fakes
    is below 0 at first: least squares pulls it to 0 from either side)."""
    def logits(played, g, d):
        z, x = (source(500, np.random.default_rng(9)) for source in (played.noise, played.data))
        return d(x).data.mean() - d(g(z)).data.mean(), d(g(z)).data.mean()

    played = game("dense", objective=objective, optimisers=(plain, plain), batch=200, rate=(1e-3, 0.0))
    played.discriminator[2].bias.data[...] = -1.0
    g, d = copy.deepcopy((played.generator, played.discriminator))
    train(played, 1)
    assert logits(played, g, played.discriminator)[0] > logits(played, g, d)[0]
    played.rate = (0.0, 1e-3)
    d = copy.deepcopy(played.discriminator)
    train(played, 2)
    np.testing.assert_array_equal(played.discriminator.theta, d.theta)
    assert logits(played, played.generator, d)[1] > logits(played, g, d)[1]


# --- one step or twenty, on NumPy and on the foreign array ---

@every_net
@every_penalty
@pytest.mark.parametrize("make", [Adam, RMSProp, Momentum])
def test_the_same_on_both_array_modules(kind, r1, make):
    paths = []
    for place in (np, foreign):
        played = game(kind, r1=r1, optimisers=(make(), make()), average=Average(0.9), k=2)
        if place is foreign:
            to_foreign(played.generator), to_foreign(played.discriminator)
        path = []
        train(played, 20, [lambda p: path.append(np.concatenate([thetas(p), host(p.average.theta)]))])
        assert isinstance(played.generator.theta, place.ndarray)
        paths.append((np.stack(path), played.history))
    np.testing.assert_allclose(paths[0][0], paths[1][0], rtol=1e-12, atol=1e-12)
    assert not np.allclose(paths[0][0][0], paths[0][0][-1])
    for name in COLUMNS:
        np.testing.assert_allclose(paths[0][1][name], paths[1][1][name], rtol=1e-10)


@every_net
@every_penalty
def test_no_waiting_for_the_device(kind, r1):
    played = game(kind, np.float32, r1=r1, average=Average())
    to_foreign(played.generator), to_foreign(played.discriminator)
    waits = []
    with foreign.counting() as counts:
        train(played, 6, [lambda p: waits.append(counts.synchronisations)], record_every=1000)
    assert waits[0] > 0  # the first step is recorded, and so is the last
    assert len(set(waits[:-1])) == 1
    assert waits[-1] > waits[-2]


# --- no float64 in a float32 step ---

@every_net
@every_penalty
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("objective", tg.objectives.OBJECTIVES)
def test_one_precision(kind, r1, dtype, objective, monkeypatch):
    for born, place in ((born_on_numpy, np), (born_on_foreign, foreign)):
        played = game(kind, dtype, r1=r1, average=Average(), decay=True, objective=objective, rate=np.float64(1e-3))
        if place is foreign:
            to_foreign(played.generator), to_foreign(played.discriminator)
            played.data = lambda n, rng, data=played.data: data(n, rng).astype(dtype)
        seen = born(monkeypatch, lambda: train(played, 2))
        assert seen == {dtype}
        kept = [*played.optimisers[0].state_dict().values(), played.average.theta, played.generator.theta]
        assert {a.dtype.name for a in kept if hasattr(a, "dtype")} == {dtype}


# --- what is computed, and how often ---

class Spied(nn.Module):
    """A layer x * weight that counts its calls and those of the rules for x and for the weight."""

    def __init__(self, size):
        self.weight = nn.Parameter(np.ones(size, np.float64))
        self.calls = {"forward": 0, "input": 0, "weight": 0}

    def count(self, what):
        self.calls[what] += 1

    def forward(self, x):
        self.count("forward")
        return record(unwrap(x) * self.weight.data,
                      (x, lambda g, y, x, w: self.count("input") or g * w),
                      (self.weight, lambda g, y, x, w: self.count("weight") or (g * x).sum(0)))


@pytest.mark.parametrize("k", [1, 3])
def test_nothing_is_computed_in_vain(k):
    g, d, size = dense()
    g.layers.insert(0, spy_g := Spied(size))
    d.layers.insert(1, spy_d := Spied(16))
    train(Game(g, d, points, latent(size), np.random.default_rng(0), batch=4, k=k), 5)
    # the last fakes serve both players, and D's step does not go through them
    assert spy_g.calls == {"forward": 5 * k, "input": 0, "weight": 5}
    assert spy_d.calls["forward"] == 5 * (2 * k + 1)
    assert spy_d.calls["weight"] == 5 * 2 * k  # formed in D's steps, for real and for fake, never in G's
    assert spy_d.calls["input"] == 5 * (2 * k + 1)


def test_batches_are_new_in_every_step():
    seen = []

    def data(n, rng):
        seen.append(points(n, rng))
        return seen[-1]

    played = game("dense", k=2)
    played.data = data
    train(played, 3)
    assert len(seen) == 6
    assert len({x.tobytes() for x in seen}) == 6
    assert all(x.shape == (8, 2) for x in seen)


def test_both_nets_are_set_to_training():
    played = game("images")
    played.generator.eval(), played.discriminator.eval()
    train(played, 1)
    assert all(m.training for net in (played.generator, played.discriminator) for _, m in net.modules())


def test_rates():
    for rate, moved in [((0.0, 0.1), (False, True)), ((0.1, 0.0), (True, False)), (0.1, (True, True))]:
        played = game("dense", rate=rate)
        before = played.discriminator.theta.copy(), played.generator.theta.copy()
        train(played, 1)
        after = played.discriminator.theta, played.generator.theta
        assert tuple(not np.array_equal(a, b) for a, b in zip(before, after)) == moved


def test_decay():
    ones = lambda gradient: np.ones_like(plain(gradient))
    played = game("dense", optimisers=(ones, ones), objective="minimax", decay=True, rate=1.0)
    path = [played.discriminator.theta[0]]
    train(played, 4, [lambda p: path.append(p.discriminator.theta[0])])
    np.testing.assert_allclose(np.diff(path), [1.0, 0.75, 0.5, 0.25])


def test_average():
    played = game("dense", average=Average(0.5))
    path = []
    train(played, 4, [lambda p: path.append(p.generator.theta.copy())])
    expected = path[0]
    for theta in path[1:]:
        expected = 0.5 * expected + 0.5 * theta
    np.testing.assert_allclose(played.average.theta, expected)


# --- history, callbacks, divergence ---

@given(st.lists(st.floats(allow_nan=False) | st.integers(-9, 9), max_size=80))
def test_a_column_is_a_list_of_numbers(numbers):
    column = Column()
    for number in numbers:
        column.append(number)
    assert column == numbers
    assert (list(column), len(column), column[-3:]) == (numbers, len(numbers), numbers[-3:])
    assert repr(column) == repr([float(number) for number in numbers])
    assert all(type(number) is float for number in column)
    np.testing.assert_array_equal(np.array(column), np.array(numbers, float))
    assert copy.deepcopy(column) == column == Column(numbers) != [*numbers, 0]


def test_who_draws_a_column_does_not_hold_it():
    column = Column([1, 2], np.int64)
    drawn = np.asarray(column)
    for number in range(100):
        column.append(number)
    column[0:1][0] = drawn[0] = 5
    assert (column[0], len(column), drawn.tolist()) == (1, 102, [5, 2])
    with pytest.raises(IndexError):
        column[102]


def test_a_row_of_the_history_takes_eight_bytes_a_column():
    history = empty()
    tracemalloc.start()
    for step in range(20_000):
        for name in COLUMNS:
            history[name].append(step + 0.5 * (name != "step"))
    held = tracemalloc.get_traced_memory()[0] / 20_000
    tracemalloc.stop()
    assert 8 * len(COLUMNS) < held < 9.2 * len(COLUMNS)


def test_history():
    played = train(game("dense", objective="minimax"), 5)
    assert tuple(played.history) == COLUMNS
    assert played.step == 5
    assert played.history["step"] == [0, 1, 2, 3, 4]
    for name, column in played.history.items():
        assert len(column) == 5, name
        assert all(type(number) in (int, float) and np.isfinite(number) for number in column)


def test_first_row_of_the_history():
    """What each function was worth before its move: D's at the start, G's after D's move."""
    played, other = (game("dense", objective="minimax") for _ in range(2))
    train(played, 1)
    row = {name: column[0] for name, column in played.history.items()}
    rng = other.rng
    x, z = other.data(8, rng).astype(float), other.noise(8, rng).astype(float)
    fake = other.generator(z)
    real, not_real = other.discriminator(x), other.discriminator(fake.detach())
    v = tg.objectives.value(real, not_real)
    assert row["d_value"] == pytest.approx(v.item())
    assert row["d_real"] == pytest.approx(tg.sigmoid(real).data.mean())
    assert row["d_fake"] == pytest.approx(tg.sigmoid(not_real).data.mean())
    slope = plain(tg.grad(v, other.discriminator.parameters()))
    assert row["d_gradient"] == pytest.approx(np.linalg.norm(slope))
    value = tg.objectives.g_minimax(played.discriminator(fake))
    assert row["g_value"] == pytest.approx(value.item())
    assert row["g_gradient"] == pytest.approx(np.linalg.norm(plain(tg.grad(value, other.generator.parameters()))))


def test_rows_are_recorded_now_and_then_and_at_the_end():
    assert train(game("dense"), 8, record_every=3).history["step"] == [0, 3, 6, 7]


def test_callbacks_see_the_game_after_each_step():
    seen = []
    played = game("dense")
    callbacks = [lambda p: seen.append((p.step, len(p.history["step"]))), lambda p: seen.append(p is played)]
    assert train(played, 3, callbacks) is played
    assert seen == [(1, 1), True, (2, 2), True, (3, 3), True]


def test_a_callback_may_gather_the_parameters_anew():
    """A callback that converts or embeds the nets gives them a new theta: the game goes on with that one."""
    played, other = game("dense"), game("dense")
    gather = lambda p: nn.Sequential(p.generator, p.discriminator).theta
    convert = lambda p: p.generator.astype(np.float32).astype(np.float64)
    train(played, 4, [gather])
    np.testing.assert_array_equal(thetas(played), thetas(train(other, 4)))
    before = thetas(played)
    train(played, 8, [convert])
    assert np.abs(thetas(played) - before).min() > 0


def test_no_steps_left():
    played = train(game("dense"), 2)
    before = thetas(played)
    train(played, 2)
    np.testing.assert_array_equal(thetas(played), before)


@every_net
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diverged_names_step_and_quantity(kind, dtype):
    played = game(kind, dtype, rate=1e300 if dtype == np.float64 else 1e30, objective="two-sample")
    with pytest.raises(Diverged, match=r"^step \d+: (d|g)_(value|real|fake|gradient) is (nan|-?inf); a lower rate may "
                                       r"help \(it is 1e\+300?\)$"):
        train(played, 50)
    assert {len(column) for column in played.history.values()} == {played.step}
    assert all(np.isfinite(column).all() for column in played.history.values())


def test_data_that_is_not_finite():
    played = game("dense")
    played.data = lambda n, rng: np.full((n, 2), np.nan if played.step == 2 else 1.0, np.float32)
    with pytest.raises(Diverged, match=r"^step 2: d_value is nan; "):
        train(played, 5)


@pytest.mark.parametrize(("options", "message"), [
    ({"objective": "maximin"}, "objective: got 'maximin', expected one of minimax, non-saturating, zero-sum, "
                               "sign-reversal, two-sample, least-squares, hinge"),
    ({"batch": 0}, "batch is 0 and k is 1, expected at least 1"),
    ({"k": 0}, "batch is 8 and k is 0, expected at least 1"),
    *[({name: -1}, f"{name} is -1, expected at least 0") for name in ("r1", "gp", "clip", "instance_noise", "unroll")],
    ({"gp": float("nan")}, "gp is nan, expected at least 0"),
    ({"k": 2, "simultaneous": True}, "simultaneous: both move once from the same point, but k is 2"),
])
def test_messages(options, message):
    with pytest.raises(ValueError) as caught:
        game("dense", **options)
    assert str(caught.value) == message


# --- to stop and to go on ---

@every_net
def test_five_steps_and_five_are_ten(kind):
    make = lambda: game(kind, r1=0.5, k=2, average=Average(0.9))
    whole, first, second = train(make(), 10), train(make(), 5), make()
    second.generator.theta[...] = second.discriminator.theta[...] = 0
    second.generator.load_state_dict(first.generator.state_dict())
    second.discriminator.load_state_dict(first.discriminator.state_dict())
    for ours, saved in zip((*second.optimisers, second.average), (*first.optimisers, first.average)):
        ours.load_state_dict(saved.state_dict())
    second.rng.bit_generator.state = first.rng.bit_generator.state
    second.step, second.history = first.step, copy.deepcopy(first.history)
    train(second, 10)
    np.testing.assert_array_equal(thetas(second), thetas(whole))
    np.testing.assert_array_equal(second.average.theta, whole.average.theta)
    assert second.history == whole.history
    for name, a in whole.generator.state_dict().items():
        np.testing.assert_array_equal(a, second.generator.state_dict()[name])


def test_the_same_seed_the_same_game():
    first, second, other = (train(game("images", seed=s), 3) for s in (0, 0, 1))
    np.testing.assert_array_equal(thetas(first), thetas(second))
    assert not np.array_equal(thetas(first), thetas(other))


def test_the_generator_learns():
    played = game("dense", np.float32, batch=64, rate=2e-3, r1=0.1)
    played.data = lambda n, rng: rng.normal([2.0, -1.0], 0.3, (n, 2)).astype(np.float32)
    train(played, 400, record_every=100)
    x = played.generator(played.noise(1000, np.random.default_rng(0))).data
    np.testing.assert_allclose(x.mean(0), [2, -1], atol=0.5)


def test_pictures_are_drawn_from_the_rng_alone():
    np.testing.assert_array_equal(pictures(3, np.random.default_rng(0)), pictures(3, np.random.default_rng(0)))
    assert latent(3)(2, np.random.default_rng(0)).dtype == np.float32
    assert "rng" in inspect.signature(latent(3)).parameters


def test_packs_and_the_batch():
    for size, batch in [(3, 8), (16, 8)]:
        played = game("dense")
        played.discriminator.layers.insert(0, nn.Pack(size))
        with pytest.raises(ValueError) as caught:
            tg.game.Game(played.generator, played.discriminator, played.data, played.noise, played.rng, batch=batch)
        assert str(caught.value) == f"packing: a batch of {batch} does not hold whole packs of {size}"
