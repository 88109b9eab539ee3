"""The game as a whole: on both array modules, in one precision, without waiting; stopped and resumed."""
import copy
import inspect

import foreign
import numpy as np
import pytest
from dtypes import born_on_foreign, born_on_numpy
from helpers import host, to_foreign
from networks import game, pictures, thetas

import tinygan as tg
from tinygan import nn
from tinygan.game import Game, SettingError, latent, train
from tinygan.game.history import COLUMNS
from tinygan.penalties import R1
from tinygan.updates import Adam, Average, Momentum, RMSProp

KINDS = ["dense", "images"]
PENALTIES = [0.0, 1.0]
every_net = pytest.mark.parametrize("kind", KINDS)
every_penalty = pytest.mark.parametrize("r1", PENALTIES, ids=["plain", "r1"])


# --- one step or twenty, on NumPy and on the foreign array ---

@every_net
@every_penalty
@pytest.mark.parametrize("make", [Adam, *(pytest.param(make, marks=pytest.mark.slow) for make in (RMSProp, Momentum))])
def test_the_same_on_both_array_modules(kind, r1, make):
    paths = []
    for place in (np, foreign):
        played = game(kind, r1=r1, optimiser_d=make(), optimiser_g=make(), average=Average(0.9), k=2)
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


@pytest.mark.parametrize(("options", "message"), [
    ({"objective": "maximin"}, "objective: got 'maximin', expected one of minimax, non-saturating, zero-sum, "
                               "sign-reversal, two-sample, least-squares, hinge, wasserstein"),
    ({"batch": 0}, "batch is 0 and k is 1, expected at least 1"),
    ({"rate": (-1.0, 0.001)}, "rate_d is -1.0 and rate_g is 0.001, expected finite numbers from 0"),
    ({"rate": (0.001, np.nan)}, "rate_d is 0.001 and rate_g is nan, expected finite numbers from 0"),
    ({"k": 0}, "batch is 8 and k is 0, expected at least 1"),
    ({"r1": -1}, "R1: weight is -1, expected at least 0"),
    ({"gp": float("nan")}, "GradientPenalty: weight is nan, expected at least 0"),
    ({"clip": -1}, "WeightClipping: bound is -1, expected at least 0"),
    ({"instance_noise": -1}, "InstanceNoise: sigma is -1, expected at least 0"),
    ({"unroll": -1}, "Unrolled: steps is -1, expected at least 0"),
    ({"unroll": 1, "unroll_rate": -1}, "Unrolled: rate is -1, expected at least 0"),
    ({"remedies": [R1]}, f"remedies: got {R1!r}, expected an object with a method examples, penalty, after_move, "
                         "opponent"),
    ({"remedies": [1]}, "remedies: got 1, expected an object with a method examples, penalty, after_move, opponent"),
    ({"k": 2, "simultaneous": True}, "simultaneous: both move once from the same point, but k is 2"),
])
def test_messages(options, message):
    with pytest.raises(ValueError) as caught:
        game("dense", **options)
    assert str(caught.value) == message


def test_a_batch_of_one():
    assert train(game("dense", batch=1), 2).step == 2


class Idle(nn.Module):
    """x, with a weight that takes no part."""

    def __init__(self):
        self.weight = nn.Parameter(np.ones(3))

    def forward(self, x):
        return x


def test_only_a_schedule_may_leave_weights_out():
    def idle(**options):
        played = game("dense", **options)
        played.generator.layers.append(Idle())
        return played
    with pytest.raises(ValueError, match=r"^grad: the output does not depend on inputs\[4\], of shape \(3,\)"):
        train(idle(), 1)
    played = train(idle(schedule=lambda played, steps: None), 2)
    np.testing.assert_array_equal(played.generator.layers[-1].weight.data, 1)


# --- stopping and resuming ---

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


def test_players_that_share_a_parameter_are_refused():
    shared, own = nn.Dense(2, 2, rng=0), nn.Dense(2, 1, rng=1)
    make = lambda d: Game(nn.Sequential(nn.ReLU(), shared), d, tg.data.ring, latent(2), 0)
    for d in (nn.Sequential(shared, own), nn.Sequential(nn.Sequential(own), shared)):
        place = "0" if d[0] is shared else "1"
        with pytest.raises(SettingError, match=rf"^the players share a parameter: 1\.weight of the generator is {place}"
                           r"\.weight of the discriminator; give each its own, with copy\.deepcopy\(layer\)$"):
            make(d)
    make(nn.Sequential(copy.deepcopy(shared), own))


def test_data_and_noise_of_another_library(torch):
    """Tensors of PyTorch, lists, and arrays of another precision give the game of NumPy's float32 arrays."""
    def history(change):
        rng = np.random.default_rng(0)
        g, d = (nn.Sequential(nn.Dense(2, 4, rng=rng), nn.ReLU(), nn.Dense(4, n, rng=rng)) for n in (2, 1))
        source = lambda n, rng: change(rng.standard_normal((n, 2)).astype(np.float32))
        return train(Game(g, d, source, source, 0, batch=4, rate=0.01), 3).history
    expected = history(lambda a: a)
    for change in (torch.tensor, lambda a: torch.tensor(a).double(), np.float64, np.ndarray.tolist, tg.Tensor,
                   lambda a: (torch.tensor(a),)):
        assert history(change) == expected
    with pytest.raises(TypeError, match=r"^Tensor: the memory of this Tensor cannot be shared: .*tensor\.detach\(\)"):
        history(lambda a: torch.tensor(a, requires_grad=True))
