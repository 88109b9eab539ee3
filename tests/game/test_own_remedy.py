"""A user's remedy is an object with some of the hooks: each is called in its place, nothing else is needed."""
import numpy as np
import pytest
from networks import game

import tinygan as tg
from tinygan.game import train
from tinygan.penalties import r1


class Everything:
    """All four hooks, which change nothing; records their calls."""

    def __init__(self):
        self.calls, self.left = [], []

    def examples(self, game, x, left):
        self.calls.append("examples")
        self.left.append(left)
        return x

    def penalty(self, game, x, fake, condition, logits_real):
        self.calls.append("penalty")
        assert x.requires_grad
        assert not fake.requires_grad
        assert x.shape == fake.shape
        np.testing.assert_allclose(logits_real.data, game.discriminator(x, *condition).data, rtol=1e-12)
        return 0.0

    def after_move(self, game):
        self.calls.append("after_move")

    def opponent(self, game, x, fake, condition):
        self.calls.append("opponent")
        assert fake.requires_grad
        return game.discriminator


def thetas(played):
    return np.concatenate([played.generator.theta, played.discriminator.theta])


def test_each_hook_is_called_where_it_says():
    remedy = Everything()
    played, other = game("images", k=2, remedies=[remedy]), game("images", k=2)
    train(played, 4), train(other, 4)
    assert remedy.calls == [*["examples", "examples", "penalty", "after_move"] * 2, "opponent"] * 4
    assert remedy.left == [left for left in (1.0, 0.75, 0.5, 0.25) for _ in range(4)]
    np.testing.assert_array_equal(thetas(played), thetas(other))


class R2:
    """R1 at the generated points: weight / 2 E_z[|grad D(G(z))|^2]."""

    differentiates_x = False

    def __init__(self, weight):
        self.weight = weight

    def penalty(self, game, x, fake, condition, logits_real):
        fake = tg.Tensor(fake, requires_grad=True)
        return r1(game.discriminator(fake, *condition), fake, self.weight)


@pytest.mark.parametrize("objective", ["non-saturating", "zero-sum"])  # one D ascends, the other descends
def test_a_penalty_of_ones_own_worsens_d(objective):
    """One plain step: theta_d is moved along the gradient of its function and down that of the penalty."""
    plain = tg.updates.vector
    penalised, free = (game("dense", objective=objective, remedies=remedies, optimiser_d=plain, optimiser_g=plain,
                            rate=1.0) for remedies in ([R2(3.0)], []))
    d, rng = game("dense").discriminator, np.random.default_rng(1)
    free.data(8, rng)
    fake = tg.Tensor(free.generator(free.noise(8, rng).astype(float)), requires_grad=True)
    down = plain(tg.grad(r1(d(fake), fake, 3.0) + 0 * d(fake).mean(), d.parameters()))
    train(penalised, 1), train(free, 1)
    moved = free.discriminator.theta - penalised.discriminator.theta
    np.testing.assert_allclose(moved, down, rtol=1e-7, atol=1e-12)
    assert np.abs(down).max() > 1e-3


class Mirrored:
    """Shows D each point or its mirror image, by a coin from the game's rng."""

    def examples(self, game, x, left):
        return x * game.rng.choice([-1.0, 1.0], (len(x), 1))


def test_what_it_draws_comes_with_the_seed():
    first, second, without = (thetas(train(game("dense", remedies=remedies), 8))
                              for remedies in ([Mirrored()], [Mirrored()], []))
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, without)


class Softened:
    """G plays against D's outputs times a number."""

    def __init__(self, factor):
        self.factor = factor

    def opponent(self, game, x, fake, condition):
        return lambda *inputs: self.factor * game.discriminator(*inputs)


def test_an_opponent_of_ones_own():
    plain = tg.updates.vector
    played, other = (game("dense", objective="two-sample", remedies=remedies, optimiser_d=plain, optimiser_g=plain)
                     for remedies in ([Softened(0.5)], []))
    start = thetas(played)[:played.generator.theta.size]
    train(played, 1), train(other, 1)
    np.testing.assert_allclose(2 * (played.generator.theta - start), other.generator.theta - start, rtol=1e-9)
    np.testing.assert_array_equal(played.discriminator.theta, other.discriminator.theta)
