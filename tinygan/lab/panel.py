"""The laboratory as widgets, for a notebook and for the page of `tinygan lab`. Only calls import ipywidgets."""
from __future__ import annotations

import asyncio
import time

import numpy as np

from tinygan.doctor import Doctor
from tinygan.game import Diverged
from tinygan.lab import page
from tinygan.lab.picture import Picture
from tinygan.lab.presets import DEFAULTS, PRESETS, Preset, passage, place
from tinygan.lab.share import OWN, POINTS, ShareError, load, save, settings_of
from tinygan.lab.state import BOUNDS, OPTIMISERS, SETS, Laboratory, drawn
from tinygan.lab.widgets import area, button, control, row
from tinygan.objectives import OBJECTIVES

FRAMES = 20  # at most, per second
LONG = 4000  # steps of a game, for the doctor
OFTEN = 40  # steps from one visit of the doctor to the next
PLAY, PAUSE = "▶ play", "❚❚ pause"
VIEWS = {"D's field and arrows": "field", "G's map of the noise": "map"}
YOURS = "your own settings"
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
        self.begun: Preset | None = None
        self.scenes = self.lab.slowly()
        self.call_doctor()

        def setting(name, kind, text, tooltip, **options):
            options["value"] = settings_of(self.lab)[name]
            self.settings[name] = control(kind, text, tooltip, lambda value: self.set(name, value), **options)

        def number(name):
            return {"min": BOUNDS[name][0], "max": BOUNDS[name][1]}

        self.settings: dict = {}
        setting("data", "Dropdown", "data", "the distribution that G imitates", options=[*SETS, OWN])
        setting("objective", "Dropdown", "game", "the objectives of both players", options=list(OBJECTIVES))
        setting("k", "IntSlider", "k", "moves of D per step", **number("k"))
        setting("optimiser", "Dropdown", "optimiser", "turns a gradient into a move; a new one has no memory",
                options=list(OPTIMISERS))
        for name, text, tooltip in (("rate_d", "D's rate", "D's learning rate"), ("rate_g", "G's rate", "G's"),
                                    ("r1", "R1", "weight of the penalty on D's gradient at the data"),
                                    ("batch", "batch", "examples in a move"),
                                    ("width", "width", "units of a hidden layer; makes new players")):
            setting(name, "SelectionSlider", text, tooltip,
                    options=sorted({*page.OPTIONS[name], getattr(self.lab, name)}))
        setting("seed", "BoundedIntText", "seed", "of the players and the draws; makes new players", **number("seed"))
        self.preset = control("Dropdown", "show", "a game that works, or one that fails", self.begin,
                              options=[YOURS, *PRESETS])
        self.play_button = button(PLAY, "train until you pause", self.toggle, "success")
        self.slow = control("ToggleButton", "slow motion", "show each move slowly")
        self.speed = control("IntSlider", "speed", "steps per frame", value=3, min=1, max=20)
        self.view = control("Dropdown", "picture", "what the plane shows", self.look_at, options=[*VIEWS])
        self.follow = control("ToggleButton", "follow samples", "widen the view if the samples run away",
                              self.look_after, value=True)
        self.erase = button("clear my drawing", "remove the points that you drew", self.clear)
        self.file = w.FileUpload(accept=".json", description="open a file")
        self.file.observe(lambda change: self.open_chosen(change.new), "value")
        self.note, self.story, self.voice, self.saved = w.HTML(), w.HTML(), w.HTML(page.diagnosis(None)), w.HTML()
        self.text = w.Output()
        self.read_story = button("", "shows the section of the lecture", self.read_preset, icon="book")
        self.read_voice = button("read about it", "shows the section of the lecture", self.read_finding, icon="book")
        self.read_voice.layout.width = "180px"
        self.text_box = area("text", button("close", "hides the text", self.close), self.text)
        folded = w.Accordion([w.VBox([self.settings[name] for name in names] + more) for names, more in (
            (("rate_d", "rate_g", "k", "r1"), []), (("optimiser", "batch", "width", "seed"), []),
            ((), [button("make a file of this state", "with the settings and both players", self.save), self.saved,
                  self.file]))],
            titles=("rates, k and R1", "optimiser, batch, width, seed", "share this state"), selected_index=None)
        self.plane, self.curves = w.Image(format="jpeg"), w.Image(format="jpeg")
        self.mouse = ipyevents.Event(source=self.plane, watched_events=["mousedown", "mousemove"], wait=30,
                                     throttle_or_debounce="throttle", prevent_default_action=True)
        self.mouse.on_dom_event(self.touch)
        moves = row(self.play_button, button("step", "k moves of D, then one of G", lambda: self.move(self.lab.step),
                                             "primary"), button("reset", "start again with new players", self.reset))
        slow = row(self.slow, button("step D", "one move of D; G is fixed", lambda: self.move(self.lab.step_d)),
                   button("step G", "one move of G; D is fixed", lambda: self.move(self.lab.step_g)))
        content = w.Box([
            area("head", w.HTML(page.ABOUT), self.preset, self.story, self.read_story, moves, slow, self.note),
            area("plane", self.plane), area("voice", self.voice, self.read_voice, self.text_box),
            area("curves", self.curves), area("sets", self.settings["data"], self.erase, self.settings["objective"],
                                              self.speed, self.view, self.follow, folded)])
        content.add_class("tinygan-page")
        self.widget = area("lab", w.HTML(page.CSS), content)
        self.close()
        self.forget()
        if lab is None:
            self.preset.value = next(iter(PRESETS))
        else:
            self.take(lab)

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
        if self.begun:
            self.read(self.begun.lecture, self.begun.section)

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
        self.preset.value = YOURS
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
        """Begins the game of a preset. Its story stays when a setting is changed."""
        if name != YOURS:
            self.begun = preset = PRESETS[name]
            settings = {**DEFAULTS, **preset.changes}
            self.story.value, self.read_story.layout.display = page.story(preset), ""
            self.read_story.description = f"read: {place(preset.lecture, preset.section)}"
            self.take(Laboratory(SETS[settings.pop("data")], **settings))

    def forget(self):
        """Shows no preset."""
        self.preset.value, self.begun, self.story.value, self.read_story.layout.display = YOURS, None, "", "none"

    def take(self, lab):
        """Goes over to another laboratory: the controls show its settings."""
        self.pause()
        self.lab, self.loading = lab, True
        for name, value in settings_of(lab).items():
            if name in page.OPTIONS:
                self.settings[name].options = sorted({*page.OPTIONS[name], value})
            self.settings[name].value = value
        self.loading = False
        self.scenes = lab.slowly()
        self.choose(self.settings["data"].value)
        self.call_doctor()
        self.show()

    def save(self):
        """Makes a link that saves the present state."""
        self.saved.value = page.link(save(self.lab, self.points))

    def open_chosen(self, files):
        for file in files:
            self.open(file["content"])

    def open(self, content):
        """Opens the state in a file of others."""
        try:
            lab, self.points = load(content)
        except ShareError as error:
            self.note.value = page.note(str(error))
        else:
            self.forget()
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
