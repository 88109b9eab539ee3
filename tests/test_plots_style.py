"""Pictures are the same whatever the user's matplotlibrc and MPLBACKEND are; and those without real examples."""
import os
import subprocess
import sys
import threading

import matplotlib
import numpy as np
import pytest

from tinygan import plots
from tinygan.game.history import COLUMNS
from tinygan.lab.picture import Picture
from tinygan.lab.state import Laboratory

ODD = {"text.usetex": True, "figure.dpi": 20, "font.size": 30, "lines.linewidth": 9, "axes.facecolor": "black"}
POINTS = np.random.default_rng(0).standard_normal((20, 2))
HISTORY = {name: np.arange(1.0, 9) for name in COLUMNS}
DRAWN = {
    "cloud": lambda: plots.cloud(POINTS, POINTS[::-1]),
    "histogram": lambda: plots.cloud(POINTS[:, :1], POINTS[:, :1]),
    "lines": lambda: plots.lines(POINTS[None], POINTS[None]),
    "curves": lambda: plots.curves(HISTORY),
    "bands": lambda: plots.bands({"a": [HISTORY]}),
    "strips": lambda: plots.strips({"a": [{"fcd": 1.0}, {"fcd": 2.0}]}, {"fcd": 1.5}),
    "dynamics": lambda: plots.dynamics({"a": POINTS}, {"a": np.array([1j, -1j])}),
    "game tree": lambda: plots.game_tree(("x", 1, [("o", -1, [])])),
    "lab": lambda: Picture().draw(Laboratory(width=4, batch=4, shown=4)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_does_not_depend_on_the_users_style(name):
    expected = DRAWN[name]()
    with matplotlib.rc_context(ODD):
        np.testing.assert_array_equal(DRAWN[name](), expected)
        assert {key: matplotlib.rcParams[key] for key in ODD} == ODD  # the user's own, as before


def test_pictures_in_two_threads_leave_the_style_as_it_was():
    with matplotlib.rc_context(ODD):
        threads = [threading.Thread(target=DRAWN["histogram"]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {key: matplotlib.rcParams[key] for key in ODD} == ODD


SCRIPT = """
import numpy as np, os, warnings
from tinygan import plots
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    plots.cloud(np.eye(2), np.eye(2))
import matplotlib
print([str(w.message) for w in caught], os.environ["MPLBACKEND"], matplotlib.get_backend())
"""


@pytest.mark.parametrize(("backend", "warned", "used"), [
    ("nosuch", ["MPLBACKEND is 'nosuch', which matplotlib does not know: it is ignored"], ""), ("svg", [], "svg")])
def test_a_backend_that_there_is_not(backend, warned, used):
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True,
                          env={**environment, "MPLBACKEND": backend})
    assert done.stdout.lower().startswith(f"{warned} {backend} {used}".lower())


# Without real examples

def test_points_without_real_ones(figures):
    plots.cloud(POINTS)
    [axes] = figures[0].axes
    [cloud] = axes.collections
    np.testing.assert_array_equal(cloud.get_offsets(), POINTS)
    assert cloud.get_label() == "generated"
    assert axes.get_xlim() == pytest.approx((-1.25 * np.abs(POINTS).max(), 1.25 * np.abs(POINTS).max()))


def test_numbers_without_real_ones(figures):
    plots.cloud(POINTS[:, :1])
    [axes] = figures[0].axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["generated"]
    heights = [patch.get_height() * patch.get_width() for patch in axes.patches]
    assert sum(heights) == pytest.approx(1)


def test_sequences_without_real_ones(figures):
    plots.lines(POINTS.reshape(4, 5, 2))
    [axes] = figures[0].axes
    assert axes.get_title() == "generated"
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), POINTS[:5, 0])
