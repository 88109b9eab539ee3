"""The laboratory's panel: buttons and sliders, pressed without a browser."""
import asyncio

import numpy as np
import pytest

from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, WIDTH


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
