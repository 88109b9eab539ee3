"""Pictures: images, points, sequences, curves of a run, films. matplotlib and PIL are imported to draw."""
from __future__ import annotations

import numpy as np


def sheet(images, columns: int | None = None) -> np.ndarray:
    """Images (n, h, w, c) in [-1, 1] side by side: one image (rows h, columns w, 3), uint8.

    >>> sheet(np.zeros((6, 4, 4, 1)), columns=3).shape
    (8, 12, 3)
    """
    n, h, w, c = images.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    page = np.full((rows * columns, h, w, 3), 255, np.uint8)
    pixels = np.clip(np.rint((np.asarray(images, np.float64) + 1) * 127.5), 0, 255)
    page[:n] = np.repeat(pixels, 3, axis=-1) if c == 1 else pixels[..., :3]
    return page.reshape(rows, columns, h, w, 3).swapaxes(1, 2).reshape(rows * h, columns * w, 3)


def cloud(samples, real, title="", labels=None, paths=()) -> np.ndarray:
    """Generated points over real ones, (n, 2), or their histograms when (n, 1): an image (h, w, 3), uint8.

    labels (n,): the class of each generated point, as a colour. paths: ways (steps, 2) through the plane, as lines.
    """
    figure, axes = _figure(4.8, 4.8)
    if samples.shape[1] == 1:
        bins = np.linspace(real.min() - 0.5, real.max() + 0.5, 60)
        axes.hist([real[:, 0], samples[:, 0].clip(bins[0], bins[-1])], bins, label=["real", "generated"], density=True)
    else:
        span = 1.25 * np.abs(real).max()
        axes.scatter(*real[:, :2].T, s=8, color="#c8c8c8", label="real")
        colours = {"color": "#d1495b"} if labels is None else {"c": labels, "cmap": "tab10"}
        axes.scatter(*samples[:, :2].T, s=3, label="generated", **colours)
        for path in paths:
            axes.plot(*path.T, color="#202020", linewidth=1, marker=".", markersize=4)
        axes.set(xlim=(-span, span), ylim=(-span, span), aspect="equal")
    axes.set_title(title)
    axes.legend(loc="upper right")
    return _pixels(figure)


def lines(samples, real, title="", rows: int = 10) -> np.ndarray:
    """Sequences (n, time, features) one below the other, real and generated ones: an image (h, w, 3), uint8."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7, 6), layout="constrained")
    height = 2.2 * float(np.abs(real).max())
    for axes, x, name, colour in zip(figure.subplots(1, 2), (real, samples), ("real", "generated"),
                                     ("#808080", "#d1495b")):
        for i, sequence in enumerate(x[:rows]):
            axes.plot(sequence - i * height, color=colour, marker=".", markersize=4, linewidth=1)
        axes.set(title=name, xlabel="step", yticks=[], ylim=(-(rows - 0.3) * height, 0.7 * height))
    figure.suptitle(title)
    return _pixels(figure)


def curves(history) -> np.ndarray:
    """The history of a game in three panels: what the players' functions are worth, D's outputs, gradient norms."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 7.5), layout="constrained")
    panels = figure.subplots(3, sharex=True)
    groups = [("value", ("d_value", "g_value"), "linear"), ("mean output of D", ("d_real", "d_fake"), "linear"),
              ("gradient norm", ("d_gradient", "g_gradient"), "log")]
    labels = {"d_value": "D's", "g_value": "G's", "d_real": "D(x), real", "d_fake": "D(G(z)), generated",
              "d_gradient": "D's", "g_gradient": "G's"}
    for axes, (title, names, scale) in zip(panels, groups):
        for name, colour in zip(names, ("#2e6f95", "#d1495b")):
            axes.plot(history["step"], history[name], color=colour, alpha=0.25, linewidth=0.6)
            axes.plot(*_smooth(history["step"], history[name]), color=colour, label=labels[name])
        axes.set(ylabel=title, yscale=scale)
        axes.legend(loc="upper right")
    panels[1].axhline(0.5, color="#808080", linewidth=0.8, linestyle=":")
    panels[-1].set_xlabel("step")
    return _pixels(figure)


def save_png(path, image) -> None:
    """Writes an image (h, w, 3), uint8; small sheets are enlarged so that their pixels can be seen."""
    _picture(image).save(path)


def save_gif(path, frames, seconds: float = 6.0, hold: float = 2.0) -> None:
    """Writes frames (images, or paths of PNGs) as a film of about that length; the last one stays for `hold` more."""
    from PIL import Image
    opened = [_picture(frame) if isinstance(frame, np.ndarray) else Image.open(frame) for frame in frames]
    pictures = [picture.convert("P", palette=Image.Palette.ADAPTIVE) for picture in opened]
    each = max(40, int(1000 * seconds / len(pictures)))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], loop=0,
                     duration=[each] * (len(pictures) - 1) + [each + int(1000 * hold)])


def _picture(image):
    """An image (h, w, 3), uint8, for PIL, a small one enlarged."""
    from PIL import Image
    picture = Image.fromarray(image)
    factor = max(1, 480 // max(image.shape[:2]))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _figure(width, height):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _pixels(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _smooth(steps, values, parts=100):
    """Medians over at most `parts` stretches."""
    width = max(1, len(values) // parts)
    n = len(values) // width * width
    if n == 0:
        return steps, values
    return tuple(np.median(np.asarray(v[:n], float).reshape(-1, width), axis=1) for v in (steps, values))
