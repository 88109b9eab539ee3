"""Examples of a run's generator on paths between latents, as a sheet or a film."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygan import latent, plots
from tinygan.game import parts
from tinygan.runs import Run, RunError
from tinygan.runs.files import render


def interpolate(run: Run, rows: int, steps: int, kind: str, rng: np.random.Generator, labels=()) -> np.ndarray:
    """Examples on a path between two latents in each of the rows (`interpolation`): (rows, steps, ...).

    kind: of path, as in `latent.path`. labels, in a conditional run: without labels row i has the class i mod classes;
    one label is the class of all rows; with two, z is fixed and the class moves on a line from the first to the second.
    """
    if len(labels) > 2:
        raise RunError(f"--label: got {len(labels)} classes, expected one, or two to go between")
    condition = _condition(run, rows, steps, labels)
    (start, *rest), (end, *_) = parts(run.game.noise(rows, rng)), parts(run.game.noise(rows, rng))
    try:
        z = latent.path(start, start if len(labels) == 2 else end, steps, kind)
    except ValueError as error:
        raise RunError(f"{run.folder}: {error}") from error
    examples = run.generate((z.reshape(-1, *z.shape[2:]), *[np.repeat(a, steps, axis=0) for a in rest]), condition)
    return examples.reshape(rows, steps, *examples.shape[1:])


def _condition(run, rows, steps, labels):
    """The label of each example, row by row; with two labels, the weights of the classes."""
    ends = [run.labels(rows, label) for label in labels]
    if not run.classes:
        return None
    if len(ends) == 2:
        first, second = ((np.arange(run.classes) == end[:, None]).astype(np.float32) for end in ends)
        return latent.path(first, second, steps).reshape(-1, run.classes)
    return np.repeat(ends[0] if ends else np.arange(rows) % run.classes, steps)


def save(file: Path, run: Run, examples, rng: np.random.Generator) -> None:
    """Writes the examples of `interpolate`: a .png with a row per path, or a .gif of all paths, there and back."""
    if file.suffix not in (".png", ".gif"):
        raise RunError(f"-o: {file} ends in {file.suffix!r}, expected .png or .gif")
    steps, shape, film = examples.shape[1], examples.shape[2:], file.suffix == ".gif"
    if len(shape) == 3 and film:
        frames = [plots.sheet(examples[:, i]) for i in range(steps)]
    elif len(shape) == 3:
        frames = [plots.sheet(examples.reshape(-1, *shape), columns=steps)]
    elif shape == (2,):
        points = run.samples(2000, rng)
        frames = [run.draw(points, rng, paths=examples[:, :end]) for end in (range(1, steps + 1) if film else [steps])]
    else:
        raise RunError(f"{run.folder}: paths lead through images or points in the plane, not through examples of shape "
                       f"{shape}")
    if film:
        render(file, lambda opened: plots.save_gif(opened, [*frames, *frames[-2:0:-1]], seconds=steps / 5, hold=0))
    else:
        render(file, plots.save_png, frames[0])
