"""Training: histories, callbacks, divergence, interrupts."""
import numpy as np
import pytest
from broken import Broken, broken_game
from networks import game, plain, thetas

import tinygan as tg
from tinygan import nn
from tinygan.game import Diverged, train
from tinygan.game.history import COLUMNS
from tinygan.updates import Average


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


KINDS = ["dense", "images"]
every_net = pytest.mark.parametrize("kind", KINDS)


# --- the number of computations ---

def test_both_nets_are_set_to_training():
    played = game("images")
    played.generator.eval(), played.discriminator.eval()
    train(played, 1)
    assert all(m.training for net in (played.generator, played.discriminator) for _, m in net.modules())


def test_average():
    played = game("dense", average=Average(0.5))
    path = []
    train(played, 4, [lambda p: path.append(p.generator.theta.copy())])
    expected = path[0]
    for theta in path[1:]:
        expected = 0.5 * expected + 0.5 * theta
    np.testing.assert_allclose(played.average.theta, expected)


# --- history, callbacks, divergence ---

def test_history():
    played = train(game("dense", objective="minimax"), 5)
    assert tuple(played.history) == COLUMNS
    assert played.step == 5
    assert played.history["step"] == [0, 1, 2, 3, 4]
    for name, column in played.history.items():
        assert len(column) == 5, name
        assert all(type(number) in (int, float) and np.isfinite(number) for number in column)


def test_first_row_of_the_history():
    """The value of each function before its move: D's at the start, G's after D's move."""
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
    """A callback that converts or embeds the nets gives them a new theta: the game uses that one from then on."""
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
