"""Pictures of samples: sheets of images, points, sequences."""
from __future__ import annotations

import numpy as np

from tinygan.plots.style import FAKE, default_style, legend_above, new_figure, pixels


def sheet(images, columns: int | None = None, gap: int | None = None) -> np.ndarray:
    """Arranges images (n, h, w, c) in [-1, 1] in rows, with white gaps between them: one image, uint8.

    gap: pixels; by default a fourteenth of an image's height, and at least 1.

    >>> sheet(np.zeros((6, 4, 4, 1)), columns=3).shape
    (9, 14, 3)
    """
    n, h, w, c = images.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    gap = max(1, h // 14) if gap is None else gap
    page = np.full((rows * columns, h + gap, w + gap, 3), 255, np.uint8)
    pixels = np.clip(np.rint((np.asarray(images, np.float64) + 1) * 127.5), 0, 255)
    page[:n, :h, :w] = np.repeat(pixels, 3, axis=-1) if c == 1 else pixels[..., :3]
    page = page.reshape(rows, columns, h + gap, w + gap, 3).swapaxes(1, 2)
    return page.reshape(rows * (h + gap), columns * (w + gap), 3)[:rows * (h + gap) - gap, :columns * (w + gap) - gap]


@default_style()
def cloud(samples, real=None, title="", labels=None, paths=()) -> np.ndarray:
    """Draws generated points over real ones, (n, 2), or histograms of numbers (n, 1): an image (h, w, 3), uint8.

    real: None where there are no real points. labels (n,): the class of each generated point, drawn as a colour. paths:
    arrays (steps, 2), drawn as lines.
    """
    figure, axes = new_figure(5.6, 5.8)
    known = samples if real is None else real
    if samples.shape[1] == 1:
        bins = np.linspace(known.min() - 0.5, known.max() + 0.5, 60)
        drawn = {"generated": samples[:, 0].clip(bins[0], bins[-1])}
        drawn = drawn if real is None else {"real": real[:, 0], **drawn}
        axes.hist([*drawn.values()], bins, label=[*drawn], density=True)
    else:
        span = 1.25 * np.abs(known).max() or 1.0
        if real is not None:
            axes.scatter(*real[:, :2].T, s=8, color="#a8a8a8", label="real")
        colours = {"color": FAKE} if labels is None else {"c": labels, "cmap": "tab10"}
        axes.scatter(*samples[:, :2].T, s=3, label="generated", **colours)
        for path in paths:
            axes.plot(*path.T, color="#202020", linewidth=1, marker=".", markersize=4)
        axes.set(xlim=(-span, span), ylim=(-span, span), aspect="equal")
    axes.set_title(title, loc="left")
    legend_above(axes)
    return pixels(figure)


@default_style()
def lines(samples, real=None, title="", rows: int = 10) -> np.ndarray:
    """Draws real and generated sequences (n, time, features), one below the other: an image (h, w, 3), uint8.

    real: None where there are no real sequences.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7, 6), layout="constrained")
    panels = [(samples, "generated", FAKE)] if real is None else [
        (real, "real", "#808080"), (samples, "generated", FAKE)]
    height = 2.2 * float(np.abs(panels[0][0]).max())
    for axes, (x, name, colour) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        for i, sequence in enumerate(x[:rows]):
            axes.plot(sequence - i * height, color=colour, marker=".", markersize=4, linewidth=1)
        axes.set(title=name, xlabel="step", yticks=[], ylim=(-(rows - 0.3) * height, 0.7 * height))
    figure.suptitle(title)
    return pixels(figure)
