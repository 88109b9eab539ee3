"""The contact sheet: which images it has, where they are, and the names of the classes."""
import numpy as np
import pytest

from tinygan.data import contact


def levels(sheet, side):
    """The grey levels of the images on a sheet, row by row, found by their places."""
    step = side + contact.GAP
    cells = [sheet[y:y + side, contact.MARGIN + i * step:contact.MARGIN + i * step + side]
             for y in range(contact.MARGIN + contact.LINE, len(sheet) - side, step) for i in range(contact.COLUMNS)]
    return [int(cell[0, 0, 0]) for cell in cells if (cell == cell[0, 0]).all()]


@pytest.mark.parametrize(("size", "side"), [(8, 64), (28, 56), (32, 64), (100, 100), (128, 128), (300, 128)])
def test_images_are_enlarged_or_made_small(size, side):
    sheet = contact.contact_sheet(np.full((12, size, size, 1), -1, np.float32))
    assert sheet.shape[1] == 2 * contact.MARGIN + contact.COLUMNS * (side + contact.GAP) - contact.GAP
    assert levels(sheet, side) == [0] * 12 + [255] * 8


def test_images_have_gaps_and_are_spread_over_the_set():
    x = np.linspace(-1, 1, 1000, dtype=np.float32)[:, None, None, None] + np.zeros((1, 64, 64, 1), np.float32)
    sheet = contact.contact_sheet(x)
    shown = levels(sheet, 64)
    assert len(shown) == 100
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (0, 255)
    gap = contact.MARGIN + 64
    assert (sheet[contact.MARGIN + contact.LINE:, gap:gap + contact.GAP] == 255).all()


def test_a_class_has_a_row_under_its_name(monkeypatch):
    said = []
    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.text", lambda self, place, text, *rest: said.append((place, text)))
    x, labels = np.zeros((40, 64, 64, 3), np.float32), np.repeat([0, 1, 2], [1, 30, 9])
    sheet = contact.contact_sheet(x, labels, ["cats", "a\nb", "é"])
    assert [text for _, text in said] == ["20 of 40 images, 64 x 64 pixels", "class 0: cats, 1 image",
                                          "class 1: a?b, 30 images", "class 2: é, 9 images"]
    assert len(sheet) == 2 * contact.MARGIN + contact.LINE + 3 * (contact.LINE + 64 + contact.GAP) - contact.GAP
    for (left, top), _ in said[1:]:
        assert (sheet[top + contact.LINE, left + 1] == 128).all()


def test_many_classes_are_cut_with_a_word(monkeypatch):
    said = []
    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.text", lambda self, place, text, *rest: said.append(text))
    contact.contact_sheet(np.zeros((30, 8, 8, 1), np.float32), np.arange(30))
    assert said[0] == "20 of 30 images, 8 x 8 pixels; 20 of 30 classes"
    assert said[-1] == "class 19, 1 image"


def test_a_font_is_there():
    assert contact._font().getbbox("дом")[2] > 0
