"""Data sources by name: each draws examples and holds their shape, their classes and the metrics of samples."""
from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Mapping
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
MOST = 2**28  # numbers in an example of every class: an untrusted config.json must not fill the memory
LARGEST_EXAMPLE = 2**22  # numbers in an example, such as an image of 1024 x 1024 pixels
FACTS = ("shape", "classes", "names", "count", "range")  # the fields of a source that a run keeps


@dataclass(frozen=True)
class Source:
    """A data source: `source(n, rng)`, or its `draw`, draws n examples.

    shape: of one example. classes: their number, 0 if none are known. evaluate: the metrics of samples of a model of
    the data. labelled: a function like draw that returns the same examples and their classes. names: of the classes.
    count: of the examples, 0 if it is unlimited. range: the smallest and the largest number in them. name: as in
    `source`.
    """

    draw: Callable[[int, np.random.Generator], Any]
    shape: tuple[int, ...]
    classes: int
    evaluate: Evaluator
    labelled: Callable[[int, np.random.Generator], tuple] | None = None
    names: tuple[str, ...] = ()
    count: int = 0
    range: tuple[float, ...] = ()
    name: str = ""

    def __call__(self, n: int, rng: np.random.Generator) -> Any:
        return self.draw(n, rng)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the data that a run keeps, so that only training and comparisons need the examples."""
        return dict(zip(FACTS, ([*self.shape], self.classes, [*self.names], self.count, [*self.range])))


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


def source(name: str | Source, labels: bool = False, facts: Mapping[str, Any] | None = None) -> Source:
    """The source of a name in `SOURCES`, a set of images, a folder of images, or a .npy file of sequences.

    labels: `draw` returns pairs (examples, their classes). facts: `Source.facts` of an earlier process; with them the
    examples are loaded when they are first drawn. DataError, one line, if there are no such data, or if they have no
    labels.
    """
    if isinstance(name, Source):
        found = name
    else:
        found = replace(SOURCES[name], name=name) if name in SOURCES else _loaded(name, facts)
    if not labels:
        return found
    name = name.name if isinstance(name, Source) else name
    if found.labelled is None:
        raise DataError(f"data {name!r}: the examples have no labels" + (
            "" if name in SOURCES else "; of a folder, put the images of each class in a subfolder"))
    if found.classes < 2:
        raise DataError(f"data {name!r}: there is one class, and a condition needs at least two")
    return replace(found, draw=found.labelled)


def evaluator_of(name: str) -> Evaluator:
    """The evaluator of `source(name)`, without its examples."""
    return SOURCES[name].evaluate if name in SOURCES else _evaluator(name, functools.cache(lambda: _examples(name)[0]))


def check_facts(facts: Mapping[str, Any]) -> None:
    """DataError, one line, if facts from an untrusted file are not those of a source."""
    try:
        shape, classes, names, count, limits = (facts[key] for key in FACTS)
        fits = (all(isinstance(value, (list, tuple)) for value in (shape, names, limits))
                and all(type(n) is int and n >= 0 for n in (*shape, classes, count)) and 1 <= len(shape) <= 3
                and all(shape) and math.prod(shape) * max(classes, 1) <= MOST and len(names) in (0, classes)
                and all(isinstance(name, str) for name in names)
                and len(limits) in (0, 2) and all(type(x) is float and math.isfinite(x) for x in limits))
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise DataError(f"examples: {facts!s:.99} are not the facts of a data source")


def _facts(x, labels, names) -> dict[str, Any]:
    """The facts of examples in memory."""
    return dict(zip(FACTS, ([*x.shape[1:]], 0 if labels is None else int(labels.max()) + 1, [*names], len(x),
                            [float(x.min()), float(x.max())])))


def _loaded(name, facts) -> Source:
    """The source of a set of images, of a folder or of a file, with all examples in memory."""
    @functools.cache
    def examples():
        found = _examples(name)
        if facts:
            _compare(name, _facts(*found), facts)
        return found

    known = facts or _facts(*examples())
    shape, classes, names, count, limits = (known[key] for key in FACTS)
    return Source(lambda n, rng: data.sampler(examples()[0])(n, rng), tuple(shape), classes,
                  _evaluator(name, lambda: examples()[0]),
                  (lambda n, rng: data.sampler(*examples()[:2])(n, rng)) if classes else None,
                  tuple(names), count, tuple(limits), name)


def _compare(name, found, facts):
    """Compares the facts of data with those that a run has: DataError if they do not fit, a warning if they differ."""
    def texts(describe):
        return [describe(one).rstrip() for one in (found, facts)]
    named = found["names"] and facts["names"]
    now, then = texts(lambda one: f"{one['classes']} classes of shape {tuple(one['shape'])} "
                                  + (", ".join(one["names"]) if named else ""))
    if now != then:
        raise DataError(f"data {name!r} do not fit the run: found {now}; expected {then}")
    now, then = texts(lambda one: f"{one['count']} examples from {' to '.join(f'{x:.6g}' for x in one['range'])}")
    if now != then:
        warnings.warn(f"data {name!r} have changed: {now}; the run began with {then}", stacklevel=2)


def _examples(name) -> tuple:
    """The examples of a name, their labels or None, and the names of the classes if they have names."""
    if _is_file(name):
        return data.load_sequences(name), None, []
    x, labels = data.load(name)
    return x, labels, [] if labels is None else data.class_names(name)


def _is_file(name):
    return str(name).lower().endswith(".npy")


def _evaluator(name, examples: Callable[[], np.ndarray]) -> Evaluator:
    """Compares images with held-out ones; for a folder, or a file of sequences, with one half of its examples.

    The sets of digits have a classifier; for other sets, the pixels or numbers are compared. examples: returns all
    training examples.
    """
    named = name in data.sets.LOADERS

    def halves():
        x = examples()
        if len(x) < FEWEST:
            raise DataError(f"data {name!r}: found {len(x)} example{'s' * (len(x) != 1)}; to evaluate, one half is "
                            f"compared with the other, expected at least {FEWEST}")
        x = np.random.default_rng(0).permutation(x)
        return x[:len(x) // 2], x[len(x) // 2:]

    @functools.cache
    def held_out():
        return (data.load(name, held_out=True).x if named else halves()[0])[:HELD_OUT]

    def real(n, rng):
        x = examples() if named else halves()[1]
        return x[rng.permutation(len(x))[:n]]

    if name not in DIGITS:
        return compare(real, held_out)

    def core(x):  # without the border of digits16: the classifier takes 28 x 28 or 14 x 14 pixels
        return x[:, 1:-1, 1:-1] if name == "digits16" else x

    def classify(samples):
        from tinygan.metrics.classifier import digits_classifier
        return digits_classifier().likeliest(core(samples))

    return Evaluator(lambda samples: metrics.evaluate_images(core(samples), core(held_out())), real, HELD_OUT, classify)
