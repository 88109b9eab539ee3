"""The pictures of lecture 05. `python lectures/figures/objective.py` draws them again."""
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch
from style import D_BLUE, DATA, FAKE, save

HERE = Path(__file__).parent


def normal(x, mean=0.0):
    return np.exp(-(x - mean) ** 2 / 2) / np.sqrt(2 * np.pi)


def players():
    """The players, and the arrays that pass between them."""
    figure, axes = plt.subplots(figsize=(8, 2.7))
    axes.set(xlim=(0, 16), ylim=(0, 5.2))
    axes.axis("off")

    def box(x, y, text, colour, width=2.0, fill="white"):
        axes.add_patch(FancyBboxPatch((x - width / 2, y - 0.55), width, 1.1, facecolor=fill, edgecolor=colour,
                                      boxstyle="round,pad=0.05,rounding_size=0.2", linewidth=1.8))
        axes.text(x, y, text, ha="center", va="center", color=colour if fill == "white" else "white", fontsize=11)

    def arrow(start, end, text="", below=False):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#606060", "linewidth": 1.3})
        axes.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + (-0.55 if below else 0.3), text, ha="center",
                  fontsize=10, color="#303030")

    box(1.3, 1.1, r"noise $z \sim p_z$", "#606060", 2.3)
    box(5.2, 1.1, "G", FAKE, 1.4, FAKE)
    box(5.2, 4.0, r"data $x \sim p_d$", DATA, 2.4)
    box(10.2, 2.55, "D", D_BLUE, 1.4, D_BLUE)
    arrow((2.55, 1.1), (4.4, 1.1))
    arrow((6.0, 1.1), (9.4, 2.25), r"fake $G(z)$", below=True)
    arrow((6.5, 4.0), (9.4, 2.85), "real $x$")
    arrow((11.0, 2.55), (12.6, 2.55))
    axes.text(12.8, 2.55, "probability\nthat it is real", va="center", fontsize=11, color=D_BLUE)
    axes.text(5.2, -0.1, "counterfeiter", ha="center", fontsize=9, style="italic", color=FAKE)
    axes.text(5.2, 4.95, "mint", ha="center", fontsize=9, style="italic", color=DATA)
    axes.text(10.2, 1.4, "police", ha="center", fontsize=9, style="italic", color=D_BLUE)
    save(figure, HERE / "05-players.png")


def optimal():
    """The best discriminator between two normals, and why: the integrand of V at one point."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), width_ratios=(1.3, 1))
    x = np.linspace(-3.5, 5.5, 400)
    data, fake = normal(x), normal(x, 2)
    left.fill_between(x, data, color=DATA, alpha=0.25)
    left.fill_between(x, fake, color=FAKE, alpha=0.25)
    left.plot(x, data, color=DATA, label="$p_d$, data")
    left.plot(x, fake, color=FAKE, label="$p_g$, fakes")
    left.plot(x, data / (data + fake), color=D_BLUE, linewidth=2, label="$D^*$")
    left.axhline(0.5, color="#a0a0a0", linewidth=0.7, linestyle=":")
    left.plot([0, 1, 2], [0.880797, 0.5, 0.119203], "o", color=D_BLUE, markersize=4)
    left.set(xlabel="$x$", ylim=(0, 1.05), xlim=(x[0], x[-1]))
    left.legend(loc="center right", frameon=False)

    y = np.linspace(0.005, 0.995, 400)
    for point, colour in ((0, "#1f4e79"), (1, D_BLUE), (2, "#7fb2d6")):
        a, b = normal(point), normal(point, 2)
        right.plot(y, a * np.log(y) + b * np.log(1 - y), color=colour, label=f"at $x = {point}$")
        best = a / (a + b)
        right.plot(best, a * np.log(best) + b * np.log(1 - best), "o", color=colour, markersize=5)
    right.set(xlabel="$y = D(x)$", ylim=(-1.1, 0), xlim=(0, 1), title=r"$p_d \log y + p_g \log(1 - y)$")
    right.legend(frameon=False, loc="lower center")
    save(figure, HERE / "05-optimal.png")


def divergences():
    """JS levels off where KL keeps rising."""
    x = np.linspace(-12, 20, 3201)
    means = np.linspace(0, 6, 61)
    p = normal(x)
    js = []
    for mean in means:
        q = normal(x, mean)
        m = (p + q) / 2
        js.append(np.sum(p * np.log(p / m) + q * np.log(q / m)) / 2 * (x[1] - x[0]))
    figure, axes = plt.subplots(figsize=(5.6, 3.1))
    axes.plot(means, means ** 2 / 2, color="#808080", linestyle="--", label=r"$\mathrm{KL} = \mu^2/2$")
    axes.plot(means, js, color=FAKE, linewidth=2, label=r"$\mathrm{JS}$")
    axes.axhline(np.log(2), color="#a0a0a0", linewidth=0.8, linestyle=":")
    axes.text(0.1, np.log(2) + 0.03, r"$\log 2$", color="#606060")
    axes.set(xlabel=r"distance $\mu$ of the means of $N(0, 1)$ and $N(\mu, 1)$", ylim=(0, 1.4), xlim=(0, 6))
    axes.legend(frameon=False, loc="upper right")
    save(figure, HERE / "05-divergences.png")


if __name__ == "__main__":
    players()
    optimal()
    divergences()
