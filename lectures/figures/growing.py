"""The drawing of lecture 11. `python lectures/figures/growing.py` draws it again."""
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch
from style import D_BLUE, DATA, FAKE, save

HERE = Path(__file__).parent


def network():
    """A style-based generator: the mapping network on the left, the layers on the right."""
    figure, axes = plt.subplots(figsize=(8, 4.6))
    axes.set(xlim=(0, 16), ylim=(-0.3, 9.4))
    axes.axis("off")

    def box(x, y, text, colour, width=2.2, height=0.9):
        axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, facecolor=colour,
                                      edgecolor=colour, boxstyle="round,pad=0.05,rounding_size=0.15"))
        axes.text(x, y, text, ha="center", va="center", color="white", fontsize=9.5)

    def arrow(start, end, colour="#404040"):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.3})

    axes.text(1.5, 8.9, "$z$", ha="center", va="center", fontsize=12)
    arrow((1.5, 8.5), (1.5, 7.75))
    box(1.5, 7.2, "pixel norm", "#707070")
    arrow((1.5, 6.7), (1.5, 5.95))
    box(1.5, 4.9, "mapping\nnetwork $f$", FAKE, 2.2, 2.0)
    arrow((1.5, 3.8), (1.5, 2.95))
    axes.text(1.5, 2.5, "$w$", ha="center", va="center", fontsize=12)
    axes.plot([1.9, 4.6], [2.5, 2.5], color="#404040", linewidth=1.3)
    rows = [7.0, 4.6, 1.4]
    axes.plot([4.6, 4.6], [rows[-1], rows[0]], color="#404040", linewidth=1.3)
    box(9.9, 8.7, "a learned constant, 4 by 4", DATA, 4.6)
    arrow((9.9, 8.2), (9.9, 7.55))
    texts = ["noise, leaky ReLU, AdaIN", "convolution, noise, leaky ReLU, AdaIN",
             "upsample, convolution, noise,\nleaky ReLU, AdaIN"]
    for i, (y, text) in enumerate(zip(rows, texts)):
        box(9.9, y, text, D_BLUE, 6.0, 1.0)
        arrow((4.6, y), (6.75, y))
        axes.text(5.6, y + 0.25, rf"$w A_{i} + a_{i}$", ha="center", fontsize=9)
        arrow((14.3, y), (13.05, y))
        axes.text(14.45, y, rf"$\eta_{i}$", va="center", fontsize=11)
    arrow((9.9, 6.45), (9.9, 5.2))
    arrow((9.9, 4.05), (9.9, 2.0))
    axes.text(10.15, 5.8, "4 by 4", fontsize=9, va="center")
    axes.text(10.15, 3.0, "4 by 4", fontsize=9, va="center")
    arrow((9.9, 0.85), (9.9, 0.15))
    axes.text(10.15, 0.5, r"8 by 8, and so on $\cdots$ at last to colours", fontsize=9, va="center")
    save(figure, HERE / "11-network.png")


if __name__ == "__main__":
    network()
