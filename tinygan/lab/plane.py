"""The plane of the laboratory: the output of D as colours under the points and arrows, or the map of G.

On the plane, circles are data and triangles are samples. If the samples run away, the view follows them.
"""
from __future__ import annotations

import numpy as np

from tinygan.lab.canvas import DARK, GREY, INK, Canvas
from tinygan.lab.state import SPAN, Laboratory, View
from tinygan.plots import DATA, FAKE

FIELD = ["#e8963a", "#f6d3a8", "#fbfaf7", "#b5d2ea", "#5c9fd3"]  # from "generated" through "undecided" to "real"
SIDE, LEFT, LOW = 592, 8, 62  # side and lower left corner of the plane, in pixels
WIDTH, HEIGHT = LEFT + SIDE + 8, LOW + SIDE + 36
ARROWS, LONGEST = 150, 0.25  # number of arrows; length of the longest, for the nearest view
INSET, REACH = 140, 2.6  # the noise: side in pixels, and [-REACH, REACH]^2 is shown
FARTHEST = 2.0**40  # the view follows no farther
NOISE = "viridis"  # the colours of the first coordinate of the noise


class Plane(Canvas):
    """Draws the players' state. The view is [-span, span]^2.

    follow: whether the view widens until it holds four samples of five; otherwise it is the square of the data.
    """

    def __init__(self):
        from matplotlib import colormaps
        from matplotlib.collections import LineCollection
        from matplotlib.colors import LinearSegmentedColormap
        super().__init__(WIDTH, HEIGHT)
        self.span, self.follow, self.mode = SPAN, True, ""
        shades = np.linspace(-1, 1, 255)
        shades = 0.5 + 0.5 * np.sign(shades) * np.abs(shades) ** 0.7  # a little more colour where D is undecided
        self.colours = LinearSegmentedColormap.from_list("field", FIELD)(shades, bytes=True)[:, :3]
        self.noise = colormaps[NOISE]
        self.plane = self.axes(LEFT, LOW, SIDE, SIDE, xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN))
        self.plane.set_axis_off()
        self.inset = self.axes(LEFT + 8, LOW + 8, INSET, INSET, xlim=(-REACH, REACH), ylim=(-REACH, REACH))
        self.inset.set_axis_off()
        lines = [LineCollection([], colors=GREY, linewidths=width, animated=True) for width in (0.9, 1, 1.2, 1, 1.2)]
        self.border, *grids = lines
        for axes, group in ((self.plane, lines[:3]), (self.inset, lines[3:])):
            for each in group:
                axes.add_collection(each)
        self.grid, self.noise_grid = grids[:2], grids[2:]
        dots = {"markeredgewidth": 0.6, "markeredgecolor": "white", "animated": True}
        self.real = self._dots("o", color=DATA, markersize=5.4, **dots)
        self.fake = self._dots("^", color=FAKE, markersize=6.2, **dots)
        self.pale = self._dots("o", color="#c9c9c9", markersize=5, animated=True)
        self.rings = [self._dots(marker, color="none", markersize=9, markeredgewidth=1.1, markeredgecolor=INK,
                                 animated=True) for marker in "o^"]
        self.home = self._dots("--", color=GREY, linewidth=1, animated=True)
        self.home.set_data(SPAN * np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]))
        self.title = self.figure.text((LEFT + 2) / WIDTH, 1 - 19 / HEIGHT, "", color=INK, fontsize=12, va="center",
                                      animated=True)
        self.caption = self.inset.text(-REACH + 0.1, REACH - 0.1, "noise z", color=INK, fontsize=11, va="top",
                                       animated=True)
        self.legends = {"field": self._legend(
            [(0, "o", DATA, "data"), (84, "^", FAKE, "samples of G"), (236, "->", DARK, "direction that helps G")],
            ["D's output: generated", self.colours, "real, line at the middle"]), "map": self._legend(
            [(0, "o", "#c9c9c9", "data"), (84, "^", self.noise(0.5), "G's image of the noise and of a square grid")],
            ["first coordinate of the noise: -2", self.noise(np.linspace(0, 1, 255), bytes=True)[:, :3], "2"])}

    def draw(self, lab: Laboratory, view: View, scene: str = "", mode: str = "field") -> np.ndarray:
        """The state as an image (HEIGHT, WIDTH, 4), uint8. scene: a caption. mode: "field" or "map"."""
        self._look_at(view.fake)
        moved = f"D has moved {lab.moves['D']} times, G {lab.moves['G']}"
        wider = self.span / SPAN
        far = f"   ·   view {wider:.0f} times as wide" if wider < 1e4 else f"   ·   view {wider:.0e} times as wide"
        self.title.set_text(moved + (f"   ·   {scene}" if scene else far * (wider > 1)))
        if mode != self.mode:
            self.mode, self.still = mode, None
            for name, axes in self.legends.items():
                axes.set_visible(name == mode)
        pixels = self.clear()
        plane = pixels[HEIGHT - LOW - SIDE:HEIGHT - LOW, LEFT:LEFT + SIDE, :3]
        plane[:] = self._paint(lab) if mode == "field" else 250
        over = [self.home] * (wider > 1) + [self.title]
        if mode == "field":
            self.real.set_data(*view.real.T)
            self.fake.set_data(*view.fake.T)
            for ring, points in zip(self.rings, lab.seen if scene and lab.seen else [np.empty((0, 2))] * 2):
                ring.set_data(*points[:40].T)
            arrows = self._arrows(view)
            self.draw_artists([self.border, self.real, arrows, self.fake, *self.rings, *over])
            arrows.remove()
        else:
            self._draw_map(lab, view, pixels, over)
        return pixels

    def place(self, x: float, y: float) -> tuple[float, float] | None:
        """The point of the plane at a pixel (counted from the top left); None outside the plane."""
        u, v = (x - LEFT) / SIDE, (HEIGHT - LOW - y) / SIDE
        return (self.span * (2 * u - 1), self.span * (2 * v - 1)) if 0 <= u <= 1 and 0 <= v <= 1 else None

    def _look_at(self, fake):
        """Doubles or halves the view until it fits. It shrinks only if there is much room, so it does not flicker."""
        reach = float(np.quantile(np.abs(fake).max(axis=1), 0.8)) if self.follow else 0.0
        while reach > self.span and self.span < FARTHEST:
            self.span *= 2
        while self.span > SPAN and (reach < 0.4 * self.span):
            self.span /= 2
        self.plane.set(xlim=(-self.span, self.span), ylim=(-self.span, self.span))

    def _dots(self, style, **options):
        [line] = self.plane.plot([], [], style, **options)
        return line

    def _legend(self, symbols, scale):
        """The axes of a legend in two rows below the plane: symbols, and a scale of colours between two texts."""
        axes = self.axes(LEFT, 4, SIDE, LOW - 10)
        axes.set_axis_off()
        text = {"fontsize": 11.5, "color": INK, "va": "center"}
        for x, symbol, colour, meaning in symbols:
            if symbol == "->":
                axes.annotate("", (x + 22, 44), (x + 2, 36), annotation_clip=False,
                              arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.4})
            else:
                axes.plot([x + 10], [40], symbol, color=colour, markersize=7)
            axes.text(x + (28 if symbol == "->" else 20), 40, meaning, **text)
        axes.text(3, 13, scale[0], **text)
        left = 22 + 8.2 * len(scale[0])
        axes.imshow(scale[1][None], extent=(left, left + 110, 7, 19), aspect="auto")
        axes.text(left + 118, 13, scale[2], **text)
        axes.set(xlim=(0, SIDE), ylim=(0, LOW - 10))
        return axes

    def _paint(self, lab) -> np.ndarray:
        """The field as colours (SIDE, SIDE, 3); draws a line at D = 1/2, or at a critic's median."""
        import contourpy
        from PIL import Image
        field, critic = lab.field(span=self.span), lab.goals.critic
        middle = float(np.median(field)) if critic else 0.5
        reach = max(float(np.abs(field - middle).max()), 1e-6) if critic else 0.5
        n = len(field)
        ticks = np.linspace(-self.span, self.span, n)
        self.border.set_segments([*contourpy.contour_generator(ticks, ticks, field).lines(middle)])
        shades = np.clip(np.rint(127 + 127 * (field - middle) / reach), 0, 254).astype(int)
        return np.asarray(Image.fromarray(self.colours[shades[::-1]]).resize(
            (SIDE, SIDE), Image.Resampling.BICUBIC, box=(0.5, 0.5, n - 0.5, n - 0.5)))

    def _arrows(self, view):
        """The arrows of the first fakes. Their length grows with the gradient, up to LONGEST."""
        points, arrows = view.fake[:ARROWS], view.arrows[:ARROWS]
        arrows = LONGEST * self.span / SPAN * arrows / (0.4 + np.linalg.norm(arrows, axis=1, keepdims=True))
        return self.plane.quiver(*points.T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=0.0027, color=DARK,
                                 alpha=0.85, animated=True)

    def _draw_map(self, lab, view, pixels, over):
        """Draws the data, the image under G of a grid and of the noise, and in a corner the grid and the noise."""
        z, image = lab.sheet()
        latents = lab.z.numpy()
        for grids, points in ((self.grid, image), (self.noise_grid, z)):
            for lines, segments in zip(grids, points[::-1]):  # the coloured lines are drawn over the grey ones
                lines.set_segments(segments)
            grids[1].set_color([*self.noise(np.linspace(0, 1, len(z[0])))])
        colours = self.noise(latents[:, 0] / 4 + 0.5)
        self.pale.set_data(*view.real.T)
        samples = self._scatter(self.plane, view.fake, colours, 26)
        self.draw_artists([self.pale, *self.grid, samples, *over])
        corner = pixels[HEIGHT - LOW - 8 - INSET:HEIGHT - LOW - 8, LEFT + 8:LEFT + 8 + INSET, :3]
        corner[:] = 255
        noise = self._scatter(self.inset, latents, colours, 10)
        self.draw_artists([*self.noise_grid, noise, self.caption])
        samples.remove(), noise.remove()
        corner[[0, -1]] = corner[:, [0, -1]] = 128

    @staticmethod
    def _scatter(axes, points, colours, size):
        return axes.scatter(*points.T, c=colours, s=size, marker="^", edgecolors="white", linewidths=0.4, animated=True)
