"""Pictures of runs: the curves of one, and bands and strips of many."""
from __future__ import annotations

import numpy as np

from tinygan.plots.style import D_BLUE, FAKE, default_style, legend_above, pixels, set_scale, smooth


@default_style()
def curves(history, objective=None) -> np.ndarray:
    """Draws the history of a game in three panels: the values of both objectives, D's outputs, gradient norms.

    objective: the game's `Objective`; dotted lines then show the values if D cannot tell real from generated examples.
    The first twentieth of the steps, which are often far off, do not set the scales.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 8), layout="constrained")
    panels = figure.subplots(3, sharex=True)
    groups = [("Values of the objectives", ("d_value", "g_value"), "linear"),
              ("Mean outputs of D", ("d_real", "d_fake"), "linear"),
              ("Norms of the gradients", ("d_gradient", "g_gradient"), "log")]
    labels = {"d_value": "D's", "g_value": "G's", "d_real": "D(x), real", "d_fake": "D(G(z)), generated",
              "d_gradient": "D's", "g_gradient": "G's"}
    references = [None, None, None] if objective is None else [
        objective.blind, None if objective.critic else 0.5, None]
    for axes, (title, names, scale), reference in zip(panels, groups, references):
        for name, colour in zip(names, (D_BLUE, FAKE)):
            axes.plot(history["step"], history[name], color=colour, alpha=0.25, linewidth=0.6)
            axes.plot(*smooth(history["step"], history[name]), color=colour, label=labels[name])
        axes.set_yscale(scale)
        axes.set_title(title, loc="left")
        if reference is not None:
            text = f"D cannot tell: {'-2 log 2' if reference == -2 * np.log(2) else f'{reference:.3g}'}"
            axes.axhline(reference, color="black", linewidth=1, linestyle=":", label=text)
        if names[0] == "d_real":
            axes.set_ylim(-0.05, 1.05)
        else:
            set_scale(axes, [history[name] for name in names], reference)
        legend_above(axes)
    panels[-1].set_xlabel("step")
    return pixels(figure)


@default_style()
def bands(groups) -> np.ndarray:
    """Draws histories of many runs, {name of a group: [history]}: medians over its runs and bands between quartiles."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 9), layout="constrained")
    panels = [("d_value", "D's value", "linear"), ("d_real", "D(x)", "linear"), ("d_fake", "D(G(z))", "linear"),
              ("g_gradient", "norm of G's gradient", "log")]
    for axes, (column, title, scale) in zip(figure.subplots(len(panels), sharex=True), panels):
        for i, (name, histories) in enumerate(groups.items()):
            runs = [smooth(history["step"], history[column]) for history in histories]
            low, median, high = np.quantile([values for _, values in runs], [0.25, 0.5, 0.75], axis=0)
            axes.fill_between(runs[0][0], low, high, color=f"C{i}", alpha=0.25, linewidth=0)
            axes.plot(runs[0][0], median, color=f"C{i}", label=f"{name} {len(runs)} runs".strip())
        axes.set(ylabel=title, yscale=scale)
        set_scale(axes, [history[column] for histories in groups.values() for history in histories])
    axes.set_xlabel("step")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return pixels(figure)


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
    return pixels(figure)
