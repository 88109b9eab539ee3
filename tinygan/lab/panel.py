"""The laboratory as widgets, for a notebook and for the page of `tinygan lab`. Only `Panel` imports ipywidgets."""
from __future__ import annotations

import asyncio
import time

import numpy as np

from tinygan.doctor import Doctor
from tinygan.game import Diverged
from tinygan.lab import page
from tinygan.lab.picture import Picture
from tinygan.lab.presets import DEFAULTS, PRESETS, passage, place
from tinygan.lab.share import OWN, POINTS, ShareError, load, save, settings_of
from tinygan.lab.state import BOUNDS, OPTIMISERS, SETS, Laboratory, drawn
from tinygan.objectives import OBJECTIVES

FRAMES = 20  # at most, per second
LONG = 4000  # steps of a game, for the doctor
OFTEN = 40  # steps from one visit of the doctor to the next
PLAY, PAUSE = "▶ play", "❚❚ pause"
VIEWS = {"D's field and arrows": "field", "G's map of the noise": "map"}
OPTIONS = {"r1": (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10), "batch": (2, 4, 8, 16, 32, 64, 128, 256, 512),
           "width": (2, 4, 8, 16, 32, 64, 128)}
NEW_PLAYERS = "width", "seed"  # changing them makes new players


class Panel:
    """Buttons, sliders and the picture of one laboratory. A notebook shows it as the value of a cell.

    lab: the laboratory. points: the points (x, y) that the user drew. settings: the control of each setting, by name.
    """

    def __init__(self, lab: Laboratory | None = None):
        import ipyevents
        import ipywidgets as w
        from threadpoolctl import threadpool_limits
        threadpool_limits(1, "blas")  # the matrices are small; the browser needs the other core
        self.lab, self.picture = lab or Laboratory(), Picture()
        self.points: list[tuple[float, float]] = []
        self.film: asyncio.Task | None = None
        self.loading = False
        self.scenes = self.lab.slowly()
        self.call_doctor()

        def wide():  # a layout for each, since some are hidden
            return w.Layout(width="auto", margin="2px 0")

        def button(text, tooltip, does, style="", **options):
            made = w.Button(description=text, tooltip=tooltip, button_style=style, layout=wide(), **options)
            made.on_click(lambda _: does())
            return made

        def control(kind, text, tooltip, does=None, **options):
            made = kind(description=text, tooltip=tooltip, layout=wide(), style={"description_width": "62px"}, **options)
            if does:
                made.observe(lambda change: does(change.new), "value")
            return made

        def setting(name, kind, text, tooltip, **options):
            options["value"] = settings_of(self.lab)[name]
            self.settings[name] = control(kind, text, tooltip, lambda value: self.set(name, value), **options)

        def grid(*buttons):
            return w.GridBox(buttons, layout=w.Layout(grid_template_columns=f"repeat({len(buttons)}, 1fr)",
                                                      grid_gap="0 4px"))

        def number(name):
            return {"min": BOUNDS[name][0], "max": BOUNDS[name][1]}

        self.settings: dict = {}
        setting("data", w.Dropdown, "data", "the distribution that G imitates", options=[*SETS, OWN])
        setting("objective", w.Dropdown, "game", "the objectives of both players", options=list(OBJECTIVES))
        for name, text in (("rate_d", "D's rate"), ("rate_g", "G's rate")):
            setting(name, w.FloatLogSlider, text, "a learning rate", min=-5, max=-1, step=0.1, readout_format=".1e")
        setting("k", w.IntSlider, "k", "moves of D per step", **number("k"))
        setting("optimiser", w.Dropdown, "optimiser", "turns a gradient into a move; a new one has no memory",
                options=list(OPTIMISERS))
        for name, text, tooltip in (("r1", "R1", "weight of the penalty on D's gradient at the data"),
                                    ("batch", "batch", "examples in a move"),
                                    ("width", "width", "units of a hidden layer; makes new players")):
            setting(name, w.SelectionSlider, text, tooltip, options=sorted({*OPTIONS[name], getattr(self.lab, name)}))
        setting("seed", w.BoundedIntText, "seed", "of the players and the draws; makes new players", **number("seed"))
        self.preset = control(w.Dropdown, "show", "a game that works, or one that fails", self.begin, options=[*PRESETS])
        self.play_button = button(PLAY, "train until you pause", self.toggle, "success")
        self.slow = control(w.ToggleButton, "slow motion", "show each move slowly")
        self.speed = control(w.IntSlider, "speed", "steps per frame", value=3, min=1, max=20)
        self.view = control(w.Dropdown, "picture", "what the plane shows", self.look_at, options=[*VIEWS])
        self.follow = control(w.ToggleButton, "follow samples", "widen the view if the samples run away",
                              self.look_after, value=True)
        self.erase = button("clear my drawing", "remove the points that you drew", self.clear)
        self.file = w.FileUpload(accept=".json", description="open a file", layout=wide())
        self.file.observe(lambda change: change.new and self.open(change.new[0]["content"]), "value")
        self.note, self.story, self.voice, self.saved = w.HTML(), w.HTML(), w.HTML(page.diagnosis(None)), w.HTML()
        self.text = w.Output()
        self.read_story = button("", "shows the section of the lecture below the picture", self.read_preset, icon="book")
        self.read_voice = button("read about it", "shows the section of the lecture", self.read_finding, icon="book")
        self.text_box = w.VBox([button("close", "hides the text", self.close), self.text])
        self.text_box.add_class("tinygan-text")
        folded = w.Accordion([w.VBox([self.settings[name] for name in names] + more) for names, more in (
            (("rate_d", "rate_g", "k", "r1"), []), (("optimiser", "batch", "width", "seed"), []),
            ((), [button("make a file of this state", "with the settings and both players", self.save), self.saved,
                  self.file]))],
            titles=("rates, k and R1", "optimiser, batch, width, seed", "share this state"), selected_index=None)
        self.plane, self.curves = w.Image(format="jpeg"), w.Image(format="jpeg")
        self.mouse = ipyevents.Event(source=self.plane, watched_events=["mousedown", "mousemove"], wait=30,
                                     throttle_or_debounce="throttle", prevent_default_action=True)
        self.mouse.on_dom_event(self.touch)
        areas = {"head": [w.HTML(page.ABOUT), self.preset, self.story, self.read_story, grid(
                     self.play_button, button("step", "k moves of D, then one of G", lambda: self.move(self.lab.step),
                                              "primary"), button("reset", "start again with new players", self.reset)),
                          grid(self.slow, button("step D", "one move of D; G is fixed",
                                                 lambda: self.move(self.lab.step_d)),
                               button("step G", "one move of G; D is fixed", lambda: self.move(self.lab.step_g))),
                          self.note], "plane": [self.plane], "curves": [self.curves],
                 "sets": [self.settings["data"], self.erase, self.settings["objective"], self.speed, self.view,
                          self.follow, folded], "voice": [self.voice, self.read_voice, self.text_box]}
        boxes = []
        for area, children in areas.items():
            boxes.append(w.VBox(children))
            boxes[-1].add_class(f"tinygan-{area}")
        content = w.Box(boxes)
        content.add_class("tinygan-page")
        self.widget = w.VBox([w.HTML(page.CSS), content])
        self.widget.add_class("tinygan-lab")
        self.close()
        self.begin(self.preset.value) if lab is None else self.show()

    def _repr_mimebundle_(self, **options):
        """The widget for a live kernel, and the picture for a static page."""
        return {**self.widget._repr_mimebundle_(**options), "image/png": self.picture.png(self.lab)}

    def show(self, scene: str = ""):
        """Draws the present state."""
        drawn = self.attempt(lambda: self.picture.jpegs(self.lab, scene))
        if drawn:
            self.plane.value, self.curves.value = drawn
        self.consult()

    # The doctor and the lectures

    def call_doctor(self):
        """A new doctor for new players."""
        self.doctor, self.visited, self.findings = Doctor(LONG, tell=lambda _: None), 0, None

    def consult(self):
        """Lets the doctor visit the game, if it is time, and shows the findings."""
        step = self.lab.game.step
        if step >= self.visited + OFTEN:
            self.visited, self.findings = step, self.doctor.examine(self.lab.game)
        self.voice.value = page.diagnosis(self.findings)
        self.read_voice.layout.display = "" if self.findings and self.text.outputs == () else "none"

    def read_preset(self):
        preset = PRESETS[self.preset.value]
        self.read(preset.lecture, preset.section)

    def read_finding(self):
        if self.findings:
            self.read(self.findings[0].ailment.lecture, self.findings[0].ailment.section)

    def read(self, lecture, section):
        """Shows a section of a lecture, or where it is if the course is not on this machine."""
        self.pause()
        text = passage(lecture, section) or f"See {place(lecture, section)} in the course's folder `lectures`."
        self.text.outputs = ({"output_type": "display_data", "data": {"text/markdown": text}, "metadata": {}},)
        self.text_box.layout.display, self.read_voice.layout.display = "", "none"

    def close(self):
        """Hides the text of the lecture."""
        self.text.outputs, self.text_box.layout.display = (), "none"
        self.consult()

    # Settings

    def set(self, name, value):
        """Changes a setting. It holds from the next move, or makes new players."""
        if self.loading:
            return
        if name == "data":
            self.choose(value)
        else:
            setattr(self.lab, name, value)
        if name == "optimiser":
            self.lab.renew()
        if name in NEW_PLAYERS:
            self.reset()
        elif not self.film:
            self.show()

    def choose(self, name):
        """Changes the data; the players stay."""
        self.erase.layout.display = "" if name == OWN else "none"
        self.note.value = page.note(page.DRAW if name == OWN else "")
        self.lab.source = SETS[name] if name in SETS else drawn(self.points) if self.points else self.lab.source

    def begin(self, name):
        """Begins the game of a preset."""
        preset = PRESETS[name]
        settings = {**DEFAULTS, **preset.changes}
        self.story.value = page.story(preset)
        self.read_story.description = f"read: {place(preset.lecture, preset.section)}"
        self.take(Laboratory(SETS[settings.pop("data")], **settings))

    def take(self, lab):
        """Goes over to another laboratory: the controls show its settings."""
        self.pause()
        self.lab, self.loading = lab, True
        for name, value in settings_of(lab).items():
            if name in OPTIONS:
                self.settings[name].options = sorted({*OPTIONS[name], value})
            self.settings[name].value = value
        self.loading = False
        self.scenes = lab.slowly()
        self.choose(self.settings["data"].value)
        self.call_doctor()
        self.show()

    def save(self):
        """Makes a link that saves the present state."""
        self.saved.value = page.link(save(self.lab, self.points))

    def open(self, content):
        """Opens the state in a file of others."""
        try:
            lab, self.points = load(content)
        except ShareError as error:
            self.note.value = page.note(str(error))
        else:
            self.take(lab)

    def look_at(self, name):
        """Changes what the plane shows."""
        self.picture.mode = VIEWS[name]
        self.show()

    def look_after(self, follow):
        """Lets the view follow the samples, or takes it back to the data."""
        self.picture.plane.follow = follow
        self.show()

    # Moves

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
            self.note.value = page.note(f"{error}. Press reset.")
            return None

    def reset(self):
        self.pause()
        self.lab.reset()
        self.note.value = ""
        self.call_doctor()
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

    # Data drawn by hand

    def touch(self, event):
        """Adds a point at the mouse, if the user draws data and holds a button."""
        place = self.picture.place(event["dataX"], event["dataY"])
        drawing = self.settings["data"].value == OWN and len(self.points) < POINTS
        if drawing and place and (event["type"] == "mousedown" or event["buttons"] & 1):
            self.points.append(place)
            self.set("data", OWN)

    def clear(self):
        self.points.clear()
        self.note.value = page.note(page.DRAW)
