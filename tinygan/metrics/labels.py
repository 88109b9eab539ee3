"""The agreement of conditional samples with their labels."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .checks import host


def label_scores(sample: Callable, classify: Callable, labels, classes: int,
                 rng: np.random.Generator) -> dict[str, float]:
    """Measures the influence of labels on a conditional generator: label_accuracy, label_swap (`label-accuracy`).

    sample: a function of labels (n,) -> n samples, with the same latents at each call. classify: samples -> their
    classes (n,). labels: n of them, from 0 to classes - 1.

    - label_accuracy: the share of samples whose class is their label; 1 / classes if the generator ignores labels;
    - label_swap: the share of latents whose class changes if their label is replaced by another, a random one;
      0 if z determines the class.

    >>> labels = np.arange(8)
    >>> label_scores(lambda labels: labels, lambda samples: samples, labels, 8, np.random.default_rng(0))
    {'label_accuracy': 1.0, 'label_swap': 1.0}
    """
    labels = host("label_scores", "labels", labels, "(n)")
    others = (labels + rng.integers(1, classes, len(labels))) % classes
    given, swapped = classify(sample(labels)), classify(sample(others))
    return {"label_accuracy": float((given == labels).mean()), "label_swap": float((given != swapped).mean())}
