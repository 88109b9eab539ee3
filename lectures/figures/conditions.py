"""The drawing of lecture 10. `python lectures/figures/conditions.py` draws it again."""
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch
from style import D_BLUE, FAKE, save

HERE = Path(__file__).parent


def unrolled():
    """A cell at four steps: states go right, their derivatives come back."""
    figure, axes = plt.subplots(figsize=(8, 2.9))
    axes.set(xlim=(0, 16), ylim=(-0.2, 5.6))
    axes.axis("off")

    def arrow(start, end, colour, style="-"):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.4,
                                                  "linestyle": style})
    places = [2, 5.4, 8.8, 13.2]
    for i, (x, t) in enumerate(zip(places, ("1", "2", "3", "T"))):
        axes.add_patch(FancyBboxPatch((x - 0.7, 2.1), 1.4, 1.3, facecolor=D_BLUE, edgecolor=D_BLUE,
                                      boxstyle="round,pad=0.05,rounding_size=0.2"))
        axes.text(x, 2.75, "cell\n$W, U$", ha="center", va="center", color="white", fontsize=9)
        arrow((x, 0.7), (x, 1.95), "#404040")
        axes.text(x, 0.2, f"$x_{t}$", ha="center", fontsize=11)
        axes.text(x, 5.2, f"$h_{t}$", ha="center", fontsize=11)
        arrow((x - 0.15, 3.55), (x - 0.15, 4.95), "#404040")
        arrow((x + 0.15, 4.95), (x + 0.15, 3.55), FAKE, "--")
        axes.text(x + 0.35, 4.2, f"$e_{t}$", color=FAKE, fontsize=10)
        if i:
            middle = (places[i - 1] + x) / 2
            if i == 3:
                axes.text(middle, 2.72, r"$\cdots$", ha="center", fontsize=14)
                spans = [(places[2] + 0.85, middle - 0.5), (middle + 0.5, x - 0.85)]
            else:
                spans = [(places[i - 1] + 0.85, x - 0.85)]
            for left, right in spans:
                arrow((left, 3.05), (right, 3.05), "#404040")
                arrow((right, 2.45), (left, 2.45), FAKE, "--")
            if i < 3:
                axes.text(middle, 3.3, f"$h_{i}$", ha="center", fontsize=10)
                axes.text(middle, 1.65, rf"$\gamma_{i + 1} U^\top$", ha="center", color=FAKE, fontsize=10)
    save(figure, HERE / "10-unrolled.png")


if __name__ == "__main__":
    unrolled()
