"""How the samples of a recipe are measured, and against what: real data and noise, which give the figures a scale."""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygan import data, metrics
from tinygan.data.shapes import KINDS, measure_shapes
from tinygan.zoo.recipe import POINTS, SEQUENCES

DIGITS = ("digits", "digits14", "digits16", "mnist")  # whose classifier is shipped
HELD_OUT = 2000  # real images that fakes are measured against


@dataclass(frozen=True)
class Evaluator:
    """How samples are measured.

    figures: a function of samples, as `Run.samples` gives them, to figures by name (which way each is better:
    `metrics.BETTER`). real: (n, rng) -> n training examples, in the form of samples. count: how many to draw. classify:
    samples -> the class of each, which a conditional recipe needs.
    """

    figures: Callable[..., dict[str, float]]
    real: Callable[[int, np.random.Generator], np.ndarray]
    count: int
    classify: Callable | None = None

    def baselines(self, n: int, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
        """The figures of n training examples, and of n of uniform noise within the range of the data."""
        real = self.real(n, rng)
        noise = rng.uniform(real.min(), real.max(), real.shape).astype(real.dtype)
        return self.figures(real), self.figures(noise)


def evaluator_of(name: str) -> Evaluator:
    """The evaluator of a data source: a known distribution, the digits' classifier, or for others the pixels."""
    evaluator = points if name in POINTS else sequences if name in SEQUENCES else shapes if name == "shapes" else images
    return evaluator(name)


def points(name: str) -> Evaluator:
    """Judges the points of a mixture."""
    mixture = POINTS[name]
    return Evaluator(lambda samples: metrics.evaluate_points(samples, mixture.means, mixture.sigma), mixture.draw, 2500,
                 mixture.classes)


def shapes(_: str) -> Evaluator:
    """Judges coloured shapes by their pixels, and by how often each of the three kinds is drawn."""
    held_out = data.shapes(HELD_OUT, np.random.default_rng(2019))

    def figures(samples):
        counts = np.bincount(measure_shapes(samples).kind, minlength=len(KINDS))
        return {"modes": int((counts > 0.02 * len(samples)).sum()), "reverse_kl": metrics.reverse_kl(counts),
                **metrics.evaluate_rows(samples.reshape(len(samples), -1), held_out.reshape(HELD_OUT, -1))}
    return Evaluator(figures, data.shapes, HELD_OUT)


def sequences(name: str) -> Evaluator:
    """Judges sequences whose frequencies are known."""
    waves = SEQUENCES[name]
    return Evaluator(lambda samples: metrics.evaluate_sines(samples, waves.frequencies), waves.draw, 2500)


def images(name: str) -> Evaluator:
    """Judges images against held-out ones; of a folder, or a file of sequences, which has none, against a half of it.

    The sets of digits have a classifier; of others the pixels, or numbers, themselves are compared.
    """
    named = name in data.sets.LOADERS

    def halves():
        x = data.load_sequences(name) if str(name).endswith(".npy") else data.load(name).x
        x = np.random.default_rng(0).permutation(x)
        return x[:len(x) // 2], x[len(x) // 2:]

    @functools.cache
    def held_out():
        return (data.load(name, held_out=True).x if named else halves()[0])[:HELD_OUT]

    def core(x):  # without the frame of digits16: the classifier knows 28 x 28 pixels, or a fraction
        return x[:, 1:-1, 1:-1] if name == "digits16" else x

    def figures(samples):
        if name in DIGITS:
            return metrics.evaluate_images(core(samples), core(held_out()))
        return metrics.evaluate_rows(*(x.reshape(len(x), -1) for x in (samples, held_out())))

    def real(n, rng):
        x = data.load(name).x if named else halves()[1]
        return x[rng.permutation(len(x))[:n]]

    def classify(samples):
        from tinygan.metrics.classifier import digits_classifier
        return digits_classifier().likeliest(core(samples))

    return Evaluator(figures, real, HELD_OUT, classify if name in DIGITS else None)
