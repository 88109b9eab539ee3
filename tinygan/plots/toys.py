"""Pictures of toy games: paths of two players, trees."""
from __future__ import annotations

import numpy as np

from tinygan.plots.style import default_style, new_figure, pixels


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
    return pixels(figure)


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
    figure, axes = new_figure(max(4, 0.8 * width), 1.5 * depth)
    for x, y, text, value, children in nodes:
        for child in children:
            axes.plot([x, child], [y, y - 1], color="#a0a0a0", linewidth=0.8, zorder=0)
        colour = {1: "#8ecae6", 0: "#eeeeee", -1: "#f4a9a8"}[value]
        axes.text(x, y, f"{text}\n{value:+d}" if value else f"{text}\n0", ha="center", va="center", fontsize=8,
                  family="monospace", bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "#808080"})
    axes.set(xlim=(-0.7, width - 0.3), ylim=(0.5 - depth, 0.5))
    axes.axis("off")
    return pixels(figure)
