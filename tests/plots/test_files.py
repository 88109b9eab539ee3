"""PNGs and films: enlarged, titled, in order."""
import numpy as np
import pytest
from PIL import Image

from tinygan import plots


def test_a_title_stands_above_an_enlarged_image(rng):
    image = rng.integers(0, 100, (10, 20, 3), np.uint8)
    page = plots.titled(image, "step 7")
    assert page.shape == (320 + 28, 640, 3)
    np.testing.assert_array_equal(page[28:], image.repeat(32, 0).repeat(32, 1))
    assert (page[:28] < 100).any()  # black letters
    assert (page[:28, 300:] == 255).all()


@pytest.mark.parametrize(("shape", "factor"), [((100, 60), 6), ((60, 100), 6), ((481, 7), 1), ((7, 427), 1),
                                               ((1, 2), 320)])
def test_a_small_sheet_is_enlarged_pixel_by_pixel(shape, factor, tmp_path, rng):
    image = rng.integers(0, 256, (*shape, 3), np.uint8)
    plots.save_png(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), image.repeat(factor, 0).repeat(factor, 1))


def film(path):
    """The frames of a film, each by the colour of its first pixel, and their durations in ms."""
    with Image.open(path) as opened:
        assert opened.info["loop"] == 0  # without end
        found = []
        for i in range(opened.n_frames):
            opened.seek(i)
            found.append((opened.convert("RGB").getpixel((0, 0)), opened.info["duration"]))
    return found


COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)]


@pytest.mark.parametrize("kind", ["arrays", "files"])
def test_a_film_shows_its_frames_in_order_and_holds_the_last(kind, tmp_path):
    frames = [np.full((480, 2, 3), colour, np.uint8) for colour in COLOURS]
    if kind == "files":
        for i, frame in enumerate(frames):
            plots.save_png(tmp_path / f"{i}.png", frame)
        frames = [tmp_path / f"{i}.png" for i in range(len(frames))]
    plots.save_gif(tmp_path / "film.gif", frames, seconds=1., hold=.5)
    assert film(tmp_path / "film.gif") == [*[(colour, 250) for colour in COLOURS[:3]], (COLOURS[3], 750)]


def test_a_film_of_many_frames_is_no_faster_than_eyes(tmp_path):
    frames = [np.full((480, 2, 3), (i, 255 - i, 0), np.uint8) for i in range(0, 240, 4)]
    plots.save_gif(tmp_path / "film.gif", frames, seconds=1., hold=0)
    assert [duration for _, duration in film(tmp_path / "film.gif")] == [40] * 60


def test_a_film_of_one_frame(tmp_path):
    plots.save_gif(tmp_path / "film.gif", [np.full((480, 2, 3), 9, np.uint8)])
    assert film(tmp_path / "film.gif") == [((9, 9, 9), 8000)]  # six seconds, and two more for the last
