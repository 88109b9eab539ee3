"""A run folder: what was asked for, how it went, what came out, and the state to go on from.

    config.json  history.csv  samples.png  curves.png  training.gif  checkpoint.npz  frames/
"""
from __future__ import annotations

import csv
import io
import json
import os
import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import tinygan
from tinygan import backend, checkpoint, plots
from tinygan.game import COLUMNS, Diverged, Game
from tinygan.tensor import Tensor, no_grad
from tinygan.zoo import RECIPES
from tinygan.zoo.recipe import POINTS, SEQUENCES

FRAMES = 40  # pictures in the film
SAVE_EVERY = 30.0  # seconds between checkpoints


class RunError(ValueError):
    """A run folder that cannot be made, read or gone on with."""


@dataclass
class Config:
    """What a run was started with."""

    recipe: str
    steps: int
    seed: int
    batch: int
    dtype: str
    device: str
    data: str
    rate: float | None = None
    version: str = tinygan.__version__

    def start(self) -> Game:
        """The game at step 0."""
        return RECIPES[self.recipe].start(self.seed, self.batch, self.dtype, self.device, self.data, self.rate)


class Run:
    """A run in a folder: `create` begins one, `open` finds one."""

    def __init__(self, folder: Path, config: Config, game: Game):
        self.folder, self.config, self.game = folder, config, game
        self.saved_step = game.step
        self._saved = time.monotonic()

    @classmethod
    def create(cls, folder, config: Config) -> Run:
        """A new run; the folder must not hold one yet."""
        folder = Path(folder)
        if (folder / "config.json").exists():
            raise RunError(f"{folder} holds a run already; go on with --resume, or choose another --out")
        game = config.start()
        try:
            (folder / "frames").mkdir(parents=True, exist_ok=True)
            _write(folder / "config.json", json.dumps(asdict(config), indent=2) + "\n")
        except OSError as error:
            raise RunError(f"{folder}: the run folder cannot be written: {error.strerror or error}") from error
        run = cls(folder, config, game)
        run.save()  # from the first step on there is a good checkpoint
        return run

    @classmethod
    def open(cls, folder, device: str | None = None) -> Run:
        """The run in a folder, as its last checkpoint left it; on another device, if one is named."""
        folder = Path(folder)
        try:
            config = Config(**json.loads((folder / "config.json").read_text()))
        except FileNotFoundError:
            raise RunError(f"{folder}: there is no run here (no config.json)") from None
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{folder}/config.json cannot be read: {error}") from error
        if config.recipe not in RECIPES:
            raise RunError(f"{folder}/config.json names the recipe {config.recipe!r}, which this version does not have")
        config.device = device or config.device
        run = cls(folder, config, config.start())
        checkpoint.load(folder / "checkpoint.npz", run.game)
        return run

    def after_step(self, game: Game) -> None:
        """A callback of `train`: a frame of the film now and then, a checkpoint every `SAVE_EVERY` seconds."""
        if game.step == self.config.steps or game.step * FRAMES // self.config.steps > (
                (game.step - 1) * FRAMES // self.config.steps):
            plots.save_png(self.folder / "frames" / f"{game.step:07d}.png", self.picture())
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """The checkpoint and the history so far; refused when a weight is not finite: the last good one is kept."""
        for name, player in (("discriminator", self.game.discriminator), ("generator", self.game.generator)):
            if not np.isfinite(player.theta).all():
                raise Diverged(f"step {self.game.step}: a weight of the {name} is not finite")
        checkpoint.save(self.folder / "checkpoint.npz", self.game)
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(zip(*(self.game.history[name] for name in COLUMNS)))
        _write(self.folder / "history.csv", text.getvalue())
        self.saved_step, self._saved = self.game.step, time.monotonic()

    def finish(self) -> None:
        """The checkpoint, and the pictures of the whole run."""
        self.save()
        plots.save_png(self.folder / "samples.png", self.picture(100))
        if self.game.history["step"]:
            plots.save_png(self.folder / "curves.png", plots.curves(self.game.history))
        frames = sorted((self.folder / "frames").glob("*.png"))
        if frames:
            plots.save_gif(self.folder / "training.gif", frames)

    def samples(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n examples of the generator in use: moving average if there is one, running statistics."""
        generator = self.game.generator
        if self.game.average is not None and self.game.average.theta is not None:
            generator = deepcopy(generator)
            generator.theta[:] = self.game.average.theta
        return generate(generator, self.game.noise(n, rng))

    def evaluate(self, n: int | None, rng: np.random.Generator) -> dict[str, float]:
        """What the metrics say of n samples (2,500 points or 2,000 images by default)."""
        from tinygan import metrics
        name = self.config.data
        if name in POINTS:
            samples = self.samples(n or 2500, rng)
            figures = metrics.evaluate_points(samples, POINTS[name].means, POINTS[name].sigma)
            return figures if samples.shape[1] > 1 else {
                "mean": float(samples.mean()), "sd": float(samples.std()), "hq": figures["hq"]}
        if name in SEQUENCES:
            return metrics.evaluate_sines(self.samples(n or 2500, rng), SEQUENCES[name].frequencies)
        if name not in ("digits", "mnist"):
            raise RunError(f"the metrics need a classifier of the data: there is one of digits, none of {name}")
        return metrics.evaluate_images(self.samples(n or 2000, rng))

    def picture(self, n: int = 64) -> np.ndarray:
        """The same z at every call, as `draw` shows them; of points, 2,000."""
        rng = np.random.default_rng([self.config.seed, 1])  # apart from the game's rng, which stays as it is
        points = self.samples(1, rng).ndim == 2
        return self.draw(self.samples(2000 if points else n, rng), rng, f"step {self.game.step}")

    def draw(self, samples, rng: np.random.Generator, title="") -> np.ndarray:
        """A sheet of images; or sequences, or a cloud of points, with real ones beside them."""
        if samples.ndim == 4:
            return plots.sheet(samples)
        return (plots.lines if samples.ndim == 3 else plots.cloud)(samples, self.game.data(2000, rng), title)


def generate(generator, z, chunk: int = 256) -> np.ndarray:
    """G(z) on the host, in eval mode, in chunks; the generator is left as it was."""
    training = generator.training
    generator.eval()
    theta = generator.theta
    with no_grad():
        parts = [generator(Tensor(backend.like(z[i:i + chunk].astype(theta.dtype), theta))).numpy()
                 for i in range(0, len(z), chunk)]
    if training:
        generator.train()
    return np.concatenate(parts)


def fresh_folder(root, name: str) -> Path:
    """root/name, or root/name-2, -3, ... : the first that does not exist."""
    folder, k = Path(root) / name, 1
    while folder.exists():
        k += 1
        folder = Path(root) / f"{name}-{k}"
    return folder


def latest_folder(root, name: str) -> Path:
    """The newest run of a recipe under root."""
    runs = [c.parent for c in Path(root).glob(f"{name}*/config.json") if c.parent.name.split("-")[0] == name]
    if not runs:
        raise RunError(f"--resume: there is no run of {name!r} under {root}; name one with --out")
    return max(runs, key=lambda folder: (folder / "config.json").stat().st_mtime)


def _write(path: Path, text: str) -> None:
    """A text file, complete or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    os.replace(unfinished, path)
