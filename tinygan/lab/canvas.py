"""A picture that is drawn fast: its static parts are drawn once and kept as pixels, its moving parts for each frame."""
from __future__ import annotations

import numpy as np

DPI = 100
INK, GREY, DARK = "#303030", "#808080", "#5a1a4a"


class Canvas:
    """A figure of (width, height) pixels. `still` is the image of its static parts, or None if they have changed."""

    def __init__(self, width: int, height: int):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        self.width, self.height = width, height
        self.figure = Figure((width / DPI, height / DPI), DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.still = None

    def axes(self, x, y, width, height, **options):
        """Axes at a place in pixels, counted from the bottom left."""
        return self.figure.add_axes((x / self.width, y / self.height, width / self.width, height / self.height),
                                    **options)

    def clear(self) -> np.ndarray:
        """The pixels (height, width, 4) with the static parts alone; `figure.draw_artist` draws on them."""
        if self.still is None:
            self.canvas.draw()
            self.still = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self.still)
        return np.asarray(self.canvas.buffer_rgba())

    def draw_artists(self, artists):
        for artist in artists:
            self.figure.draw_artist(artist)
