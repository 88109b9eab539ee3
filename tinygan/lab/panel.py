"""The laboratory as widgets, for a notebook and for the page of `tinygan lab`. ipywidgets are imported to make one."""
from __future__ import annotations

import asyncio
import time

import numpy as np

from tinygan.game import Diverged
from tinygan.lab.picture import WIDTH, Picture
from tinygan.lab.state import SETS, Laboratory, drawn
from tinygan.objectives import OBJECTIVES

FRAMES = 20  # a second, at most
OWN = "draw your own"
R1 = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
PLAY, PAUSE = "▶ play", "❚❚ pause"
ABOUT = """<div style="line-height:1.4"><b style="font-size:1.45em">The GAN laboratory</b><br>
<b style="color:#d1495b">G</b> makes points out of noise. <b style="color:#2e6f95">D</b> colours the plane: green where
it takes a point for real. Every arrow is what D's slope tells G about one sample.</div>"""
NOTE = "<div style='line-height:1.35;color:#7c1626'>{}</div>"
DRAW = NOTE.format("Click on the plane, or drag over it: that is your data.")


class Panel:
    """Buttons, sliders and the picture of one laboratory: shown by a notebook as the value of a cell.

    lab: the laboratory to play with. points: what was drawn into the picture, pairs (x, y).
    """

    def __init__(self, lab: Laboratory | None = None):
        import ipyevents
        import ipywidgets as w
        from threadpoolctl import threadpool_limits
        threadpool_limits(1, "blas")  # for products this small; the other core is the browser's
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

        self.play_button = button(PLAY, "step after step, until you pause", self.toggle, "success")
        self.slow = control(w.ToggleButton, "slow motion", "one move after the other, each in scenes")
        self.data = control(w.Dropdown, "data", "what G is to imitate", self.choose, options=[*SETS, OWN])
        self.speed = control(w.IntSlider, "speed", "steps from one frame to the next", value=3, min=1, max=20)
        self.note = w.HTML()
        rate = {"min": -5, "max": -1, "step": 0.1, "readout_format": ".1e"}
        controls = w.VBox([
            w.HTML(ABOUT), self.data,
            setting(w.Dropdown, "objective", "game", "what the two players want", options=list(OBJECTIVES)),
            w.GridBox([self.play_button, self.slow,
                       button("step", "k moves of D, then one of G", lambda: self.move(self.lab.step), "primary"),
                       button("reset", "new players", self.reset),
                       button("step D", "one move of D; G stays", lambda: self.move(self.lab.step_d)),
                       button("step G", "one move of G; D stays", lambda: self.move(self.lab.step_g))],
                      layout=w.Layout(grid_template_columns="1fr 1fr", grid_gap="0 4px")),
            self.speed,
            setting(w.FloatLogSlider, "rate_d", "D's rate", "the learning rate of D", **rate),
            setting(w.FloatLogSlider, "rate_g", "G's rate", "the learning rate of G", **rate),
            setting(w.IntSlider, "k", "k", "moves of D in a step", min=1, max=10),
            setting(w.SelectionSlider, "r1", "R1", "weight of the penalty on D's slope at the data",
                    options=sorted({*R1, self.lab.r1})),
            button("clear my drawing", "forget the points that you drew", self.clear), self.note,
        ], layout=w.Layout(width="262px", min_width="262px", margin="0 14px 0 0"))
        self.image = w.Image(format="jpeg", layout=w.Layout(width="100%", max_width=f"{WIDTH}px", height="auto"))
        self.mouse = ipyevents.Event(source=self.image, watched_events=["mousedown", "mousemove"], wait=30,
                                     throttle_or_debounce="throttle", prevent_default_action=True)
        self.mouse.on_dom_event(self.touch)
        self.widget = w.HBox([controls, w.Box([self.image], layout=w.Layout(flex="1 1 auto", min_width="0"))],
                             layout=w.Layout(align_items="flex-start", width="100%"))
        self.show()

    def _repr_mimebundle_(self, **options):
        """The widget where there is a kernel, else the picture."""
        return {**self.widget._repr_mimebundle_(**options), "image/png": self.picture.png(self.lab)}

    def show(self, scene: str = ""):
        """Draws the laboratory as it is."""
        self.image.value = self.attempt(lambda: self.picture.jpeg(self.lab, scene)) or self.image.value

    def set(self, name, value):
        """A slider was moved: from the next move on."""
        setattr(self.lab, name, value)
        if not self.film:
            self.show()

    def move(self, does):
        """A click on one of the three steps."""
        self.pause()
        self.note.value = ""
        self.attempt(does)
        self.show()

    def attempt(self, does):
        """Does it, unless a player diverges: then says so, and is None."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # Diverged says it better than a warning
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
        """Plays, or pauses."""
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
        """Frame after frame, until it is cancelled."""
        while True:
            start = time.perf_counter()
            scene = self.attempt(self.advance)
            if scene is None:
                return
            text, seconds = scene
            self.show(text)
            await asyncio.sleep(max(0.005, seconds - (time.perf_counter() - start)))

    def advance(self) -> tuple[str, float]:
        """Goes on by a frame: what is to be said of it, and the seconds it is to be seen."""
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
        """Other data; the players stay."""
        if name == OWN:
            self.note.value = DRAW
        self.set("source", SETS[name] if name in SETS else drawn(self.points) if self.points else self.lab.source)

    def touch(self, event):
        """The mouse on the picture: a point, where data are drawn and a button is down."""
        place = self.picture.place(event["dataX"], event["dataY"])
        if self.data.value == OWN and place and (event["type"] == "mousedown" or event["buttons"] & 1):
            self.points.append(place)
            self.choose(OWN)

    def clear(self):
        self.points.clear()
        self.data.value = OWN
        self.note.value = DRAW
