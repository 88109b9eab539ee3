"""Whether a conditional generator draws what it is told."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .checks import host


def label_scores(sample: Callable, classify: Callable, labels, classes: int,
                 rng: np.random.Generator) -> dict[str, float]:
    """How well a conditional generator minds its labels: label_accuracy, label_swap (`label-accuracy`).

    sample: a function of labels (n,) -> n samples, of the same latents at every call. classify: samples -> the class of
    each, (n,). labels: n of them, from 0 to classes - 1.

    - label_accuracy: the share of samples whose class is their label; 1 / classes where the labels go unheard;
    - label_swap: the share of latents whose class changes when their label becomes another, drawn from the others;
      0 where the class is written in z.

    >>> labels = np.arange(8)
    >>> label_scores(lambda labels: labels, lambda samples: samples, labels, 8, np.random.default_rng(0))
    {'label_accuracy': 1.0, 'label_swap': 1.0}
    """
    labels = host("label_scores", "labels", labels, "(n)")
    others = (labels + rng.integers(1, classes, len(labels))) % classes
    told, swapped = classify(sample(labels)), classify(sample(others))
    return {"label_accuracy": float((told == labels).mean()), "label_swap": float((told != swapped).mean())}
