"""The laboratory's picture: plane and curves side by side, and as files."""
import io

import numpy as np
import pytest

from tinygan.lab import curves, plane
from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, Picture


@pytest.mark.parametrize("objective", ["non-saturating", "two-sample"])
def test_the_picture_moves(lab, objective):
    lab.objective = objective
    picture = Picture()
    before = picture.draw(lab)
    assert before.shape == (HEIGHT, plane.WIDTH + curves.WIDTH, 4)
    assert before.dtype == np.uint8
    assert np.array_equal(picture.draw(lab), before)
    for _ in range(10):
        lab.step()
    after = picture.draw(lab)
    square = np.s_[HEIGHT - LOW - SIDE:HEIGHT - LOW, LEFT:LEFT + SIDE]
    assert np.mean(np.any(after[square] != before[square], axis=-1)) > 0.2


def test_files(lab):
    image = pytest.importorskip("PIL.Image")
    picture = Picture()
    for part, width in zip(picture.jpegs(lab, "a scene"), (plane.WIDTH, curves.WIDTH)):
        assert image.open(io.BytesIO(part)).size == (width, HEIGHT)
    for mode in ("field", "map"):  # the colours of the small file are nearly those of the picture
        picture.mode = mode
        with image.open(io.BytesIO(picture.png(lab))) as file:
            pixels = np.asarray(file.convert("RGB"), int)
        errors = np.abs(pixels - picture.draw(lab)[..., :3])
        assert errors.mean() < 1
        assert np.quantile(errors, 0.99) < 20
