"""The laboratory as widgets, for a notebook and for the page of `tinygan lab`. Only `Panel` imports ipywidgets."""
from __future__ import annotations

import asyncio
import time

import numpy as np

from tinygan.game import Diverged
from tinygan.lab.picture import WIDTH, Picture
from tinygan.lab.state import SETS, Laboratory, drawn
from tinygan.objectives import OBJECTIVES

FRAMES = 20  # at most, per second
OWN = "draw your own"
R1 = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
PLAY, PAUSE = "▶ play", "❚❚ pause"
ABOUT = """<div style="line-height:1.4"><b style="font-size:1.45em">The GAN laboratory</b><br>
<b style="color:#d1495b">G</b> makes points from noise. <b style="color:#2e6f95">D</b> colours the plane: green where
it classifies a point as real. Each arrow shows where the gradient of D moves one sample of G.</div>"""
NOTE = "<div style='line-height:1.35;color:#7c1626'>{}</div>"
DRAW = NOTE.format("Click on the plane, or drag the mouse over it, to draw your data.")


class Panel:
    """Buttons, sliders and the picture of one laboratory. A notebook shows it as the value of a cell.

    lab: the laboratory. points: the points (x, y) that the user drew.
    """

    def __init__(self, lab: Laboratory | None = None):
        import ipyevents
        import ipywidgets as w
        from threadpoolctl import threadpool_limits
        threadpool_limits(1, "blas")  # the matrices are small; the browser needs the other core
        self.lab, self.picture = lab or Laboratory(), Picture()
        self.points: list[tuple[float, float]] = []
        self.film: asyncio.Task | None = None
        self.scenes = self.lab.slowly()
        wide = w.Layout(width="auto", margin="2px 0")

        def button(text, tooltip, does, style=""):
            made = w.Button(description=text, tooltip=tooltip, button_style=style, layout=wide)
            made.on_click(lambda _: does())
            return made

        def control(kind, text, tooltip, does=None, **options):
            made = kind(description=text, tooltip=tooltip, layout=wide, style={"description_width": "52px"}, **options)
            if does:
                made.observe(lambda change: does(change.new), "value")
            return made

        def setting(kind, name, text, tooltip, **options):
            return control(kind, text, tooltip, lambda value: self.set(name, value), value=getattr(self.lab, name),
                           **options)

        self.play_button = button(PLAY, "train until you pause", self.toggle, "success")
        self.slow = control(w.ToggleButton, "slow motion", "show each move slowly")
        self.data = control(w.Dropdown, "data", "the distribution that G imitates", self.choose, options=[*SETS, OWN])
        self.speed = control(w.IntSlider, "speed", "steps per frame", value=3, min=1, max=20)
        self.note = w.HTML()
        rate = {"min": -5, "max": -1, "step": 0.1, "readout_format": ".1e"}
        controls = w.VBox([
            w.HTML(ABOUT), self.data,
            setting(w.Dropdown, "objective", "game", "the objectives of both players", options=list(OBJECTIVES)),
            w.GridBox([self.play_button, self.slow,
                       button("step", "k moves of D, then one of G", lambda: self.move(self.lab.step), "primary"),
                       button("reset", "start again with new players", self.reset),
                       button("step D", "one move of D; G is fixed", lambda: self.move(self.lab.step_d)),
                       button("step G", "one move of G; D is fixed", lambda: self.move(self.lab.step_g))],
                      layout=w.Layout(grid_template_columns="1fr 1fr", grid_gap="0 4px")),
            self.speed,
            setting(w.FloatLogSlider, "rate_d", "D's rate", "the learning rate of D", **rate),
            setting(w.FloatLogSlider, "rate_g", "G's rate", "the learning rate of G", **rate),
            setting(w.IntSlider, "k", "k", "moves of D per step", min=1, max=10),
            setting(w.SelectionSlider, "r1", "R1", "weight of the penalty on D's gradient at the data",
                    options=sorted({*R1, self.lab.r1})),
            button("clear my drawing", "remove the points that you drew", self.clear), self.note,
        ], layout=w.Layout(width="262px", min_width="262px", margin="0 14px 0 0"))
        self.image = w.Image(format="jpeg", layout=w.Layout(width="100%", max_width=f"{WIDTH}px", height="auto"))
        self.mouse = ipyevents.Event(source=self.image, watched_events=["mousedown", "mousemove"], wait=30,
                                     throttle_or_debounce="throttle", prevent_default_action=True)
        self.mouse.on_dom_event(self.touch)
        self.widget = w.HBox([controls, w.Box([self.image], layout=w.Layout(flex="1 1 auto", min_width="0"))],
                             layout=w.Layout(align_items="flex-start", width="100%"))
        self.show()

    def _repr_mimebundle_(self, **options):
        """The widget for a live kernel, and the picture for a static page."""
        return {**self.widget._repr_mimebundle_(**options), "image/png": self.picture.png(self.lab)}

    def show(self, scene: str = ""):
        """Draws the present state."""
        self.image.value = self.attempt(lambda: self.picture.jpeg(self.lab, scene)) or self.image.value

    def set(self, name, value):
        """Changes a setting; it holds from the next move."""
        setattr(self.lab, name, value)
        if not self.film:
            self.show()

    def move(self, does):
        """Pauses, calls `does` (one of the three steps) and draws."""
        self.pause()
        self.note.value = ""
        self.attempt(does)
        self.show()

    def attempt(self, does):
        """Calls `does` and returns its value; if a player diverges, shows a note and returns None."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # Diverged is clearer than a warning
                return does()
        except Diverged as error:
            self.pause()
            self.note.value = NOTE.format(f"{error}. Press reset.")
            return None

    def reset(self):
        self.pause()
        self.lab.reset()
        self.note.value = ""
        self.show()

    def toggle(self):
        """Starts the film, or pauses it."""
        if self.film:
            self.pause()
        else:
            self.play_button.description, self.note.value = PAUSE, ""
            self.film = asyncio.get_running_loop().create_task(self.play())

    def pause(self):
        self.play_button.description = PLAY
        self.scenes.close()
        self.scenes = self.lab.slowly()
        if self.film:
            self.film.cancel()
            self.film = None

    async def play(self):
        """Shows frames until the task is cancelled."""
        while True:
            start = time.perf_counter()
            scene = self.attempt(self.advance)
            if scene is None:
                return
            text, seconds = scene
            self.show(text)
            await asyncio.sleep(max(0.005, seconds - (time.perf_counter() - start)))

    def advance(self) -> tuple[str, float]:
        """Advances by one frame; returns its caption and its duration in seconds."""
        if self.slow.value:
            for scene in self.scenes:
                return scene
            self.scenes = self.lab.slowly()
            return next(self.scenes)
        self.scenes.close()
        for _ in range(self.speed.value):
            self.lab.step()
        return "", 1 / FRAMES

    def choose(self, name):
        """Changes the data; the players stay."""
        if name == OWN:
            self.note.value = DRAW
        self.set("source", SETS[name] if name in SETS else drawn(self.points) if self.points else self.lab.source)

    def touch(self, event):
        """Adds a point at the mouse, if the user draws data and holds a button."""
        place = self.picture.place(event["dataX"], event["dataY"])
        if self.data.value == OWN and place and (event["type"] == "mousedown" or event["buttons"] & 1):
            self.points.append(place)
            self.choose(OWN)

    def clear(self):
        self.points.clear()
        self.data.value = OWN
        self.note.value = DRAW
