"""Three curves of the laboratory: the values of the objectives, the outputs of D, the distance of the two clouds."""
from __future__ import annotations

import numpy as np

from tinygan.lab.canvas import GREY, INK, Canvas
from tinygan.lab.state import Laboratory
from tinygan.plots import D_BLUE, DATA, FAKE

WIDTH, HEIGHT = 460, 690
LEFT, TOP, PANEL, EACH = 52, 44, 158, 222  # pixels: left margin, first title, height of a panel, from one to the next
LINES = {"V_D": ("D's", D_BLUE, "-"), "V_G": ("G's", FAKE, "--"), "real": ("on data", DATA, "-"),
         "fake": ("on samples", FAKE, "--"), "distance": ("sliced W1", INK, "-")}
PANELS = [("Values of the objectives", ("V_D", "V_G")), ("Mean output of D", ("real", "fake")),
          ("Distance of the samples from the data", ("distance",))]
CUT_OFF = -2 * np.log(2)


class Curves(Canvas):
    """Draws the history of a laboratory. Dotted lines: the values if D cannot tell the samples from the data."""

    def __init__(self):
        super().__init__(WIDTH, HEIGHT)
        self.panels = [self._panel(i, title) for i, (title, _) in enumerate(PANELS)]
        self.lines = {name: axes.plot([], [], style, color=colour, linewidth=1.7, label=label, animated=True)[0]
                      for axes, (_, names) in zip(self.panels, PANELS)
                      for name in names for label, colour, style in [LINES[name]]}
        self.references = [axes.axhline(np.nan, color="black", linewidth=1.1, linestyle=":") for axes in self.panels]
        self.labels: list[str] = []

    def draw(self, lab: Laboratory) -> np.ndarray:
        """The history as an image (HEIGHT, WIDTH, 4), uint8."""
        goals = lab.goals
        middle = 0.0 if goals.critic else 0.5
        self._mark([goals.blind, middle, None], ["-2 log 2" if goals.blind == CUT_OFF else f"{goals.blind or 0:.3g}",
                                                "0" if goals.critic else "1/2", ""])
        self._limits(lab.history, goals.critic)
        pixels = self.clear()
        self.draw_artists(self.lines.values())
        return pixels

    def _panel(self, i, title):
        axes = self.axes(LEFT, HEIGHT - TOP - PANEL - i * EACH, WIDTH - LEFT - 22, PANEL, xlim=(0, 100))
        axes.set_title(title, loc="left", fontsize=11, color=INK, pad=22)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(GREY)
        axes.tick_params(labelsize=9, colors=INK, labelbottom=i == len(PANELS) - 1)
        if i == len(PANELS) - 1:
            axes.set_xlabel("moves of either player", fontsize=9.5, color=INK)
        return axes

    def _mark(self, values, texts):
        """Moves the dotted lines, and names them in the legends if their values are new."""
        if texts == self.labels:
            return
        self.labels, self.still = texts, None
        for axes, line, value, text in zip(self.panels, self.references, values, texts):
            line.set_ydata([np.nan if value is None else value] * 2)
            line.set_label("_" if value is None else f"D cannot tell: {text}")
            axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.97), fontsize=9, frameon=False, ncols=3,
                        handlelength=1.6, columnspacing=1.2, borderaxespad=0)

    def _limits(self, history, critic):
        """Updates the lines, and the limits of the axes if they do not fit.

        The scale fits the game and the dotted line, or the second half of the game if that varies much less. So the
        scale recovers after samples ran away. Probabilities have the scale of all probabilities.
        """
        moves = history["moves"]
        every = len(moves) // 500 + 1
        end = 100 * 2 ** max(0, int(np.ceil(np.log2(max(1, moves[-1]) / 100))))
        for axes, line, (_, names) in zip(self.panels, self.references, PANELS):
            for name in names:
                self.lines[name].set_data(moves[::every], history[name][::every])
            if names == ("real", "fake") and not critic:
                low, high, room = 0.0, 1.0, 0.2
            else:
                low, high = _range([history[name] for name in names], line.get_ydata()[0])
                room = max(high - low, 0.1)
            bottom, top = axes.get_ylim()
            if low < bottom or high > top or high - low + 0.3 * room < (top - bottom) / 2 or end != axes.get_xlim()[1]:
                axes.set(xlim=(0, end), ylim=(low - 0.15 * room, high + 0.15 * room))
                self.still = None


def _range(columns, reference):
    """The least and the greatest value of the columns and the reference: see `Curves._limits`."""
    columns = np.array(columns)
    whole, late = columns, columns[:, columns.shape[1] // 2:]
    values = late if np.ptp(whole) > 20 * max(np.ptp(late), 0.1) else whole
    return float(np.nanmin([values.min(), reference])), float(np.nanmax([values.max(), reference]))
