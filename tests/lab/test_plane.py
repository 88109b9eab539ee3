"""The plane: a pixel is a place, the field lies under its points, the view follows the samples, G's map."""
import numpy as np
import pytest

from tinygan.lab.plane import FIELD, HEIGHT, LEFT, LOW, SIDE, Plane
from tinygan.lab.state import SPAN
from tinygan.plots import DATA, FAKE


def at(lab, *point):
    """Makes all samples of G lie at a point."""
    lab.G.theta[:] = 0
    [*_, bias] = [p for name, p in lab.G.named_parameters() if name.endswith("bias")]
    bias.data[:] = point
    return lab


@pytest.mark.parametrize("far", [False, True])
def test_a_pixel_is_a_place(lab, far):
    """`place` finds data at the pixel where they are drawn, in every view."""
    plane, point = Plane(), np.array([0.5, -1.0], np.float32)
    lab.source = lambda n, rng: np.full((n, 2), point)
    plane.draw(at(lab, 9, 0) if far else lab, lab.look())
    x, y = plane.plane.transData.transform(point)
    assert np.allclose(plane.place(x, HEIGHT - y), point, atol=1e-6)
    assert plane.place(LEFT - 3, 100) is None
    assert plane.place(LEFT + SIDE + 3, 100) is None


def test_the_field_lies_under_its_points(lab):
    """D's colours are at their places: a D that is 1 in the upper right corner alone paints that one blue."""
    ticks = np.linspace(-1, 1, 9)
    lab.field = lambda span=SPAN: np.where(np.add.outer(ticks, ticks) > 1.2, 1.0, 0.0)
    pixels = Plane().draw(lab, lab.look())
    top, bottom, left, right = HEIGHT - LOW - SIDE + 4, HEIGHT - LOW - 4, LEFT + 4, LEFT + SIDE - 4
    red, blue = 0, 2
    for y, x, is_blue in [(top, right, True), (top, left, False), (bottom, left, False), (bottom, right, False)]:
        assert (pixels[y, x, blue] > pixels[y, x, red]) == is_blue


def test_the_view_follows_the_samples_and_returns(lab):
    plane = Plane()
    spans = []
    for place in (0, 5, 1e3, 1e20, 5, 0):
        plane.draw(at(lab, place, 0), lab.look())
        spans.append(plane.span / SPAN)
        assert place > 1e10 or place <= plane.span
    assert spans[:3] == [1, 4, 1024]
    assert spans[3] < 1e15
    assert spans[4:] == [4, 1]
    plane.draw(at(lab, 5, 0), lab.look())
    plane.follow = False
    plane.draw(lab, lab.look())
    assert plane.span == SPAN


def test_the_view_does_not_flicker(lab):
    plane, spans = Plane(), set()
    plane.draw(at(lab, 1.7, 0), lab.look())
    for place in (1.5, 1.7, 1.5, 1.7):
        plane.draw(at(lab, place, 0), lab.look())
        spans.add(plane.span)
    assert len(spans) == 1


def test_the_map_shows_the_grid_where_g_carries_it(lab):
    plane = Plane()
    z, image = lab.sheet()
    plane.draw(lab, lab.look(), mode="map")
    for grids, points in ((plane.grid, image), (plane.noise_grid, z)):
        drawn = [grid.get_segments() for grid in grids]
        assert np.allclose(drawn, points[::-1], atol=1e-6)
    assert plane.legends["map"].get_visible() != plane.legends["field"].get_visible()


def test_symbols_differ_in_form_as_well_as_in_colour():
    plane = Plane()
    assert len({line.get_marker() for line in (plane.real, plane.fake)}) == 2


def deuteranopia(colour):
    """A colour as a person without green cones sees it, in sRGB, by Machado, Oliveira and Fernandes (2009)."""
    rgb = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]]) @ linear
    return np.clip(seen, 0, 1) ** (1 / 2.4)


def difference(one, other):
    return np.abs(deuteranopia(one) - deuteranopia(other)).max()


def test_colours_differ_for_the_colour_blind():
    """Both sides of the field's scale, and the two kinds of points, differ more than a red and a green do."""
    red_and_green = difference("#e8808f", "#73b082")
    assert all(difference(FIELD[i], FIELD[-1 - i]) > 1.1 * red_and_green for i in (0, 1))
    assert difference(FIELD[0], FIELD[-1]) > 0.4
    assert difference(DATA, FAKE) > 0.4
