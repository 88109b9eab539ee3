"""Presets: their settings are allowed, their sections exist, and each shows its failure."""
import dataclasses

import numpy as np
import pytest

from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS
from tinygan.lab.presets import DEFAULTS, LECTURES, PRESETS, passage, place
from tinygan.lab.share import load, save
from tinygan.lab.state import SETS, Laboratory


def begun(name, **settings):
    chosen = {**DEFAULTS, **PRESETS[name].changes, **settings}
    return Laboratory(SETS[chosen.pop("data")], **chosen)


def test_defaults_are_those_of_the_laboratory():
    fields = {field.name: field.default for field in dataclasses.fields(Laboratory)}
    assert {name: fields[name] for name in DEFAULTS if name != "data"} == \
        {name: value for name, value in DEFAULTS.items() if name != "data"}
    assert fields["source"] is SETS[DEFAULTS["data"]]


@pytest.mark.parametrize("name", PRESETS)
def test_settings_are_those_of_the_controls(name):
    lab = begun(name, width=4)
    assert load(save(lab))[0].rate_d == lab.rate_d


@pytest.mark.skipif(not LECTURES.is_dir(), reason="the course is not on this machine")
@pytest.mark.parametrize(("lecture", "section"), sorted(
    {(made.lecture, made.section) for made in [*PRESETS.values(), *AILMENTS]}))
def test_the_section_is_in_the_lecture(lecture, section):
    text = passage(lecture, section)
    assert text.splitlines()[0].lstrip("# ") == section
    assert len(text.splitlines()) > 4
    assert "](figures/" not in text
    assert ".md)" not in text


def test_a_passage_ends_at_the_next_section(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(b"png")
    (tmp_path / "07-x.md").write_text("# L\n## One\na [b](c.md)\n### Part\n![d](figures/a.png)\n## Two\ne\n")
    assert passage("07-x.md", "One", tmp_path) == "## One\na b\n### Part\n![d](data:image/png;base64,cG5n)"
    assert passage("07-x.md", "Part", tmp_path).count("\n") == 1
    assert passage("07-x.md", "Two", tmp_path) == "## Two\ne\n"
    assert passage("08-x.md", "Two", tmp_path) is None
    assert place("07-x.md", "Two") == 'lecture 7, "Two"'


def played(name, seed, steps=600):
    """After a game of the preset: the findings, the laboratory and the centres of the samples on the way."""
    lab, doctor, centres, found = begun(name, seed=seed), Doctor(4000, tell=lambda _: None), [], set()
    for step in range(steps):
        lab.step()
        if step % 20 == 0:
            centres.append(lab.look().fake.mean(axis=0))
        if step % 40 == 39:
            found |= {finding.ailment.name for finding in doctor.examine(lab.game)}
    return found, lab, np.array(centres)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
class TestFailures:
    """Each preset shows, with several seeds, what its sentence claims."""

    def test_a_game_that_works(self, seed):
        found, lab, _ = played("a game that works", seed)
        assert found <= {"mode collapse"}  # a slow start may look like one
        assert lab.look().figures["distance"] < 0.3

    def test_mode_collapse(self, seed):
        assert "mode collapse" in played("mode collapse", seed)[0]

    def test_oscillation(self, seed):
        _, lab, centres = played("oscillation", seed)
        far = np.linalg.norm(centres - lab.source(1000, np.random.default_rng(0)).mean(axis=0), axis=1)
        away = far > 0.6
        assert np.sum(away[1:] & ~away[:-1]) >= 2  # it left the data twice or more

    def test_d_too_strong(self, seed):
        _, lab, _ = played("D too strong", seed, 300)
        _, works, _ = played("a game that works", seed, 300)
        real, fake = (np.array(lab.game.history[name]) for name in ("d_real", "d_fake"))
        assert np.median(real - fake) > 0.5
        slopes = [np.median(each.game.history["g_gradient"][-100:]) for each in (lab, works)]
        assert slopes[0] > 5 * slopes[1]

    def test_vanishing_gradients(self, seed):
        found, lab, _ = played("vanishing gradients", seed, 100)
        assert "D has won" in found
        assert np.abs(lab.look().arrows).max() < 1e-3
