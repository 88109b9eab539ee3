"""The laboratory's panel: buttons and sliders, pressed without a browser."""
import asyncio

import numpy as np
import pytest

from tinygan.doctor.ailments import AILMENTS, Finding
from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, Picture
from tinygan.lab.presets import PRESETS
from tinygan.lab.share import save, settings_of
from tinygan.lab.state import SETS, Laboratory


@pytest.fixture(scope="module")
def picture():
    """One picture for all panels, since it takes long to make."""
    return Picture()


@pytest.fixture
def panel(lab, picture, monkeypatch):
    pytest.importorskip("ipywidgets")
    pytest.importorskip("ipyevents")
    from tinygan.lab.panel import Panel
    picture.mode, picture.plane.follow = "field", True
    monkeypatch.setattr("tinygan.lab.panel.Picture", lambda: picture)
    return Panel(lab)


def test_a_step_changes_the_picture(panel):
    before = panel.plane.value, panel.curves.value
    panel.move(panel.lab.step_d)
    assert panel.lab.moves == {"D": 1, "G": 0}
    assert panel.plane.value != before[0]
    assert panel.curves.value != before[1]


def test_play_and_pause(panel):
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


def test_slow_motion_plays_one_move_after_the_other(panel):
    panel.slow.value = True
    said = [panel.advance()[0] for _ in range(17)]
    assert said[0] == said[16] == "D receives a batch (the rings)"
    assert said[8] == "G receives a batch (the rings)"
    panel.pause()
    assert panel.lab.moves == {"D": 2, "G": 1}


def test_divergence_is_told_and_stops(panel):
    panel.lab.rate_d = 1e30
    for _ in range(50):
        panel.move(panel.lab.step)
    assert "a lower rate" in panel.note.value


def test_data_are_drawn_by_hand(panel):
    down = {"type": "mousedown", "buttons": 1, "dataX": LEFT + SIDE // 2, "dataY": HEIGHT - LOW - SIDE // 2}
    panel.touch(down)
    assert panel.points == []
    panel.settings["data"].value = "draw your own"
    panel.touch(down)
    panel.touch({**down, "type": "mousemove", "buttons": 0})
    panel.touch({**down, "dataX": LEFT + SIDE + 5})
    assert np.allclose(panel.points, [(0, 0)], atol=0.01)
    assert np.abs(panel.lab.source(100, np.random.default_rng(0))).max() < 0.5
    panel.clear()
    assert panel.points == []


CHANGES = {"data": "two moons", "objective": "hinge", "rate_d": 0.01, "rate_g": 0.005, "k": 3, "r1": 0.1, "batch": 64,
           "optimiser": "SGD", "width": 32, "seed": 4}


def test_a_control_changes_its_setting(panel, monkeypatch):
    monkeypatch.setattr(panel, "show", lambda: None)  # the picture is drawn elsewhere
    panel.move(panel.lab.step)
    for name, value in CHANGES.items():
        panel.settings[name].value = value
        assert settings_of(panel.lab)[name] == value
        assert panel.lab.game.step == (name not in ("width", "seed"))  # these make new players
    assert settings_of(panel.lab) == CHANGES
    panel.move(panel.lab.step)
    assert type(panel.lab.game.optimiser_d).__name__ == "SGD"
    assert panel.lab.moves == {"D": 3, "G": 1}


def test_a_preset_sets_the_controls(panel, monkeypatch):
    monkeypatch.setattr(panel, "show", lambda: None)
    for name, preset in PRESETS.items():
        panel.preset.value = name
        settings = settings_of(panel.lab)
        assert preset.changes.items() <= settings.items()
        assert {key: control.value for key, control in panel.settings.items()} == settings
        assert preset.cure in panel.story.value
        assert preset.section in panel.read_story.description


def test_the_doctor_speaks(panel, monkeypatch):
    finding = Finding(AILMENTS[0], "D(x) is 1.000")
    monkeypatch.setattr(panel.doctor, "examine", lambda game: [finding] if game is panel.lab.game else [])
    panel.show()
    assert "D(x)" not in panel.voice.value
    for _ in range(40):
        panel.lab.step()
    panel.show()
    assert "D(x) is 1.000" in panel.voice.value
    panel.read_finding()
    assert panel.text_box.layout.display == ""
    [text] = [output["data"]["text/markdown"] for output in panel.text.outputs]
    assert AILMENTS[0].section in text
    panel.close()
    assert panel.text_box.layout.display == "none"
    panel.reset()
    assert "D(x)" not in panel.voice.value


def test_a_change_leaves_the_preset_but_its_story_stays(panel):
    panel.preset.value = "mode collapse"
    panel.settings["r1"].value = 0.1
    assert panel.preset.value == "your own settings"
    assert PRESETS["mode collapse"].cure in panel.story.value
    panel.preset.value = "mode collapse"
    assert panel.lab.r1 == 0


def test_a_course_that_is_not_there_is_named(panel, monkeypatch):
    monkeypatch.setattr("tinygan.lab.panel.passage", lambda *_: None)
    panel.read("07-what-goes-wrong.md", "A section")
    assert 'lecture 7, "A section"' in panel.text.outputs[0]["data"]["text/markdown"]


def test_a_state_goes_from_panel_to_panel(panel):
    other = Laboratory(SETS["two moons"], rate_d=3e-3, width=4, batch=6, r1=0.02, shown=10)  # some are in no menu
    other.step()
    panel.open(memoryview(save(other)))
    assert panel.lab.moves == {"D": 1, "G": 1}
    assert settings_of(panel.lab) == settings_of(other)
    assert {key: control.value for key, control in panel.settings.items()} == settings_of(other)
    panel.save()
    assert "laboratory.json" in panel.saved.value


def test_a_file_that_is_no_state_changes_nothing(panel):
    lab, points = panel.lab, panel.points
    panel.open(memoryview(b"<script>"))
    assert "no state of the laboratory" in panel.note.value
    assert (panel.lab, panel.points) == (lab, points)


def test_the_view_is_taken_back(panel):
    panel.lab.G.theta[:] *= 1000
    panel.show()
    assert panel.picture.plane.span > 2
    panel.follow.value = False
    assert panel.picture.plane.span < 2


def test_the_map_of_the_noise(panel):
    before = panel.plane.value
    panel.view.value = "G's map of the noise"
    assert panel.picture.mode == "map"
    assert panel.plane.value != before
