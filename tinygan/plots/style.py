"""Settings of matplotlib, colours, and helpers that several pictures share."""
from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

DATA, FAKE, D_BLUE, OCHRE = "#009E73", "#D55E00", "#0072B2", "#E69F00"  # Okabe and Ito's, safe for the colour-blind
COLOURS = D_BLUE, FAKE, DATA, OCHRE, "#CC79A7", "#56B4E9", "#F0E442", "#000000"
_DRAWING = threading.RLock()  # matplotlib's settings are those of the whole process


@contextmanager
def default_style() -> Iterator[None]:
    """A context, or a decorator, in which matplotlib has its own settings, not those of the user's matplotlibrc.

    So a picture is the same on every machine, and needs no LaTeX where the user's pictures do.
    """
    with _DRAWING:
        matplotlib = load_matplotlib()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams["axes.prop_cycle"] = matplotlib.cycler(color=COLOURS)
            yield


def load_matplotlib():
    """matplotlib; an unknown backend in MPLBACKEND is only a warning, since these pictures need no backend."""
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        try:
            matplotlib.rcParams["backend"] = backend  # as matplotlib does when it is imported
        except ValueError:
            warnings.warn(f"MPLBACKEND is {backend!r}, which matplotlib does not know: it is ignored", stacklevel=4)
    return matplotlib


def new_figure(width, height):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def pixels(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def legend_above(axes):
    """A legend that covers nothing: one line above the axes, on the right; the title stands on the left."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, borderaxespad=0.2)


def set_scale(axes, columns, reference=None):
    """Limits of the y axis from all values but those of the first steps and the most extreme ones."""
    values = np.concatenate([column[len(column) // 20:] for column in columns]).astype(float)
    values = values[np.isfinite(values)]
    log = axes.get_yscale() == "log"
    if log:
        values = np.log10(values[values > 0])
    if values.size:
        low, high = np.quantile(values, [0.005, 0.995])
        if reference is not None:
            low, high = min(low, reference), max(high, reference)
        margin = 0.1 * (high - low) or 0.1
        limits = np.array([low - margin, high + margin])
        axes.set_ylim(*(10**limits if log else limits))


def smooth(steps, values, parts=100):
    """Medians over at most `parts` intervals of equal length."""
    width = max(1, len(values) // parts)
    n = len(values) // width * width
    if n == 0:
        return steps, values
    return tuple(np.median(np.asarray(v[:n], float).reshape(-1, width), axis=1) for v in (steps, values))
