"""Pictures: each number stands where it belongs, under its own name, in the pixels or in matplotlib's artists."""
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from tinygan import plots
from tinygan.game.history import COLUMNS

RED = (0xd1, 0x49, 0x5b)


def lines(axes):
    """The lines of a panel that have a label, by label."""
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def points(axes):
    """The points of each scatter in a panel, by label."""
    return {cloud.get_label(): cloud.get_offsets() for cloud in axes.collections}


def band(axes, i=0):
    """The lowest and the highest y of the band i in a panel."""
    y = axes.collections[i].get_paths()[0].vertices[:, 1]
    return y.min(), y.max()


def is_picture(image, height, width):
    assert image.dtype == np.uint8
    assert image.shape == (height, width, 3)
    assert image.std() > 1  # not a blank page
    return True


# Sheets

def flat(*values, h=2, w=3):
    """Grey images (n, h, w, 1), each of one value."""
    return np.broadcast_to(np.reshape(values, (-1, 1, 1, 1)), (len(values), h, w, 1)) / 10


def test_a_sheet_is_filled_row_by_row():
    sheet = plots.sheet(flat(-9, -5, -1, 2, 6, 9), columns=3)
    assert sheet.shape == (2 * 2, 3 * 3, 3)
    expected = np.rint((np.array([[-9, -5, -1], [2, 6, 9]]) / 10 + 1) * 127.5)
    np.testing.assert_array_equal(sheet[::2, ::3, 0], expected)  # the first pixel of each image
    np.testing.assert_array_equal(sheet, np.repeat(np.repeat(np.repeat(expected, 2, 0), 3, 1)[..., None], 3, 2))


def test_an_image_in_a_sheet_is_upright():
    image = np.arange(6).reshape(1, 2, 3, 1) / 5 - 0.5
    expected = np.rint((image[0, ..., 0] + 1) * 127.5)
    np.testing.assert_array_equal(plots.sheet(image)[..., 0], expected)
    np.testing.assert_array_equal(plots.sheet(np.repeat(image, 2, 0), columns=1)[2:, :, 0], expected)


def test_a_sheet_is_as_square_as_can_be_and_white_where_images_end():
    sheet = plots.sheet(flat(0, 0, 0, 0, 0))
    assert sheet.shape == (2 * 2, 3 * 3, 3)
    assert (sheet[2:, 6:] == 255).all()
    assert (sheet[:2] == 128).all()
    assert (sheet[2:, :6] == 128).all()


def test_values_become_bytes():
    values = np.array([-np.inf, -1.1, -1, -0.999, 0, 0.999, 1, 7]).reshape(-1, 1, 1, 1).astype(np.float32)
    np.testing.assert_array_equal(plots.sheet(values, columns=8)[0, :, 0], [0, 0, 0, 0, 128, 255, 255, 255])


def test_colours_keep_their_order_and_a_fourth_channel_is_left_out():
    image = np.array([-1, 0, 1, 0.5]).reshape(1, 1, 1, 4)
    for channels in (3, 4):
        np.testing.assert_array_equal(plots.sheet(image[..., :channels]), [[[0, 128, 255]]])


# Points and sequences

def test_a_cloud_shows_which_points_are_real(figures):
    real, fake = np.array([[-1., 0], [-.9, .1]]), np.array([[.5, .5], [.6, .5], [.7, .4]])
    image = plots.cloud(fake, real, "step 3")
    [axes] = figures[0].axes
    assert list(points(axes)) == ["real", "generated"]  # generated ones on top
    np.testing.assert_array_equal(points(axes)["real"], real)
    np.testing.assert_array_equal(points(axes)["generated"], fake)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["real", "generated"]
    assert axes.get_title() == "step 3"
    assert is_picture(image, 480, 480)
    height, width, _ = image.shape
    red = np.argwhere((image == RED).all(-1))
    below = red[red[:, 0] > height / 4]  # the legend stands above
    assert len(below)
    assert (below[:, 1] > width / 2).all()  # the generated points lie to the right


def test_a_cloud_colours_classes_and_draws_paths(figures):
    fake, path = np.array([[.5, .5], [0, 0], [1, 0]]), np.array([[0., 0], [.5, .2], [1, 1]])
    plots.cloud(fake, fake, labels=np.array([2, 0, 2]), paths=[path])
    [axes] = figures[0].axes
    first, other, third = axes.collections[1].get_facecolors()
    assert np.array_equal(first, third)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), path)


def test_a_cloud_keeps_its_frame_whatever_is_generated(figures):
    real = np.array([[-2., 0], [1, 1]])
    for scale in (1, 100):
        plots.cloud(scale * real, real)
    assert figures[0].axes[0].axis() == figures[1].axes[0].axis() == (-2.5, 2.5, -2.5, 2.5)


def test_numbers_are_a_histogram_with_outliers_at_its_edge(figures):
    real, fake = np.full((10, 1), -2.), np.array([[2.], [2.], [2.], [500.]])
    plots.cloud(fake, np.concatenate([real, [[2.]]]))
    [axes] = figures[0].axes
    legend = axes.get_legend()
    names = {to_hex(box.get_facecolor()): text.get_text() for box, text in zip(legend.legend_handles, legend.texts)}
    shares = {}
    for bars in axes.containers:
        height = np.array([bar.get_height() for bar in bars])
        middle = np.array([bar.get_x() + bar.get_width() / 2 for bar in bars])
        share = [height[(low < middle) & (middle < high)].sum() for low, high in ((-3, 0), (0, 2.4), (2.4, 3))]
        shares[names[to_hex(bars[0].get_facecolor())]] = share / height.sum()
    np.testing.assert_allclose(shares["real"], [10 / 11, 1 / 11, 0])
    np.testing.assert_allclose(shares["generated"], [0, 3 / 4, 1 / 4])  # the one at 500 is in the last bin


def test_sequences_stand_below_each_other_real_ones_on_the_left(figures):
    t = np.linspace(0, 6, 9)
    real = np.stack([np.sin(t + i) for i in range(12)])[..., None]
    image = plots.lines(.5 * real, real, "step 7", rows=4)
    assert is_picture(image, 600, 700)
    left, right = figures[0].axes
    assert (left.get_title(), right.get_title()) == ("real", "generated")
    for axes, x in ((left, real), (right, .5 * real)):
        assert len(axes.lines) == 4
        drawn = np.stack([line.get_ydata() for line in axes.lines])
        np.testing.assert_allclose(np.diff(drawn, axis=1), np.diff(x[:4, :, 0], axis=1), rtol=0, atol=1e-12)
        assert (np.diff(drawn.mean(1) - x[:4, :, 0].mean(1)) < -np.ptp(real)).all()  # they do not touch
        bottom, top = axes.get_ylim()
        assert bottom < drawn.min()
        assert drawn.max() < top
    assert figures[0].get_suptitle() == "step 7"


# The curves of a run

def history(n, rng):
    """A history in which each column is drawn around a number of its own."""
    around = {name: 10 * i + rng.uniform(1, 2, n) for i, name in enumerate(COLUMNS)}
    return {**around, "step": np.arange(n)}


CURVES = [(0, "D's", "d_value"), (0, "G's", "g_value"), (1, "D(x), real", "d_real"),
          (1, "D(G(z)), generated", "d_fake"), (2, "D's", "d_gradient"), (2, "G's", "g_gradient")]


def test_every_curve_is_under_its_own_name(figures, rng):
    run = history(60, rng)
    image = plots.curves(run)
    assert is_picture(image, 750, 800)
    panels = figures[0].axes
    for panel, label, column in CURVES:
        curve = lines(panels[panel])[label]
        np.testing.assert_array_equal(curve.get_xdata(), run["step"])
        np.testing.assert_array_equal(curve.get_ydata(), run[column])
        behind = [line for line in panels[panel].lines if line.get_label().startswith("_")
                  and to_hex(line.get_color()) == to_hex(curve.get_color())]
        np.testing.assert_array_equal(behind[0].get_ydata(), run[column])
        assert label in [text.get_text() for text in panels[panel].get_legend().get_texts()]
    colours = [lines(panels[panel])[label].get_color() for panel, label, _ in CURVES]
    assert colours == 3 * colours[:2]  # D's and real data in one colour, G's and generated data in another
    assert colours[0] != colours[1]
    assert [axes.get_yscale() for axes in panels] == ["linear", "linear", "log"]
    assert [axes.get_ylabel() for axes in panels] == ["value", "mean output of D", "gradient norm"]


def test_a_long_curve_is_smoothed_by_medians_above_all_its_values(figures, rng):
    run = history(950, rng)
    run["g_value"] = np.where(np.arange(950) % 9 == 4, 1e3, np.arange(950) // 9)  # a spike in each stretch of nine
    plots.curves(run)
    panel = figures[0].axes[0]
    smooth = lines(panel)["G's"]
    assert len(smooth.get_xdata()) == 105
    np.testing.assert_array_equal(smooth.get_ydata(), np.arange(105))
    np.testing.assert_array_equal(smooth.get_xdata(), 9 * np.arange(105) + 4)
    assert any(len(line.get_ydata()) == 950 and np.array_equal(line.get_ydata(), run["g_value"])
               for line in panel.lines)


def test_curves_of_a_single_step(figures, rng):
    assert is_picture(plots.curves(history(1, rng)), 750, 800)
    assert lines(figures[0].axes[0])["D's"].get_xdata().tolist() == [0]


SHOWN = [("d_value", "D's value"), ("d_real", "D(x)"), ("d_fake", "D(G(z))"), ("g_gradient", "norm of G's gradient")]


def test_bands_are_quartiles(figures):
    offsets = [100., 1, 3, 0, 2]  # of five runs: quartiles 1 and 3, median 2; the extremes lie elsewhere
    runs = [{name: np.full(20, 10. * i + offset) for i, name in enumerate(COLUMNS)} | {"step": np.arange(20)}
            for offset in offsets]
    image = plots.bands({"r1=0": runs, "": [{**run, "d_value": run["d_value"] + 7} for run in runs[:3]]})
    assert is_picture(image, 900, 800)
    panels = figures[0].axes
    assert [axes.get_ylabel() for axes in panels] == [title for _, title in SHOWN]
    for axes, (column, _) in zip(panels, SHOWN):
        base = 10. * COLUMNS.index(column)
        assert band(axes) == (base + 1, base + 3)
        median = lines(axes)["r1=0 5 runs"]
        np.testing.assert_array_equal(median.get_ydata(), np.full(20, base + 2))
        np.testing.assert_array_equal(median.get_xdata(), np.arange(20))
        shift = 7 * (column == "d_value")
        np.testing.assert_array_equal(lines(axes)["3 runs"].get_ydata(), np.full(20, base + 3 + shift))
        assert band(axes, 1) == (base + 2 + shift, base + 51.5 + shift)  # of 1, 3, 100
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["r1=0 5 runs", "3 runs"]


def test_strips_have_a_dot_a_run_and_quartiles(figures):
    offsets = [100., 1, 3, 0, 2]
    groups = {"a": [{"fcd": 10 + x, "modes": x} for x in offsets], "b": [{"fcd": 50. + x, "modes": x} for x in (0, 4)]}
    image = plots.strips(groups, {"fcd": 5.})
    assert is_picture(image, 220, 520)
    panels = {axes.get_title(): axes for axes in figures[0].axes}
    assert list(panels) == ["fcd", "modes"]
    dots = [line.get_ydata().tolist() for line in panels["fcd"].lines if line.get_marker() == "."]
    assert dots == [[10 + x for x in offsets], [50, 54]]
    for i, dot in enumerate(line for line in panels["fcd"].lines if line.get_marker() == "."):
        assert abs(dot.get_xdata() - i).max() == pytest.approx(0.2)  # above the name of the group
    assert band(panels["fcd"], 0) == (11, 13)
    assert band(panels["fcd"], 1) == (51, 53)
    assert all(abs(line.get_xdata() - i).max() == pytest.approx(0.3) for i, line in enumerate(
        line for line in panels["fcd"].lines[:-1] if line.get_marker() == "None"))  # the medians
    flats = [line.get_ydata()[0] for line in panels["fcd"].lines if line.get_marker() == "None"]
    assert flats == [12, 52, 5]  # both medians, and the score of real data
    assert all(line.get_linewidth() > 0 for axes in figures[0].axes for line in axes.lines)
    assert [line.get_ydata()[0] for line in panels["modes"].lines if line.get_marker() == "None"] == [2, 2]
    assert [text.get_text() for text in panels["fcd"].get_xticklabels()] == ["a", "b"]


def test_strips_of_five_figures_have_two_rows(figures):
    names = ["fcd", "modes", "hq", "mean", "sd"]
    assert is_picture(plots.strips({"": [dict.fromkeys(names, 1.)]}, {}), 440, 1040)
    assert [axes.get_title() for axes in figures[0].axes] == names  # the panels without a figure are gone
    assert figures[0].axes[0].get_gridspec().get_geometry() == (2, 4)


def test_strips_of_a_single_figure():
    assert is_picture(plots.strips({"": [{"fcd": 1.}]}, {}), 220, 260)


# Toys

def test_paths_of_two_players_and_their_eigenvalues(figures):
    paths = {"out": np.array([[1., 0], [0, 2], [-3, 0]]), "in": np.array([[1., 0], [0, .5]])}
    values = {"out": np.array([1 + .5j, 1 - .5j]), "in": np.array([.5 + .1j, .5 - .1j])}
    assert is_picture(plots.dynamics(paths, values), 500, 1000)
    plane, spectrum = figures[0].axes
    for name, path in paths.items():
        np.testing.assert_array_equal(lines(plane)[name].get_xydata(), path)
        dots = lines(spectrum)[name]
        np.testing.assert_array_equal(dots.get_xydata(), np.stack([values[name].real, values[name].imag], 1))
        assert dots.get_color() == lines(plane)[name].get_color()
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


# Files

@pytest.mark.parametrize(("shape", "factor"), [((100, 60), 4), ((60, 100), 4), ((481, 7), 1), ((7, 481), 1),
                                               ((1, 2), 240)])
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
