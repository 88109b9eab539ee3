"""A canvas keeps its static parts, and draws moving ones over them."""
import numpy as np

from tinygan.lab.canvas import Canvas


def test_moving_parts_leave_no_trace():
    canvas = Canvas(60, 40)
    axes = canvas.axes(10, 5, 30, 20, xlim=(0, 1), ylim=(0, 1))
    [line] = axes.plot([0, 1], [0, 1], color="#ff0000", linewidth=4, animated=True)
    still = canvas.clear().copy()
    assert still.shape == (40, 60, 4)
    canvas.draw_artists([line])
    pixels = np.asarray(canvas.canvas.buffer_rgba())
    assert tuple(pixels[40 - 15, 25, :3]) == (255, 0, 0)  # the middle of the axes, counted from the bottom left
    assert np.array_equal(canvas.clear(), still)
