"""Curves, bands and strips: each number stands where it belongs, under its own name."""
import numpy as np
import pytest
from drawn import is_picture, labelled_lines
from matplotlib.colors import to_hex

from tinygan import plots
from tinygan.game.history import COLUMNS
from tinygan.objectives import OBJECTIVES


def band(axes, i=0):
    """The lowest and the highest y of the band i in a panel."""
    y = axes.collections[i].get_paths()[0].vertices[:, 1]
    return y.min(), y.max()


def history(n, rng):
    """A history in which each column is drawn around a number of its own."""
    around = {name: 10 * i + rng.uniform(1, 2, n) for i, name in enumerate(COLUMNS)}
    return {**around, "step": np.arange(n)}


CURVES = [(0, "D's", "d_value"), (0, "G's", "g_value"), (1, "D(x), real", "d_real"),
          (1, "D(G(z)), generated", "d_fake"), (2, "D's", "d_gradient"), (2, "G's", "g_gradient")]


def test_every_curve_is_under_its_own_name(figures, rng):
    run = history(60, rng)
    image = plots.curves(run)
    assert is_picture(image, 800, 800)
    panels = figures[0].axes
    for panel, label, column in CURVES:
        curve = labelled_lines(panels[panel])[label]
        np.testing.assert_array_equal(curve.get_xdata(), run["step"])
        np.testing.assert_array_equal(curve.get_ydata(), run[column])
        behind = [line for line in panels[panel].lines if line.get_label().startswith("_")
                  and to_hex(line.get_color()) == to_hex(curve.get_color())]
        np.testing.assert_array_equal(behind[0].get_ydata(), run[column])
        assert label in [text.get_text() for text in panels[panel].get_legend().get_texts()]
    colours = [labelled_lines(panels[panel])[label].get_color() for panel, label, _ in CURVES]
    assert colours == 3 * colours[:2]  # D's and real data in one colour, G's and generated data in another
    assert colours[0] != colours[1]
    assert [axes.get_yscale() for axes in panels] == ["linear", "linear", "log"]
    assert [axes.get_title("left") for axes in panels] == ["Values of the objectives", "Mean outputs of D",
                                                           "Norms of the gradients"]


@pytest.mark.parametrize(("name", "names", "heights"), [
    ("non-saturating", ["D cannot tell: -2 log 2", "D cannot tell: 0.5"], [-1.3862944, 0.5]),
    ("hinge", ["D cannot tell: 2"], [2.0]), ("two-sample", [], [])])
def test_curves_have_the_values_of_a_discriminator_that_cannot_tell(figures, rng, name, names, heights):
    plots.curves(history(60, rng), OBJECTIVES[name])
    drawn = [pair for axes in figures[0].axes for pair in labelled_lines(axes).items()]
    references = {label: line for label, line in drawn if "tell" in label}
    assert list(references) == names
    np.testing.assert_allclose([line.get_ydata()[0] for line in references.values()], heights)


@pytest.mark.parametrize("start", [1e4, np.nan, np.inf])
def test_the_first_steps_do_not_set_the_scale(figures, rng, start):
    run = history(200, rng)
    spiked = {name: np.concatenate([np.full(8, start), column[8:]]) for name, column in run.items() if name != "step"}
    plots.curves(run)
    plots.curves(spiked | {"step": run["step"]})
    for axes, other in zip(figures[0].axes[::2], figures[1].axes[::2]):  # D's outputs are between 0 and 1
        assert axes.get_ylim() == pytest.approx(other.get_ylim(), rel=0.05)
        low, high = axes.get_ylim()
        drawn = labelled_lines(axes)
        assert all(((low < line.get_ydata()[2:]) & (line.get_ydata()[2:] < high)).all() for line in drawn.values())


def test_a_legend_covers_no_curve(figures, rng):
    plots.curves(history(60, rng), OBJECTIVES["minimax"])
    for axes in figures[0].axes:
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


def test_a_long_curve_is_smoothed_by_medians_above_all_its_values(figures, rng):
    run = history(950, rng)
    run["g_value"] = np.where(np.arange(950) % 9 == 4, 1e3, np.arange(950) // 9)  # a spike in each stretch of nine
    plots.curves(run)
    panel = figures[0].axes[0]
    smooth = labelled_lines(panel)["G's"]
    assert len(smooth.get_xdata()) == 105
    np.testing.assert_array_equal(smooth.get_ydata(), np.arange(105))
    np.testing.assert_array_equal(smooth.get_xdata(), 9 * np.arange(105) + 4)
    assert any(len(line.get_ydata()) == 950 and np.array_equal(line.get_ydata(), run["g_value"])
               for line in panel.lines)


def test_curves_of_a_single_step(figures, rng):
    assert is_picture(plots.curves(history(1, rng)), 800, 800)
    assert labelled_lines(figures[0].axes[0])["D's"].get_xdata().tolist() == [0]


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
        median = labelled_lines(axes)["r1=0 5 runs"]
        np.testing.assert_array_equal(median.get_ydata(), np.full(20, base + 2))
        np.testing.assert_array_equal(median.get_xdata(), np.arange(20))
        shift = 7 * (column == "d_value")
        np.testing.assert_array_equal(labelled_lines(axes)["3 runs"].get_ydata(), np.full(20, base + 3 + shift))
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
