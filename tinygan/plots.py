"""Pictures: sheets, points, sequences, curves of a run, films, toys. Only drawing imports matplotlib and PIL."""
from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from tinygan.files import open_regular

LARGEST_FRAME = 2**25  # pixels, and bytes of the file, of a picture that becomes part of a film
_DRAWING = threading.RLock()  # matplotlib's settings are those of the whole process


@contextmanager
def default_style() -> Iterator[None]:
    """A context, or a decorator, in which matplotlib has its own settings, not those of the user's matplotlibrc.

    So a picture is the same on every machine, and needs no LaTeX where the user's pictures do.
    """
    with _DRAWING:
        matplotlib = _matplotlib()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            yield


def _matplotlib():
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


def sheet(images, columns: int | None = None) -> np.ndarray:
    """Arranges images (n, h, w, c) in [-1, 1] in rows: one image (rows h, columns w, 3), uint8.

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


@default_style()
def cloud(samples, real=None, title="", labels=None, paths=()) -> np.ndarray:
    """Draws generated points over real ones, (n, 2), or histograms of numbers (n, 1): an image (h, w, 3), uint8.

    real: None where there are no real points. labels (n,): the class of each generated point, drawn as a colour. paths:
    arrays (steps, 2), drawn as lines.
    """
    figure, axes = _figure(4.8, 4.8)
    known = samples if real is None else real
    if samples.shape[1] == 1:
        bins = np.linspace(known.min() - 0.5, known.max() + 0.5, 60)
        drawn = {"generated": samples[:, 0].clip(bins[0], bins[-1])}
        drawn = drawn if real is None else {"real": real[:, 0], **drawn}
        axes.hist([*drawn.values()], bins, label=[*drawn], density=True)
    else:
        span = 1.25 * np.abs(known).max() or 1.0
        if real is not None:
            axes.scatter(*real[:, :2].T, s=8, color="#c8c8c8", label="real")
        colours = {"color": "#d1495b"} if labels is None else {"c": labels, "cmap": "tab10"}
        axes.scatter(*samples[:, :2].T, s=3, label="generated", **colours)
        for path in paths:
            axes.plot(*path.T, color="#202020", linewidth=1, marker=".", markersize=4)
        axes.set(xlim=(-span, span), ylim=(-span, span), aspect="equal")
    axes.set_title(title)
    axes.legend(loc="upper right")
    return _pixels(figure)


@default_style()
def lines(samples, real=None, title="", rows: int = 10) -> np.ndarray:
    """Draws real and generated sequences (n, time, features), one below the other: an image (h, w, 3), uint8.

    real: None where there are no real sequences.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7, 6), layout="constrained")
    panels = [(samples, "generated", "#d1495b")] if real is None else [
        (real, "real", "#808080"), (samples, "generated", "#d1495b")]
    height = 2.2 * float(np.abs(panels[0][0]).max())
    for axes, (x, name, colour) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        for i, sequence in enumerate(x[:rows]):
            axes.plot(sequence - i * height, color=colour, marker=".", markersize=4, linewidth=1)
        axes.set(title=name, xlabel="step", yticks=[], ylim=(-(rows - 0.3) * height, 0.7 * height))
    figure.suptitle(title)
    return _pixels(figure)


@default_style()
def curves(history) -> np.ndarray:
    """Draws the history of a game in three panels: the values of both objectives, D's outputs, gradient norms."""
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


@default_style()
def bands(groups) -> np.ndarray:
    """Draws histories of many runs, {name of a group: [history]}: medians over its runs and bands between quartiles."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 9), layout="constrained")
    panels = [("d_value", "D's value", "linear"), ("d_real", "D(x)", "linear"), ("d_fake", "D(G(z))", "linear"),
              ("g_gradient", "norm of G's gradient", "log")]
    for axes, (column, title, scale) in zip(figure.subplots(len(panels), sharex=True), panels):
        for i, (name, histories) in enumerate(groups.items()):
            runs = [_smooth(history["step"], history[column]) for history in histories]
            low, median, high = np.quantile([values for _, values in runs], [0.25, 0.5, 0.75], axis=0)
            axes.fill_between(runs[0][0], low, high, color=f"C{i}", alpha=0.25, linewidth=0)
            axes.plot(runs[0][0], median, color=f"C{i}", label=f"{name} {len(runs)} runs".strip())
        axes.set(ylabel=title, yscale=scale)
    axes.set_xlabel("step")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return _pixels(figure)


@default_style()
def strips(groups, real) -> np.ndarray:
    """Draws metrics of many runs, {name of a group: [metrics]}: a panel for each metric, a dot for each run.

    The bands lie between the quartiles, and a dotted line is the value of real data, if it is in `real`.
    """
    from matplotlib.figure import Figure
    names = list(next(iter(groups.values()))[0])
    rows, columns = -(-len(names) // 4), min(4, len(names))
    figure = Figure(figsize=(2.6 * columns, 2.2 * rows), layout="constrained")
    for axes, name in zip(figure.subplots(rows, columns, squeeze=False).flat, names):
        for i, runs in enumerate(groups.values()):
            values = [run[name] for run in runs]
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
            axes.fill_between([i - 0.3, i + 0.3], low, high, color=f"C{i}", alpha=0.25, linewidth=0)
            axes.plot([i - 0.3, i + 0.3], [median, median], color=f"C{i}")
            axes.plot(np.linspace(i - 0.2, i + 0.2, len(values)), values, ".", color=f"C{i}")
        if name in real:
            axes.axhline(real[name], color="#808080", linewidth=0.8, linestyle=":")
        axes.set_title(name, fontsize="medium")
        axes.set_xticks(range(len(groups)), groups, rotation=90 if len(groups) > 3 else 0)
    for axes in figure.axes[len(names):]:
        axes.remove()
    return _pixels(figure)


@default_style()
def dynamics(paths, eigenvalues) -> np.ndarray:
    """Draws paths (steps + 1, 2) of (theta, psi) by name, and the eigenvalues of their updates with the unit circle."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(10, 5), layout="constrained")
    plane, spectrum = figure.subplots(1, 2)
    for name, path in paths.items():
        [line] = plane.plot(*path.T, linewidth=1, label=name)
        plane.plot(*path[-1], "o", color=line.get_color())
        spectrum.plot(eigenvalues[name].real, eigenvalues[name].imag, "o", color=line.get_color(), label=name)
    plane.set(xlabel="theta, of G", ylabel="psi, of D", aspect="equal")
    plane.legend(loc="upper right")
    angle = np.linspace(-np.pi, np.pi, 1000)
    inside = spectrum.axis()
    spectrum.plot(np.cos(angle), np.sin(angle), color="#808080", linewidth=0.8)
    spectrum.axis(inside)
    spectrum.set(xlabel="real part", ylabel="imaginary part", title="within the circle: it converges")
    return _pixels(figure)


@default_style()
def game_tree(root) -> np.ndarray:
    """Draws a tree of (text, value, branches); the number and the colour of a node show its value, -1, 0 or 1."""
    nodes: list[tuple] = []

    def place(node, depth, left):
        """Puts leaves side by side and a parent above the middle of its branches; returns its x and the next free x."""
        text, value, branches = node
        children, right = [], left
        for branch in branches:
            child, right = place(branch, depth + 1, right)
            children.append(child)
        x = (children[0] + children[-1]) / 2 if children else left
        nodes.append((x, -depth, text, value, children))
        return x, max(right, left + 1)

    _, width = place(root, 0, 0)
    depth = 1 - min(node[1] for node in nodes)
    figure, axes = _figure(max(4, 0.8 * width), 1.5 * depth)
    for x, y, text, value, children in nodes:
        for child in children:
            axes.plot([x, child], [y, y - 1], color="#a0a0a0", linewidth=0.8, zorder=0)
        colour = {1: "#8ecae6", 0: "#eeeeee", -1: "#f4a9a8"}[value]
        axes.text(x, y, f"{text}\n{value:+d}" if value else f"{text}\n0", ha="center", va="center", fontsize=8,
                  family="monospace", bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "#808080"})
    axes.set(xlim=(-0.7, width - 0.3), ylim=(0.5 - depth, 0.5))
    axes.axis("off")
    return _pixels(figure)


def save_png(file, image) -> None:
    """Writes an image (h, w, 3), uint8, as a PNG; a small image is enlarged, so that its pixels are visible."""
    _picture(image).save(file, "PNG")


def save_gif(file, frames, seconds: float = 6.0, hold: float = 2.0) -> None:
    """Writes frames (images, or paths of PNGs) as a GIF of about `seconds`; the last frame stays for `hold` more."""
    pictures = [_indexed(frame) for frame in frames]
    each = max(40, int(1000 * seconds / len(pictures)))
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], loop=0,
                     duration=[each] * (len(pictures) - 1) + [each + int(1000 * hold)])


def _indexed(frame):
    """A frame (an image, or the path of a PNG) as a PIL image with its own palette; its file is closed."""
    from PIL import Image
    with ExitStack() as opened:
        if isinstance(frame, np.ndarray):
            picture = _picture(frame)
        else:
            file = opened.enter_context(open_regular(frame, LARGEST_FRAME))
            picture = opened.enter_context(Image.open(file, formats=("PNG",)))
            if picture.width * picture.height > LARGEST_FRAME:
                raise ValueError(f"{frame} has {picture.width} x {picture.height} pixels")
        return picture.convert("P", palette=Image.Palette.ADAPTIVE)


def _picture(image):
    """An image (h, w, 3), uint8, as a PIL image, enlarged if it is small."""
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
    """Medians over at most `parts` intervals of equal length."""
    width = max(1, len(values) // parts)
    n = len(values) // width * width
    if n == 0:
        return steps, values
    return tuple(np.median(np.asarray(v[:n], float).reshape(-1, width), axis=1) for v in (steps, values))
