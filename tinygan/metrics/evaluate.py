"""All metrics of a set of samples, and their calibration on sets of known quality."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygan import data

from .checks import host
from .distances import kernel_distance, sliced_wasserstein, wasserstein
from .features import class_modes, frechet, inception_score, label_reverse_kl
from .mixture import mixture
from .neighbours import one_nn_accuracy, precision_recall_density_coverage

BETTER = {  # the direction in which a metric is better; the value of real data is the limit
    "modes": "higher", "hq": "as real", "reverse_kl": "lower", "mean": "as real", "sd": "as real",
    "wasserstein": "lower", "sliced_wasserstein": "lower", "kernel_distance": "lower", "fcd": "lower",
    "inception_score": "higher", "precision": "higher", "recall": "higher", "density": "as real", "coverage": "higher",
    "one_nn": "as real", "label_accuracy": "higher", "label_swap": "higher",
    "purity": "higher", "least_share": "higher", "amplitude": "as real", "amplitude_sd": "as real",
    "phase_bias": "lower"}


@dataclass(frozen=True)
class Evaluator:
    """Measures samples of a data source.

    figures: a function from samples, as `Run.samples` gives them, to metrics by name (`metrics.BETTER` gives
    the better direction of each). real: (n, rng) -> n training examples, in the form of samples. count: the number of
    samples to draw. classify: samples -> the class of each, for conditional recipes.
    """

    figures: Callable[..., dict[str, float]]
    real: Callable[[int, np.random.Generator], np.ndarray]
    count: int
    classify: Callable | None = None

    def baselines(self, n: int, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
        """The metrics of n training examples, and of n examples of uniform noise within the range of the data."""
        real = self.real(n, rng)
        noise = rng.uniform(real.min(), real.max(), real.shape).astype(real.dtype)
        return self.figures(real), self.figures(noise)


def evaluate_points(samples, means, sigma: float, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Compares points (n, d) with a mixture of equal Gaussians (means (K, d), sigma).

    Returns modes, hq and reverse_kl (`mixture`), and sliced_wasserstein and one_nn (`one_nn_accuracy`) to as many
    points of the mixture; in one dimension mean, sd, hq and wasserstein. rng: draws these points, by default seeded
    with 0.
    """
    scores = mixture(samples, means, sigma)
    samples, means = host("evaluate_points", "samples", samples, "(n, d)"), np.asarray(means)
    rng = rng or np.random.default_rng(0)
    real = means[rng.integers(len(means), size=len(samples))] + sigma * rng.standard_normal(samples.shape)
    if samples.shape[1] == 1:
        return {"mean": float(samples.mean()), "sd": float(samples.std()), "hq": scores["hq"],
                "wasserstein": wasserstein(real, samples)}
    return {**scores, "sliced_wasserstein": sliced_wasserstein(real, samples, rng),
            "one_nn": one_nn_accuracy(real, samples)}


def evaluate_rows(fake, real, k: int = 5, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Compares rows fake (m, f) with real (n, f): features, or pixels if there is no classifier for the images.

    Returns precision, recall, density and coverage (k neighbours), one_nn (`one_nn_accuracy`), kernel_distance and
    sliced_wasserstein. rng: draws the directions, by default seeded with 0.
    """
    rng = rng or np.random.default_rng(0)
    return {**precision_recall_density_coverage(real, fake, k), "one_nn": one_nn_accuracy(real, fake),
            "kernel_distance": kernel_distance(real, fake), "sliced_wasserstein": sliced_wasserstein(real, fake, rng)}


def evaluate_images(fake_images, real_images=None, classifier=None, k: int = 5,
                    rng: np.random.Generator | None = None) -> dict[str, float]:
    """Compares images (n, height, width, channels) in [-1, 1] with real ones, by the features of a classifier.

    Returns fcd, inception_score, modes (classes with more than 2 % of the fakes), reverse_kl (of the classes), and
    `evaluate_rows` of the features. real_images: by default the 2,000 held-out digits. classifier: a
    `metrics.classifier.Classifier`, by default the shipped one of the digits. Use as many fakes as real images:
    FCD and coverage depend on the numbers.
    """
    from .classifier import digits_classifier  # not at the top: `python -m` would warn that it is imported already
    classifier = digits_classifier() if classifier is None else classifier
    real_images = data.load("digits", held_out=True).x if real_images is None else real_images
    probabilities = classifier.probabilities(fake_images)
    real, fake = classifier.features(real_images), classifier.features(fake_images)
    return {"fcd": frechet(real, fake), "inception_score": inception_score(probabilities),
            "modes": class_modes(probabilities), "reverse_kl": label_reverse_kl(probabilities),
            **evaluate_rows(fake, real, k, rng)}


def calibration(seed: int = 0, name: str = "digits") -> dict[str, dict[str, float]]:
    """The metrics of four sets of known quality, compared with the 2,000 held-out digits, by the names of the sets.

    The sets are 2,000 training digits; the same with noise N(0, .5); the 1,000 training images of the digit 1; 2,000
    images of uniform noise. A metric is reliable if it orders these correctly. name: "digits" or "digits14".
    """
    rng = np.random.default_rng(seed)
    x, labels = data.load(name)
    real = x[rng.permutation(len(x))[:2000]]
    sets = {"real": real, "real + N(0, .5)": real + rng.normal(0, 0.5, real.shape),
            "only the digit 1": x[labels == 1], "uniform noise": rng.uniform(-1, 1, real.shape)}
    held_out = data.load(name, held_out=True).x
    return {name: evaluate_images(images, held_out) for name, images in sets.items()}
