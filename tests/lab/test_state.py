"""The laboratory without a browser: its moves are the game's, its arrows point downhill."""
import numpy as np
import pytest

import tinygan as tg
from tinygan import data, game
from tinygan.lab.state import SETS, SPAN, Laboratory, drawn
from tinygan.objectives import OBJECTIVES
from tinygan.penalties import R1


def pairs(lab, n=300):
    """The laboratory after some steps."""
    for _ in range(n):
        lab.step()
    return lab


@pytest.mark.parametrize("name", SETS)
def test_data_sets_lie_in_the_picture(name, rng):
    points = SETS[name](2000, rng)
    assert points.shape == (2000, 2)
    assert points.dtype == np.float32
    assert np.mean(np.abs(points) < SPAN) > 0.999
    assert np.all(points.std(axis=0) > 0.15)


def test_moons_are_two_arcs_of_radius_one(rng):
    points = data.moons(1000, rng, sigma=0)
    upper = np.linalg.norm(points - [-0.5, -0.25], axis=1)
    lower = np.linalg.norm(points - [0.5, 0.25], axis=1)
    assert np.allclose(np.minimum(abs(upper - 1), abs(lower - 1)), 0, atol=1e-6)
    assert 400 < np.sum(abs(upper - 1) < 1e-6) < 600


def test_drawn_points_are_data(rng):
    points = drawn([(0.0, 1.0), (1.0, 0.0)], sigma=0)(50, rng)
    assert {tuple(p) for p in points.tolist()} == {(0.0, 1.0), (1.0, 0.0)}


@pytest.mark.parametrize("r1", [0, 0.3])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_moves_are_those_of_the_game(objective, r1, rng):
    """With the same latents in every batch, a step is a step of `game.step`, up to rounding."""
    z = rng.standard_normal((16, 2))
    lab = Laboratory(objective=objective, r1=r1, k=2, batch=16, width=16, dtype="float64", rate_d=0.02, rate_g=0.01)
    lab.game.noise = lambda n, rng: z
    twin = Laboratory(width=16, dtype="float64")
    for ours, other in ((lab.G, twin.G), (lab.D, twin.D)):
        other.theta[:] = ours.theta
    played = game.Game(twin.G, twin.D, lab.source, lambda n, rng: z, np.random.default_rng(5), objective, 16, k=2,
                       rate_d=0.02, rate_g=0.01, remedies=[R1(r1)] if r1 else [],
                       optimiser_d=twin.game.optimiser_d, optimiser_g=twin.game.optimiser_g)
    lab.game.rng = np.random.default_rng(5)
    for step in range(3):
        lab.step()
        game.step(played, 3)
        assert np.allclose(lab.D.theta, twin.D.theta, rtol=0, atol=1e-10), step
        assert np.allclose(lab.G.theta, twin.G.theta, rtol=0, atol=1e-10), step
    assert lab.moves == {"D": 6, "G": 3}


def test_one_player_moves_and_the_other_stays(lab):
    d, g = lab.D.theta.copy(), lab.G.theta.copy()
    lab.step_d()
    assert not np.array_equal(lab.D.theta, d)
    assert np.array_equal(lab.G.theta, g)
    d = lab.D.theta.copy()
    lab.step_g()
    assert np.array_equal(lab.D.theta, d)
    assert not np.array_equal(lab.G.theta, g)


def downhill(lab, arrows, fake, step=1e-5):
    """Whether each arrow is, by finite differences, G's gain per step along each axis at that fake alone."""
    goal = OBJECTIVES[lab.objective].generator
    gain = 1 if goal.direction == "ascend" else -1

    def worth(points):
        return np.array([gain * goal(lab.D(tg.Tensor(point[None]))).item() for point in points])
    slopes = [(worth(fake + step * axis) - worth(fake - step * axis)) / (2 * step) for axis in np.eye(2)]
    return np.allclose(arrows, np.stack(slopes, axis=1), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_arrows_point_where_g_gains_most(objective, rng):
    lab = pairs(Laboratory(objective=objective, width=16, batch=16, dtype="float64"), 20)
    fake = rng.uniform(-1, 1, (30, 2))
    arrows = lab.arrows(fake)
    assert np.linalg.norm(arrows, axis=1).max() > 1e-2
    assert downhill(lab, arrows, fake)
    for wrong in (-arrows, arrows / len(fake), arrows[:, ::-1], arrows[::-1]):
        assert not downhill(lab, wrong, fake)
    lab.objective = "least-squares" if objective != "least-squares" else "minimax"
    assert not downhill(lab, arrows, fake)


def test_the_field_is_what_d_says(lab):
    field = pairs(lab, 5).field(5)
    point = tg.Tensor(np.array([[SPAN / 2, -SPAN]], np.float32))
    assert field.shape == (5, 5)
    assert np.isclose(field[0, 3], tg.sigmoid(lab.D(point)).item(), atol=1e-6)
    lab.objective = "hinge"
    assert np.isclose(lab.field(5)[0, 3], lab.D(point).item(), atol=1e-6)


def test_looking_changes_nothing_but_the_history(lab):
    state = lab.game.rng.bit_generator.state
    first, second = lab.look(), lab.look()
    assert all(np.array_equal(a, b) for a, b in zip(first[:3], second[:3]))
    assert lab.game.rng.bit_generator.state == state
    assert lab.history["moves"] == [0]
    lab.step()
    lab.look()
    assert lab.history["moves"] == [0, 2]
    assert {len(column) for column in lab.history.values()} == {2}


def test_reset_begins_again(lab):
    start = lab.G.theta.copy(), lab.D.theta.copy()
    pairs(lab, 3).look()
    lab.reset()
    assert np.array_equal(lab.G.theta, start[0])
    assert np.array_equal(lab.D.theta, start[1])
    assert lab.moves == {"D": 0, "G": 0}
    assert lab.history == {}


def test_slow_motion_ends_where_a_step_ends(lab):
    twin = Laboratory(width=16, batch=16, shown=50, k=2)
    lab.k = 2
    twin.step()
    d, scenes = lab.D.theta.copy(), lab.slowly(frames=3)
    what, _ = next(scenes)
    assert what == "D receives a batch (the rings)"
    assert len(lab.seen[0]) == len(lab.seen[1]) == 16
    assert np.array_equal(lab.D.theta, d)
    assert [what for what, _ in scenes][-1] == "G ascends its objective"
    assert np.array_equal(lab.G.theta, twin.G.theta)
    assert np.array_equal(lab.D.theta, twin.D.theta)


def test_slow_motion_may_be_left(lab):
    twin = Laboratory(width=16, batch=16, shown=50)
    twin.step_d()
    scenes = lab.slowly()
    next(scenes), next(scenes)
    assert not np.array_equal(lab.D.theta, twin.D.theta)
    scenes.close()
    assert np.array_equal(lab.D.theta, twin.D.theta)


def test_divergence_is_said(lab):
    lab.rate_d = 1e30
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(game.Diverged, match="a lower rate"):
        pairs(lab, 50)


@pytest.mark.slow
def test_the_ring_is_learned():
    lab = Laboratory()
    start = lab.look().figures["distance"]
    assert pairs(lab, 500).look().figures["distance"] < 0.3 * start
