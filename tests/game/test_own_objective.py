"""A user's objective: Algorithm 1, the toys and the doctor accept it like one of the library's."""
from dataclasses import replace

import numpy as np
import pytest
from networks import game

import tinygan as tg
import tinygan.doctor
from tinygan.doctor.ailments import findings
from tinygan.doctor.evidence import Evidence
from tinygan.game import Game, latent, train
from tinygan.objectives import OBJECTIVES, Goal, Objective
from tinygan.toys.fields import dirac

# The exponential game: D ascends 2 - E[exp(-a)] - E[exp(a')], whose best D has the logits of half the log-odds
EXPONENTIAL = Objective(
    Goal(lambda real, fake: 2 - tg.mean(tg.exp(-real)) - tg.mean(tg.exp(fake)), "ascend"),
    Goal(lambda fake: tg.mean(tg.exp(-fake)), "descend"), critic=True, blind=0.0)


def test_a_game_of_ones_own_learns():
    """On one Gaussian; no name of the library is of this game."""
    rng = np.random.default_rng(0)
    g, d = tg.nn.Dense(1, 1, rng=rng), tg.nn.Dense(1, 1, rng=rng)
    g.theta[:] = 0.3, 0.0
    played = Game(g, d, lambda n, rng: 2 + 0.3 * rng.standard_normal((n, 1)).astype(np.float32), latent(1), rng,
                  EXPONENTIAL, rate=5e-3, remedies=[tg.penalties.R1(0.5)])
    train(played, 1500)
    assert g.theta[1] == pytest.approx(2, abs=0.25)


def test_a_copy_of_a_game_of_the_library_is_that_game():
    """An `Objective` in place of its name gives the same game, bit for bit."""
    for name, objective in OBJECTIVES.items():
        own = Objective(Goal(lambda real, fake, f=objective.discriminator: f(real, fake),
                             objective.discriminator.direction),
                        Goal(lambda fake, f=objective.generator: f(fake), objective.generator.direction))
        first, second = (train(game("dense", objective=o), 3) for o in (name, own))
        np.testing.assert_array_equal(first.generator.theta, second.generator.theta)
        np.testing.assert_array_equal(first.discriminator.theta, second.discriminator.theta)


def test_the_toys_play_it():
    """D's slopes exp(-a) and -exp(a'), G's exp(-a'), at D(x) = psi x."""
    theta, psi = 0.7, -0.4
    v_theta, v_psi = dirac(EXPONENTIAL)(theta, psi)
    assert v_theta == pytest.approx(psi * np.exp(-psi * theta))
    assert v_psi == pytest.approx(-theta * np.exp(psi * theta))


def test_the_doctor_knows_the_value_of_one_who_cannot_tell():
    columns = {"step": range(1000), "d_real": [0.5] * 1000, "d_fake": [0.5] * 1000, "d_value": [0.0] * 1000,
               "g_value": [1.0] * 1000, "d_gradient": [0.1] * 1000, "g_gradient": [0.1] * 1000}
    visits = [tg.doctor.Visit(1000, -1.0, 1.0, 0.5, 1.0, 1.0, 0.0, 0.0)]
    [found] = findings(Evidence(1000, columns, visits, EXPONENTIAL, (1e-3, 1e-3), None, {}))
    assert found.ailment.name == "D cannot tell"
    assert "for a D that guesses it is 0.0000" in found.figures


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(tg.game.SettingError, match=r"^objective: got 'exponential', expected one of minimax, .*, wass"):
        game("dense", objective="exponential")


@pytest.mark.parametrize(("setting", "message"), [
    ({"data": np.ones((9, 2))}, "data: got ndarray, expected a function (n, rng) -> array"),
    ({"noise": 2}, "noise: got int, expected a function (n, rng) -> array"),
    ({"optimiser_d": tg.updates.Adam}, "optimiser_d: got <class 'tinygan.updates.Adam'>, expected a function of the "
                                       "gradient"),
    ({"remedies": tg.penalties.R1(1.0)}, "remedies: got R1, expected a list")])
def test_a_setting_of_the_wrong_kind_is_refused(setting, message):
    with pytest.raises(tg.game.SettingError) as caught:
        replace(game("dense"), **setting)
    assert str(caught.value) == message


def test_a_seed_for_rng_and_lists_for_data():
    def played(rng, data):
        return train(replace(game("dense"), rng=rng, data=data), 2).generator.theta
    expected = played(np.random.default_rng(3), tg.data.ring)
    np.testing.assert_array_equal(played(3, lambda n, rng: tg.data.ring(n, rng).tolist()), expected)


@pytest.mark.parametrize(("goal", "got"), [
    (lambda real, fake: tg.mean(real), "function"),
    (Goal(lambda real, fake: tg.mean(real), "down"), "direction 'down'")])
def test_a_goal_without_a_direction_is_refused(goal, got):
    with pytest.raises(TypeError) as caught:
        Objective(goal, Goal(tg.mean, "descend"))
    assert str(caught.value) == f'Objective: got {got}, expected Goal(function, "ascend") or Goal(function, "descend")'
