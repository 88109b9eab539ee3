"""The page's texts: nothing of others is markup, and every area has a place at each width."""
import base64
import re

from tinygan.doctor.ailments import AILMENTS, Finding
from tinygan.lab import page
from tinygan.lab.presets import PRESETS


def test_texts_of_others_are_no_markup():
    assert "<script>" not in page.note("<script>") + page.diagnosis([Finding(AILMENTS[0], "<script>")])
    assert page.note("") == ""


def test_the_doctor_names_numbers_remedy_and_section():
    text = page.diagnosis([Finding(AILMENTS[0], "D(x) is 1"), Finding(AILMENTS[1], "0.5")])
    for part in (AILMENTS[0].name, "D(x) is 1", AILMENTS[0].remedy.split(",")[0], 'lecture 7', AILMENTS[1].name):
        assert part in text
    assert page.STILL in page.diagnosis(None)
    assert page.NOTHING in page.diagnosis([])


def test_a_story_has_a_cure():
    for preset in PRESETS.values():
        assert preset.cure in page.story(preset)


def test_a_link_holds_the_file():
    data = re.search('href="data:application/json;base64,([^"]+)"', page.link(b"content"))[1]
    assert base64.b64decode(data) == b"content"


def test_every_area_has_a_place_at_each_width():
    for areas in re.findall("grid-template-areas:([^;]+);", page.CSS):
        assert set(re.findall(r"\w+", areas)) == {"head", "plane", "curves", "voice", "sets"}
