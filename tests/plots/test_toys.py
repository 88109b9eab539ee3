"""Pictures of toy games: paths, eigenvalues and trees, in matplotlib's artists."""
import numpy as np
from drawn import is_picture, labelled_lines
from matplotlib.colors import to_hex

from tinygan import plots


def test_paths_of_two_players_and_their_eigenvalues(figures):
    paths = {"out": np.array([[1., 0], [0, 2], [-3, 0]]), "in": np.array([[1., 0], [0, .5]])}
    values = {"out": np.array([1 + .5j, 1 - .5j]), "in": np.array([.5 + .1j, .5 - .1j])}
    assert is_picture(plots.dynamics(paths, values), 500, 1000)
    plane, spectrum = figures[0].axes
    for name, path in paths.items():
        np.testing.assert_array_equal(labelled_lines(plane)[name].get_xydata(), path)
        dots = labelled_lines(spectrum)[name]
        np.testing.assert_array_equal(dots.get_xydata(), np.stack([values[name].real, values[name].imag], 1))
        assert dots.get_color() == labelled_lines(plane)[name].get_color()
        ends = [line.get_xydata() for line in plane.lines
                if line.get_marker() == "o" and line.get_color() == dots.get_color()]
        np.testing.assert_array_equal(ends, [path[-1:]])
    [circle] = [line for line in spectrum.lines if len(line.get_xdata()) > 100]
    np.testing.assert_allclose(np.hypot(*circle.get_xydata().T), 1)


def test_a_game_tree_has_its_parents_above_the_middle_of_their_branches(figures):
    root = ("root", 0, [("left", 1, [("a", 1, []), ("b", -1, [])]), ("right", -1, [])])
    assert is_picture(plots.game_tree(root), 450, 400)
    [axes] = figures[0].axes
    at = {text.get_text(): text.get_position() for text in axes.texts}
    assert at == {"a\n+1": (0, -2), "b\n-1": (1, -2), "left\n+1": (.5, -1), "right\n-1": (2, -1), "root\n0": (1.25, 0)}
    ends = {tuple(map(tuple, line.get_xydata().tolist())) for line in axes.lines}
    assert ends == {((1.25, 0), (.5, -1)), ((1.25, 0), (2, -1)), ((.5, -1), (0, -2)), ((.5, -1), (1, -2))}
    colour = {text.get_text()[-2:]: to_hex(text.get_bbox_patch().get_facecolor()) for text in axes.texts}
    assert len(set(colour.values())) == len(colour) == 3
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert all(left < x < right and bottom < y < top for x, y in at.values())
