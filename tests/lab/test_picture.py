"""The laboratory's picture: it moves, a pixel is a place, the field lies under its points."""
import numpy as np
import pytest

from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, WIDTH, Picture


def pairs(lab, n=300):
    """The laboratory after some steps."""
    for _ in range(n):
        lab.step()
    return lab


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
    """`place` finds a sample at the pixel where it is drawn."""
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
