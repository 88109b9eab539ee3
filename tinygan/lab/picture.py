"""The picture of the laboratory: the field of D with points and arrows, and three curves. Fast enough for a film.

The static parts (frames, labels, ticks) are drawn once and kept as pixels; each frame draws the moving parts on them.
"""
from __future__ import annotations

import io

import numpy as np

from tinygan.lab.state import SPAN, Laboratory
from tinygan.plots import default_style

DATA, FAKE, D_BLUE, INK, DARK = "#2f6b3a", "#d1495b", "#2e6f95", "#3c3c3c", "#7c1626"
FIELD = ["#e8808f", "#f6c6cc", "#fbfaf7", "#c3dcc4", "#73b082"]  # from "generated" through "undecided" to "real"
WIDTH, HEIGHT, DPI = 1060, 664, 100
SIDE, LEFT, LOW = 592, 8, 36  # side and lower left corner of the plane, in pixels
ARROWS, LONGEST = 150, 0.25  # number of arrows; length of the longest
CURVES = [("values of the objectives", {"V_D": ("D's", D_BLUE), "V_G": ("G's", FAKE)}),
          ("mean output of D", {"real": ("on data", DATA), "fake": ("on samples", FAKE)}),
          ("distance of the samples from the data", {"distance": ("sliced W1", INK)})]


class Picture:
    """Draws a laboratory; one object draws every frame of a film."""

    @default_style()
    def __init__(self):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.collections import LineCollection
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure
        self.figure = Figure((WIDTH / DPI, HEIGHT / DPI), DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        shades = np.linspace(-1, 1, 255)
        shades = 0.5 + 0.5 * np.sign(shades) * np.abs(shades) ** 0.7  # a little more colour where D is undecided
        self.colours = LinearSegmentedColormap.from_list("field", FIELD)(shades, bytes=True)[:, :3]
        self.plane = self._axes(LEFT, LOW, SIDE, SIDE, xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN), xticks=[], yticks=[])
        self.plane.set_axis_off()
        self.border = self.plane.add_collection(LineCollection([], colors="#8a8a8a", linewidths=0.9))
        dots = {"markersize": 5, "markeredgewidth": 0.5, "markeredgecolor": "white"}
        [self.real], [self.fake] = (self.plane.plot([], [], "o", color=colour, **dots) for colour in (DATA, FAKE))
        self.rings = [self.plane.plot([], [], "o", color="none", markersize=8, markeredgewidth=1,
                                      markeredgecolor=colour)[0] for colour in (DATA, DARK)]
        self.title = self.figure.text((LEFT + 2) / WIDTH, 1 - 18 / HEIGHT, "", color=INK, fontsize=11, va="center")
        self.panels = [self._panel(i, title) for i, (title, _) in enumerate(CURVES)]
        self.lines = {name: axes.plot([], [], color=colour, linewidth=1.5, label=label)[0]
                      for axes, (_, group) in zip(self.panels, CURVES) for name, (label, colour) in group.items()}
        self.middle = self.panels[1].axhline(0.5, color="#a0a0a0", linewidth=0.8, linestyle=":")
        for axes in self.panels:
            axes.legend(loc="upper right", fontsize=8, frameon=False, ncols=2, handlelength=1.2)
        self._legend()
        self.over = [self.fake, *self.rings, self.title, self.middle, *self.lines.values()]  # drawn over the arrows
        for artist in (self.border, self.real, *self.over):
            artist.set_animated(True)
        self.still = None

    @default_style()
    def draw(self, lab: Laboratory, scene: str = "") -> np.ndarray:
        """The present state as an image (HEIGHT, WIDTH, 4), uint8. scene: a caption."""
        view, field, critic = lab.look(), lab.field(), lab.goals.critic
        self.real.set_data(*view.real.T)
        self.fake.set_data(*view.fake.T)
        for ring, points in zip(self.rings, lab.seen if scene and lab.seen else [np.empty((0, 2))] * 2):
            ring.set_data(*points[:40].T)
        self.middle.set_ydata([0 if critic else 0.5] * 2)
        self.title.set_text(f"D has moved {lab.moves['D']} times, G {lab.moves['G']}" + f"   ·   {scene}" * bool(scene))
        self._curves(lab.history)
        if self.still is None:
            self.canvas.draw()
            self.still = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self.still)
        pixels = np.asarray(self.canvas.buffer_rgba())
        top = HEIGHT - LOW - SIDE
        pixels[top:top + SIDE, LEFT:LEFT + SIDE, :3] = self._paint(field, critic)
        arrows = self._arrows(view)
        for artist in (self.border, self.real, arrows, *self.over):
            self.figure.draw_artist(artist)
        arrows.remove()
        return pixels

    def png(self, lab: Laboratory, scene: str = "") -> bytes:
        """`draw` as a PNG: a small file."""
        return self._file(lab, scene, 128, format="PNG", optimize=True)

    def jpeg(self, lab: Laboratory, scene: str = "") -> bytes:
        """`draw` as a JPEG: fast to make, for films."""
        return self._file(lab, scene, None, format="JPEG", quality=90, subsampling=0)

    def place(self, x: float, y: float) -> tuple[float, float] | None:
        """The point of the plane at a pixel (counted from the top left); None outside the plane."""
        u, v = (x - LEFT) / SIDE, (HEIGHT - LOW - y) / SIDE
        return (SPAN * (2 * u - 1), SPAN * (2 * v - 1)) if 0 <= u <= 1 and 0 <= v <= 1 else None

    def _file(self, lab, scene, colours, **options):
        from PIL import Image
        image, file = Image.fromarray(self.draw(lab, scene)).convert("RGB"), io.BytesIO()
        if colours:
            image = image.quantize(colours, dither=Image.Dither.NONE)
        image.save(file, **options)
        return file.getvalue()

    def _axes(self, x, y, width, height, **options):
        """Axes at a place in pixels, counted from the bottom left."""
        return self.figure.add_axes((x / WIDTH, y / HEIGHT, width / WIDTH, height / HEIGHT), **options)

    def _panel(self, i, title):
        left, height = LEFT + SIDE + 74, 148
        axes = self._axes(left, HEIGHT - 36 - height - i * (height + 59), WIDTH - left - 16, height, xlim=(0, 100))
        axes.set_title(title, loc="left", fontsize=10, color=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#a0a0a0")
        axes.tick_params(labelsize=8, colors=INK)
        if i == len(CURVES) - 1:
            axes.set_xlabel("moves of either player", fontsize=8, color=INK)
        return axes

    def _legend(self):
        """Draws the legend below the plane."""
        axes = self._axes(LEFT, 4, SIDE, LOW - 10, xlim=(0, SIDE), ylim=(0, LOW - 10))
        axes.set_axis_off()
        axes.plot([8], [11], "o", color=DATA, markersize=6)
        axes.plot([62], [11], "o", color=FAKE, markersize=6)
        axes.annotate("", (152, 15), (134, 7), arrowprops={"arrowstyle": "->", "color": DARK})
        axes.imshow(self.colours[None], extent=(456, 552, 5, 17), aspect="auto")
        axes.set(xlim=(0, SIDE), ylim=(0, LOW - 10))
        for x, text in [(16, "data"), (70, "samples"), (158, "direction that helps G"), (558, "real")]:
            axes.text(x, 11, text, fontsize=9, color=INK, va="center")
        axes.text(450, 11, "output of D: generated", fontsize=9, color=INK, va="center", ha="right")

    def _paint(self, field, critic):
        """The field as colours (SIDE, SIDE, 3); draws a line at D = 1/2, or at a critic's median."""
        import contourpy
        from PIL import Image
        middle = float(np.median(field)) if critic else 0.5
        reach = max(float(np.abs(field - middle).max()), 1e-6) if critic else 0.5
        n = len(field)
        ticks = np.linspace(-SPAN, SPAN, n)
        self.border.set_segments(contourpy.contour_generator(ticks, ticks, field).lines(middle))
        shades = np.clip(np.rint(127 + 127 * (field - middle) / reach), 0, 254).astype(int)
        return np.asarray(Image.fromarray(self.colours[shades[::-1]]).resize(
            (SIDE, SIDE), Image.Resampling.BICUBIC, box=(0.5, 0.5, n - 0.5, n - 0.5)))

    def _arrows(self, view):
        """The arrows of the first fakes. Their length grows with the gradient, up to LONGEST."""
        points, arrows = view.fake[:ARROWS], view.arrows[:ARROWS]
        arrows = LONGEST * arrows / (0.4 + np.linalg.norm(arrows, axis=1, keepdims=True))
        return self.plane.quiver(*points.T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=0.0027, color=DARK,
                                 alpha=0.8, animated=True)

    def _curves(self, history):
        """Updates the lines, and the limits of the axes if the lines do not fit."""
        every = len(history["moves"]) // 500 + 1
        for name, line in self.lines.items():
            line.set_data(history["moves"][::every], history[name][::every])
        end = 100 * 2 ** max(0, int(np.ceil(np.log2(max(1, history["moves"][-1]) / 100))))
        for axes, (_, group) in zip(self.panels, CURVES):
            values = np.concatenate([history[name] for name in group])
            low, high = float(values.min()), float(values.max())
            bottom, top = axes.get_ylim()
            if low < bottom or high > top or high - low < (top - bottom) / 5 or end != axes.get_xlim()[1]:
                room = max(high - low, 0.1)
                axes.set(xlim=(0, end), ylim=(low - 0.1 * room, high + 0.35 * room))
                self.still = None
