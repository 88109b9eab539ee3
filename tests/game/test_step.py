"""One step of the game: Algorithm 1 by hand, no needless work, rates."""
import copy

import numpy as np
import pytest
from networks import dense, game, plain, points, thetas

import tinygan as tg
from tinygan import nn
from tinygan.game import Game, latent, train
from tinygan.game.step import discriminator_step, generator_step
from tinygan.tensor import record, unwrap

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
    played = game(kind, optimiser_d=plain, optimiser_g=plain, **options)
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
    """D tells real from fake better after it has moved, and G fools it better after it has moved (D's output on fakes
    is below 0 at first: least squares pulls it to 0 from either side)."""
    def logits(played, g, d):
        z, x = (source(500, np.random.default_rng(9)) for source in (played.noise, played.data))
        return d(x).data.mean() - d(g(z)).data.mean(), d(g(z)).data.mean()

    played = game("dense", objective=objective, optimiser_d=plain, optimiser_g=plain, batch=200, rate_d=1e-3,
                  rate_g=0.0)
    played.discriminator[2].bias.data[...] = -1.0
    g, d = copy.deepcopy((played.generator, played.discriminator))
    train(played, 1)
    assert logits(played, g, played.discriminator)[0] > logits(played, g, d)[0]
    played.rate_d, played.rate_g = 0.0, 1e-3
    d = copy.deepcopy(played.discriminator)
    train(played, 2)
    np.testing.assert_array_equal(played.discriminator.theta, d.theta)
    assert logits(played, played.generator, d)[1] > logits(played, g, d)[1]


# --- the number of computations ---

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


def test_rates():
    for rate, moved in [((0.0, 0.1), (False, True)), ((0.1, 0.0), (True, False)), (0.1, (True, True))]:
        played = game("dense", rate=rate)
        before = played.discriminator.theta.copy(), played.generator.theta.copy()
        train(played, 1)
        after = played.discriminator.theta, played.generator.theta
        assert tuple(not np.array_equal(a, b) for a, b in zip(before, after)) == moved


def test_decay():
    ones = lambda gradient: np.ones_like(plain(gradient))
    played = game("dense", optimiser_d=ones, optimiser_g=ones, objective="minimax", decay=True, rate=1.0)
    path = [played.discriminator.theta[0]]
    train(played, 4, [lambda p: path.append(p.discriminator.theta[0])])
    np.testing.assert_allclose(np.diff(path), [1.0, 0.75, 0.5, 0.25])


@pytest.mark.parametrize(("move", "player"), [(discriminator_step, "discriminator"), (generator_step, "generator")])
def test_one_player_moves_by_the_rate_of_the_game_or_by_a_given_one(move, player):
    moved = []
    for rate in (None, 0.15):
        played = game("dense", objective="minimax", optimiser_d=plain, optimiser_g=plain, rate=0.05)
        before = getattr(played, player).theta.copy()
        move(played, rate)
        moved.append(getattr(played, player).theta - before)
    np.testing.assert_allclose(moved[1], 3 * moved[0], rtol=1e-9)
    assert moved[0].any()
