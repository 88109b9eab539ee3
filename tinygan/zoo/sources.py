"""Data sources by name: each draws examples and holds their shape, their classes and the metrics of samples."""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygan import data, metrics
from tinygan.data import DataError
from tinygan.data.shapes import KINDS, SIDE, measure_shapes
from tinygan.metrics import Evaluator

DIGITS = ("digits", "digits14", "digits16", "mnist")  # sets with a shipped classifier
FEWEST = 12  # examples of two halves with five neighbours each
HELD_OUT = 2000  # real examples in the comparison with samples


@dataclass(frozen=True)
class Source:
    """A data source: `source(n, rng)`, or its `draw`, draws n examples.

    shape: of one example. classes: their number, 0 if none are known. evaluate: the metrics of samples of a model of
    the data. labelled: a function like draw that returns the same examples and their classes.
    """

    draw: Callable[[int, np.random.Generator], Any]
    shape: tuple[int, ...]
    classes: int
    evaluate: Evaluator
    labelled: Callable[[int, np.random.Generator], tuple] | None = None

    def __call__(self, n: int, rng: np.random.Generator) -> Any:
        return self.draw(n, rng)


def mixture(means: np.ndarray, sigma: float) -> Source:
    """A source of points from equal Gaussians with the means (K, d): a class each; the metrics know the density."""
    draw = functools.partial(data.mixture, means=means, sigma=sigma)

    def classify(points):
        return ((points[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)

    def labelled(n, rng):
        points = draw(n, rng)
        return points, classify(points)

    return Source(draw, means.shape[1:], len(means), Evaluator(
        lambda samples: metrics.evaluate_points(samples, means, sigma), draw, 2500, classify), labelled)


def compare(real: Callable, held_out: Callable[[], np.ndarray], further: Callable = lambda samples: {}) -> Evaluator:
    """Compares the numbers of samples, such as pixels, with those of the held-out examples that `held_out()` returns.

    real: as in `Evaluator`. further: samples -> further metrics.
    """
    held_out = functools.cache(held_out)

    def figures(samples):
        fake, others = (x.reshape(len(x), -1) for x in (samples, held_out()))
        return {**further(samples), **metrics.evaluate_rows(fake, others)}

    return Evaluator(figures, real, HELD_OUT)


def synthetic(draw: Callable, shape: tuple[int, ...], further: Callable = lambda samples: {}) -> Source:
    """A source from a function that draws; samples are compared with other examples of it."""
    return Source(draw, shape, 0, compare(draw, lambda: draw(HELD_OUT, np.random.default_rng(2019)), further))


def _kinds(samples):
    """The metrics of the frequencies of the three shapes."""
    counts = np.bincount(measure_shapes(samples).kind, minlength=len(KINDS))
    return {"modes": int((counts > 0.02 * len(samples)).sum()), "reverse_kl": metrics.reverse_kl(counts)}


SOURCES: dict[str, Source] = {
    "ring": mixture(data.ring_means(), 0.01),
    "grid": mixture(data.grid_means(), 0.05),
    "gaussian": mixture(np.array([[4.0]], np.float32), 0.5),
    "moons": synthetic(data.moons, (2,)),
    "sines": Source(data.sines, (16, 1), 0, Evaluator(
        lambda samples: metrics.evaluate_sines(samples, data.SINES), data.sines, 2500)),
    "shapes": synthetic(data.shapes, (SIDE, SIDE, 3), _kinds),
}


def describe() -> list[data.sets.Row]:
    """The named sources of synthetic data, a row for each, as in `data.describe`."""
    return [data.sets.Row(name, found.shape, "unlimited", True, "none needed", "synthetic")
            for name, found in SOURCES.items()]


def source(name: str, labels: bool = False) -> Source:
    """The source of a name in `SOURCES`, a set of images, a folder of images, or a .npy file of sequences.

    labels: `draw` returns pairs (examples, their classes). DataError, one line, if there are no such data, or if they
    have no labels.
    """
    found = SOURCES[name] if name in SOURCES else _own(name)
    if not labels:
        return found
    if found.labelled is None:
        raise DataError(f"data {name!r}: the examples have no labels" + (
            "" if name in SOURCES else "; of a folder, put the images of each class in a subfolder"))
    if found.classes < 2:
        raise DataError(f"data {name!r}: there is one class, and a condition needs at least two")
    return replace(found, draw=found.labelled)


def evaluator_of(name: str) -> Evaluator:
    """The evaluator of `source(name)`, without its examples."""
    return SOURCES[name].evaluate if name in SOURCES else _images_evaluator(name)


def _own(name) -> Source:
    """The source of a set of images, of a folder or of a file, with all examples in memory."""
    x, labels = (data.load_sequences(name), None) if _is_file(name) else data.load(name)
    classes, labelled = (0, None) if labels is None else (int(labels.max()) + 1, data.sampler(x, labels))
    return Source(data.sampler(x), x.shape[1:], classes, evaluator_of(name), labelled)


def _is_file(name):
    return str(name).lower().endswith(".npy")


def _images_evaluator(name) -> Evaluator:
    """Compares images with held-out ones; for a folder, or a file of sequences, with one half of its examples.

    The sets of digits have a classifier; for other sets, the pixels or numbers are compared.
    """
    named = name in data.sets.LOADERS

    def halves():
        x = data.load_sequences(name) if _is_file(name) else data.load(name).x
        if len(x) < FEWEST:
            raise DataError(f"data {name!r}: found {len(x)} example{'s' * (len(x) > 1)}; to evaluate, one half is "
                            f"compared with the other, expected at least {FEWEST}")
        x = np.random.default_rng(0).permutation(x)
        return x[:len(x) // 2], x[len(x) // 2:]

    @functools.cache
    def held_out():
        return (data.load(name, held_out=True).x if named else halves()[0])[:HELD_OUT]

    def real(n, rng):
        x = data.load(name).x if named else halves()[1]
        return x[rng.permutation(len(x))[:n]]

    if name not in DIGITS:
        return compare(real, held_out)

    def core(x):  # without the border of digits16: the classifier takes 28 x 28 or 14 x 14 pixels
        return x[:, 1:-1, 1:-1] if name == "digits16" else x

    def classify(samples):
        from tinygan.metrics.classifier import digits_classifier
        return digits_classifier().likeliest(core(samples))

    return Evaluator(lambda samples: metrics.evaluate_images(core(samples), core(held_out())), real, HELD_OUT, classify)
