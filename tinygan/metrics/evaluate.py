"""All metrics of one set of samples at once, and their calibration on sets whose quality is known."""
from __future__ import annotations

import numpy as np

from tinygan import data

from .features import class_modes, frechet, inception_score, label_reverse_kl
from .mixture import mixture
from .neighbours import precision_recall_density_coverage


def evaluate_points(samples, means, sigma: float) -> dict[str, float]:
    """Points (n, d) against a mixture of equal Gaussians (means (K, d), sigma): `mixture`, with K as `modes_of`."""
    scores = mixture(samples, means, sigma)
    return {"modes": scores.pop("modes"), "modes_of": len(means), **scores}


def evaluate_images(fake_images, real_images=None, classifier=None, k: int = 5) -> dict[str, float]:
    """Images (n, height, width, channels) in [-1, 1] against real ones, through the eyes of a classifier.

    Gives fcd, inception_score, modes (classes with more than 2 % of the fakes), reverse_kl (of the classes), precision,
    recall, density and coverage (k neighbours). real_images: the 2,000 held-out digits unless told. classifier: a
    `metrics.classifier.Classifier`, the shipped one of the digits unless told. Judge with as many fakes as there are
    real images: FCD and coverage depend on their numbers.
    """
    from .classifier import digits_classifier  # not above: `python -m` would find it imported already
    classifier = digits_classifier() if classifier is None else classifier
    real_images = data.load("digits", held_out=True).x if real_images is None else real_images
    probabilities = classifier.probabilities(fake_images)
    real, fake = classifier.features(real_images), classifier.features(fake_images)
    return {"fcd": frechet(real, fake), "inception_score": inception_score(probabilities),
            "modes": class_modes(probabilities), "reverse_kl": label_reverse_kl(probabilities),
            **precision_recall_density_coverage(real, fake, k)}


def calibration(seed: int = 0) -> dict[str, dict[str, float]]:
    """What the metrics say of four sets of known quality, against the 2,000 held-out digits, by the sets' names.

    2,000 training digits; the same with noise N(0, .5) added; the 1,000 training images of the digit 1; 2,000 images
    of uniform noise. A metric is trusted to judge a model as far as it orders these.
    """
    rng = np.random.default_rng(seed)
    x, labels = data.load("digits")
    real = x[rng.permutation(len(x))[:2000]]
    sets = {"real": real, "real + N(0, .5)": real + rng.normal(0, 0.5, real.shape),
            "only the digit 1": x[labels == 1], "uniform noise": rng.uniform(-1, 1, real.shape)}
    return {name: evaluate_images(images) for name, images in sets.items()}
