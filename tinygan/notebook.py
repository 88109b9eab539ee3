"""Helpers of the course's notebooks: the style of pictures, claims that explain themselves, predictions, sliders."""
from __future__ import annotations

import os
import sys

import numpy as np

from tinygan.plots import D_BLUE, DATA, FAKE, OCHRE, sheet  # noqa: F401  the notebooks take their colours from here

YOU = "black"  # the colour of a student's prediction


def style() -> None:
    """Sets matplotlib's settings for the pictures of a notebook."""
    import matplotlib.pyplot as plt
    plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                         "figure.constrained_layout.use": True, "legend.fontsize": 8, "axes.titlesize": 10})


def check(claim: str, holds, found=None) -> None:
    """Raises an AssertionError that states the claim and the next step, unless it holds (a truth value, or an array).

    found: the value to show in the message.

    >>> check("the mean lies between 1.9 and 2.1", 1.9 < 2.3 < 2.1, found=2.3)
    Traceback (most recent call last):
    ...
    AssertionError: expected: the mean lies between 1.9 and 2.1; found: 2.3. If you changed a cell, this comes from your
    change: take it back, or leave this check out. Otherwise restart the kernel and run all cells in order.
    """
    if not np.all(holds):
        shown = "" if found is None else f"; found: {_short(found)}"
        raise AssertionError(f"expected: {claim}{shown}. If you changed a cell, this comes from your change: "
                             "take it back, or leave this check out. Otherwise restart the kernel and run all cells "
                             "in order.")


def compare(quantity: str, yours, result) -> None:
    """Prints a result beside your prediction of it; None stands for no prediction.

    >>> compare("steps for a round", 120, 125.663)
    steps for a round: 125.7 (you predicted 120)
    >>> compare("modes", None, 3)
    modes: 3 (you predicted nothing yet: write it in place of None)
    """
    said = "nothing yet: write it in place of None" if yours is None else _short(yours)
    print(f"{quantity}: {_short(result)} (you predicted {said})")


def mark(axes, x=None, y=None, points=None) -> None:
    """Draws your prediction in black: a vertical line at x, a horizontal one at y, or points [(x, y), ...].

    None draws nothing.
    """
    if x is not None:
        axes.axvline(x, color=YOU, linewidth=2, label="you")
    if y is not None:
        axes.axhline(y, color=YOU, linewidth=2, label="you")
    if points is not None:
        axes.plot(*np.transpose(points), "s--", color=YOU, fillstyle="none", markersize=9, label="you")


def show_images(axes, images, title: str = "", columns: int | None = None) -> None:
    """Draws a sheet of images (n, h, w, c) in [-1, 1] on axes without ticks."""
    axes.imshow(sheet(images, columns), interpolation="nearest")
    axes.set_title(title)
    axes.axis("off")


def slider(draw, **controls) -> None:
    """Draws with sliders: `slider(draw, rate=(0.1, 2.0, 0.1))` calls draw(rate=...) again at each move.

    draw: a function whose arguments all have defaults; it makes a picture. Without ipywidgets, and in notebooks that
    are printed (TINYGAN_STATIC=1), the picture for the defaults takes the place of the sliders.
    """
    if os.environ.get("TINYGAN_STATIC"):
        draw()
        return
    try:
        from ipywidgets import interact
    except ImportError:
        print(f"For sliders: {sys.executable} -m pip install ipywidgets")
        draw()
    else:
        interact(draw, **controls)


def _short(value) -> str:
    """A value, or several, in at most four digits."""
    if isinstance(value, (bool, np.bool_, str)):
        return str(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_short(v)}" for name, v in value.items())
    if np.ndim(value):
        return ", ".join(_short(v) for v in np.ravel(value))
    return f"{value:.4g}" if isinstance(value, (int, float, np.number)) else str(value)
