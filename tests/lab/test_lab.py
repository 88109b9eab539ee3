"""The laboratory without a browser: its moves are the game's, its arrows point downhill, its picture moves."""
import asyncio

import numpy as np
import pytest

import tinygan as tg
from tinygan import cli, data, game
from tinygan.lab import serve
from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, WIDTH, Picture
from tinygan.lab.state import SETS, SPAN, Laboratory, drawn
from tinygan.objectives import OBJECTIVES
from tinygan.penalties import R1


@pytest.fixture
def lab():
    """A small one, at step 0."""
    return Laboratory(width=16, batch=16, shown=50)


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
    """With the same latents in every batch, a step is a step of `game.step`, to the last bit but a few."""
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
    """Whether each arrow is, to finite differences, what G gains at that fake alone by going along each axis."""
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


def test_the_ring_is_learned():
    lab = Laboratory()
    start = lab.look().figures["distance"]
    assert pairs(lab, 500).look().figures["distance"] < 0.3 * start


@pytest.mark.parametrize("objective", ["non-saturating", "two-sample"])
def test_the_picture_moves(lab, objective):
    lab.objective = objective
    picture = Picture()
    before = picture.draw(lab).copy()
    assert before.shape == (HEIGHT, WIDTH, 4)
    assert before.dtype == np.uint8
    assert np.array_equal(picture.draw(lab), before)
    pairs(lab, 10)
    after = picture.draw(lab)
    plane = np.s_[HEIGHT - LOW - SIDE:HEIGHT - LOW, LEFT:LEFT + SIDE]
    assert np.mean(np.any(after[plane] != before[plane], axis=-1)) > 0.2
    assert picture.jpeg(lab)[:2] == b"\xff\xd8"
    assert picture.png(lab, "a scene")[:4] == b"\x89PNG"


def test_a_pixel_is_a_place(lab):
    """Where a sample is drawn is where `place` finds it."""
    picture, at = Picture(), np.array([0.5, -1.0], np.float32)
    lab.source = lambda n, rng: np.full((n, 2), at)
    picture.draw(lab)
    x, y = picture.plane.transData.transform(at)
    assert np.allclose(picture.place(x, HEIGHT - y), at, atol=1e-6)
    assert picture.place(LEFT - 3, 100) is None
    assert picture.place(LEFT + SIDE + 3, 100) is None


def test_the_field_lies_under_its_points(lab):
    """D's colours are at their places: a D that is 1 in the upper right corner alone paints that one green."""
    lab.field = lambda n=9: np.where(np.add.outer(np.linspace(-1, 1, n), np.linspace(-1, 1, n)) > 1.2, 1.0, 0.0)
    pixels = Picture().draw(lab)
    top, bottom, left, right = HEIGHT - LOW - SIDE + 4, HEIGHT - LOW - 4, LEFT + 4, LEFT + SIDE - 4
    red, green = 0, 1
    for y, x, is_green in [(top, right, True), (top, left, False), (bottom, left, False), (bottom, right, False)]:
        assert (pixels[y, x, green] > pixels[y, x, red]) == is_green


class TestPanel:
    """Buttons and sliders, pressed without a browser."""

    @pytest.fixture
    def panel(self, lab):
        pytest.importorskip("ipywidgets")
        pytest.importorskip("ipyevents")
        from tinygan.lab.panel import Panel
        return Panel(lab)

    def test_a_step_changes_the_picture(self, panel):
        before = panel.image.value
        panel.move(panel.lab.step_d)
        assert panel.lab.moves == {"D": 1, "G": 0}
        assert panel.image.value != before

    def test_play_and_pause(self, panel):
        async def play():
            panel.toggle()
            await asyncio.sleep(0.5)
            panel.toggle()
            moves = dict(panel.lab.moves)
            await asyncio.sleep(0.1)
            return moves
        moves = asyncio.run(play())
        assert moves["G"] >= panel.speed.value
        assert panel.lab.moves == moves

    def test_slow_motion_plays_one_move_after_the_other(self, panel):
        panel.slow.value = True
        said = [panel.advance()[0] for _ in range(17)]
        assert said[0] == said[16] == "D receives a batch (the rings)"
        assert said[8] == "G receives a batch (the rings)"
        panel.pause()
        assert panel.lab.moves == {"D": 2, "G": 1}

    def test_divergence_is_told_and_stops(self, panel):
        panel.lab.rate_d = 1e30
        for _ in range(50):
            panel.move(panel.lab.step)
        assert "a lower rate" in panel.note.value

    def test_data_are_drawn_by_hand(self, panel):
        down = {"type": "mousedown", "buttons": 1, "dataX": LEFT + SIDE // 2, "dataY": HEIGHT - LOW - SIDE // 2}
        panel.touch(down)
        assert panel.points == []
        panel.data.value = "draw your own"
        panel.touch(down)
        panel.touch({**down, "type": "mousemove", "buttons": 0})
        panel.touch({**down, "dataX": WIDTH - 1})
        assert np.allclose(panel.points, [(0, 0)], atol=0.01)
        assert np.abs(panel.lab.source(100, np.random.default_rng(0))).max() < 0.5


def test_the_extra_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(serve, "NEEDS", ("voila_which_nobody_has", "json"))
    assert cli.main(["lab", "--no-browser"]) == 2
    assert capsys.readouterr().err == ("tinygan lab: voila_which_nobody_has not installed: "
                                       "pip install 'tinygan[lab]'\n")
