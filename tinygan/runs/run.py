"""A run folder: its config, history, pictures, and the checkpoint to resume from.

    config.json  history.csv  samples.png  curves.png  training.gif  checkpoint.npz  checkpoint.previous.npz  doctor.csv
    frames/  .lock
"""
from __future__ import annotations

import csv
import io
import json
import math
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinygan import metrics, plots
from tinygan.backend.process import tune
from tinygan.data import DataError, names
from tinygan.data.files import lock_file
from tinygan.distributed.group import SINGLE_PROCESS, SingleProcess
from tinygan.files import FileError
from tinygan.game import Game, SettingError, parts
from tinygan.game.history import COLUMNS
from tinygan.nn import Module
from tinygan.nn.inputs import input_of
from tinygan.runs import checkpoint
from tinygan.runs.config import Config, RunError
from tinygan.runs.files import read_text, reason, render, write
from tinygan.tensor import no_grad
from tinygan.zoo import style
from tinygan.zoo.sources import LARGEST_EXAMPLE

FRAMES = 40  # pictures in the film
MOST_FRAMES = 2000  # of a run that was made longer again and again
CHUNK = 256  # examples that are generated at once; fewer of large ones
SAVE_EVERY = 30.0  # seconds between checkpoints


class Run:
    """A run in a folder. `create` makes a new run, `open` opens an existing one."""

    def __init__(self, folder: Path, config: Config, game: Game):
        self.folder, self.config, self.game = folder, config, game
        self.saved_step = game.step
        self.config_changed = False
        self._saved = time.monotonic()
        self.unlock: Callable = weakref.finalize(self, int)  # releases what `lock` took

    @classmethod
    def create(cls, folder, config: Config, game: Game | None = None) -> Run:
        """Creates a run in a folder without one. game: the initial game (default: the config's game at step 0)."""
        folder = Path(folder).expanduser()
        config = replace(config, data=names.locate(config.data))
        game = game or config.start()  # before the config is used: it gets the facts of the data
        run = cls(folder, config, game)
        try:
            (folder / "frames").mkdir(parents=True, exist_ok=True)
            run.lock()
            if (folder / "config.json").exists():  # under the lock: another process may begin here too
                run.unlock()
                raise RunError(f"{folder} holds a run already; continue it with --resume, or choose another --out")
            run.save()  # before the config, so that a folder with a config has a good checkpoint
            run.write_config()
        except FileError:
            raise
        except OSError as error:
            run.unlock()
            with suppress(OSError):  # nothing is left of a run that has no checkpoint
                (folder / "frames").rmdir()
                (folder / ".lock").unlink(missing_ok=True)
                folder.rmdir()
            raise RunError(f"{folder}: the run folder cannot be written: {reason(error)}") from error
        return run

    @classmethod
    def open(cls, folder, device: str | None = None, lock: bool = False, group: SingleProcess = SINGLE_PROCESS,
             data: str | None = None) -> Run:
        """Opens the run in a folder at its last checkpoint. device: default, the run's. lock: call `lock` first.

        data: the new place of the user's own data, if they are no longer where they were. The data are read when
        examples are drawn. A config without their facts, as of release 0.2, is completed in memory: `config_changed`.
        """
        folder = Path(folder).expanduser()
        try:
            text = read_text(folder / "config.json")
        except FileNotFoundError:
            raise RunError(f"{folder}: there is no run here (no config.json)") from None
        except FileError as error:
            raise RunError(error) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{folder}/config.json cannot be read: {error}") from error
        config = Config.read(text, f"{folder}/config.json")
        kept, config.device = (config.data, config.examples), device or config.device
        weights = checkpoint.count(folder / "checkpoint.npz")
        try:
            if data is not None:
                config.move_data(data)
            run = cls(folder, config, config.start(group, weights))
        except SettingError as error:
            raise RunError(f"{folder}/config.json: {error}") from error
        except RunError as error:
            raise RunError(f"--data: {folder} {error}") from error
        except DataError as error:
            if config.examples:
                raise
            raise RunError(f"{folder} was made by a version that did not keep the shape of its data, so they are "
                           f"needed: {error}; to complete it: tinygan train --resume --out {folder} --data PLACE"
                           ) from error
        run.config_changed = kept != (config.data, config.examples)
        if lock:
            run.lock()
        checkpoint.load(folder / "checkpoint.npz", run.game, config.as_json())
        run.saved_step = run.game.step
        if run.game.schedule is not None:  # growing players: back to their present size
            run.game.schedule(run.game, config.steps)
        return run

    def lock(self) -> None:
        """Locks the folder against other training processes until `unlock()` or the end; RunError if it is locked."""
        if (self.folder / "frames").is_symlink():
            raise RunError(f"{self.folder}/frames is a link, expected a folder; its pictures would replace others")
        try:
            unlock = lock_file(self.folder / ".lock", timeout=0)
        except TimeoutError:
            raise RunError(f"{self.folder}: another process trains here") from None
        self.unlock = weakref.finalize(self, unlock)

    def save_frame(self, game: Game) -> None:
        """A callback of `train`: saves a frame of the film at regular steps."""
        if game.step * FRAMES // self.config.steps > (game.step - 1) * FRAMES // self.config.steps:
            render(self.folder / "frames" / f"{game.step:07d}.png", plots.save_png, self.picture())

    def maybe_checkpoint(self, game: Game) -> None:
        """A callback of `train`: saves a checkpoint every `SAVE_EVERY` seconds."""
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Saves the checkpoint and the history. If a number is not finite, it keeps the last checkpoint and raises."""
        checkpoint.save(self.folder / "checkpoint.npz", self.game, self.config.as_json())
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(zip(*(self.game.history[name] for name in COLUMNS)))
        self.saved_step, self._saved = self.game.step, time.monotonic()
        write(self.folder / "history.csv", text.getvalue().encode())

    def write_config(self) -> None:
        """Writes config.json."""
        self.config_changed = False
        write(self.folder / "config.json", json.dumps(self.config.as_json(), indent=2).encode() + b"\n")

    def finish(self) -> None:
        """Saves the checkpoint and makes the pictures of the whole run."""
        self.save()
        render(self.folder / "samples.png", plots.save_png, self.picture(100))
        if self.game.history["step"]:
            render(self.folder / "curves.png", plots.save_png, plots.curves(self.game.history))
        frames = sorted((self.folder / "frames").glob("*.png"))
        if frames:
            try:
                if len(frames) > MOST_FRAMES:
                    raise ValueError(f"there are {len(frames)}, expected at most {MOST_FRAMES}")
                render(self.folder / "training.gif", plots.save_gif, frames)
            except Exception as error:  # a damaged picture raises anything
                why = reason(error) if isinstance(error, OSError) else error
                raise RunError(f"{self.folder}: training.gif cannot be made of frames/: {why}") from error

    @property
    def classes(self) -> int:
        """The number of classes of a conditional generator; 0 for any other."""
        return getattr(self.game.generator, "classes", 0)

    def class_list(self, *labels: int) -> str:
        """These classes of a conditional generator (all by default) as text: classes 0 to 9, or class 1 'dog'."""
        names = self.config.examples.get("names")
        texts = [f"{i} {names[i]!r}" if names else str(i) for i in labels or range(len(names or ()))]
        return f"class{'' if len(labels) == 1 else 'es'} {', '.join(texts) or f'0 to {self.classes - 1}'}"

    def labels(self, n: int, label: int | None = None) -> np.ndarray | None:
        """Labels for n samples: all `label`, or each class in turn for n / classes (rounded up); None without classes.

        RunError where the run has no class `label`.
        """
        if label is not None and label >= self.classes:
            known = f"it has the {self.class_list()}" if self.classes else "its recipe is not conditional"
            raise RunError(f"--label: {self.folder} knows no class {label}: {known}")
        if label is None:
            return np.repeat(np.arange(self.classes), -(-n // self.classes)) if self.classes else None
        return np.full(n, label)

    def generator(self) -> Module:
        """The generator for sampling: with its moving average if there is one."""
        if self.game.average is None or self.game.average.theta is None:
            return self.game.generator
        return self.game.average.copy_to(deepcopy(self.game.generator))

    def generate(self, z, labels=None) -> np.ndarray:
        """Examples of the sampling generator from latents z of `noise` and, in a conditional run, as many labels.

        RunError if they are not finite.
        """
        chunk = max(1, min(CHUNK, LARGEST_EXAMPLE // math.prod(self.config.examples.get("shape", ()))))
        with np.errstate(over="ignore", invalid="ignore"):
            examples = generate(self.generator(), *parts(z), *([] if labels is None else [labels]), chunk=chunk)
        if not np.isfinite(examples).all():
            raise RunError(f"{self.folder}: its generator makes numbers that are not finite")
        return examples

    def samples(self, n: int, rng: np.random.Generator, label: int | None = None) -> np.ndarray:
        """n examples of new latents; of a conditional run with the labels of `labels(n, label)`."""
        labels = self.labels(n, label)
        return self.generate(self.game.noise(n if labels is None else len(labels), rng), labels)

    def style_mixing(self, rng: np.random.Generator) -> np.ndarray:
        """Examples of two styles each, as `style.mixing_sheet` arranges them; RunError where there are no styles."""
        if not isinstance(self.game.generator, style.Generator):
            raise RunError(f"--mix: the recipe of {self.folder} has no styles")
        return style.mixing_sheet(self.generator(), self.game.noise, rng)

    def load_data(self) -> None:
        """Loads the training data; RunError, one line, if they are not here, or do not fit the run."""
        with self._needing_data():
            self.game.data(1, np.random.default_rng(0))

    @contextmanager
    def _needing_data(self):
        try:
            yield
        except DataError as error:
            cure = "" if self.config.has_data() else f"; {self.folder} needs its data here: give them with --data"
            raise RunError(f"{error}{cure}") from error

    def tune(self) -> str:
        """Prepares this process for training the run (`process.tune`); one line about it, empty on a GPU."""
        return tune() if self.config.device == "cpu" else ""

    def evaluate(self, n: int | None, rng: np.random.Generator) -> dict[str, float]:
        """The metrics of n samples (default: 2,500 points or 2,000 images), and label scores if the run has classes."""
        evaluator = self.config.evaluator()
        self.load_data()  # before many examples are generated
        with self._needing_data():
            figures = evaluator.figures(self.samples(n or evaluator.count, rng))
        labels = self.labels(n or evaluator.count)
        if labels is None or evaluator.classify is None:
            return figures
        z = self.game.noise(len(labels), rng)
        return figures | metrics.label_scores(
            lambda labels: self.generate(z, labels), evaluator.classify, labels, self.classes, rng)

    def baselines(self, n: int, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
        """The metrics of n training examples and of n examples of noise: the two ends of the scale for `evaluate`."""
        evaluator = self.config.evaluator()
        with self._needing_data():
            real, noise = evaluator.baselines(n, rng)
        if self.classes and evaluator.classify is not None:
            x, labels = self.game.data(n, rng)
            real["label_accuracy"] = float((evaluator.classify(x) == labels).mean())
            noise["label_accuracy"] = 1 / self.classes
        return real, noise

    def picture(self, n: int = 64) -> np.ndarray:
        """Samples of the same z at every call: a sheet of n images, ten sequences, or a cloud of 2,000 points."""
        rng = np.random.default_rng([self.config.seed, 1])  # apart from the game's rng, which stays as it is
        z, labels = self.game.noise(n, rng), self.labels(n)
        if labels is not None:  # the same z in every row: only the class changes down a column
            z = np.tile(z[:len(labels) // self.classes], (self.classes, 1))
        samples = self.generate(z, labels)
        if samples.ndim == 2:
            samples, labels = self.samples(2000, rng), self.labels(2000)
        return self.draw(samples, rng, labels, f"step {self.game.step}")

    def draw(self, samples, rng: np.random.Generator, labels=None, title: str = "", paths=()) -> np.ndarray:
        """Draws images as a sheet (with labels: a row per class), sequences and points together with real ones."""
        if samples.ndim == 4:
            classes = 1 if labels is None else len(set(labels.tolist()))
            return plots.sheet(samples, columns=len(samples) // classes if classes > 1 else None)
        real = None
        try:
            real, *_ = parts(self.game.data(2000, rng))
        except DataError as error:
            warnings.warn(f"{error}; the picture has no real examples", stacklevel=2)
        if samples.ndim == 3:
            return plots.lines(samples, real, title)
        return plots.cloud(samples, real, title, labels, paths)


def generate(generator, *inputs, chunk: int = CHUNK) -> np.ndarray:
    """G(z, ...) on the host, in evaluation mode, in chunks; the generator's mode is restored."""
    training = generator.training
    generator.eval()
    with no_grad():
        parts = [generator(*(input_of(generator, a[i:i + chunk]) for a in inputs)).numpy()
                 for i in range(0, len(inputs[0]), chunk)]
    if training:
        generator.train()
    return np.concatenate(parts)
