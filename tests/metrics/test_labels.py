"""Whether a conditional generator draws the given labels."""
import numpy as np
import pytest

from tinygan.metrics import label_scores

SEED = np.random.default_rng


def test_label_scores():
    labels, say = np.arange(900) % 9, lambda labels: labels
    assert label_scores(say, lambda x: x, labels, 9, SEED(0)) == {"label_accuracy": 1.0, "label_swap": 1.0}
    deaf = label_scores(lambda labels: np.arange(900) // 100, lambda x: x, labels, 9, SEED(0))
    assert deaf["label_accuracy"] == pytest.approx(1 / 9, abs=0.01)
    assert deaf["label_swap"] == 0
    assert label_scores(say, lambda x: x, labels % 2, 2, SEED(0)) == {"label_accuracy": 1.0, "label_swap": 1.0}
    wrong = label_scores(lambda labels: (labels + 1) % 9, lambda x: x, labels, 9, SEED(0))
    assert wrong == {"label_accuracy": 0.0, "label_swap": 1.0}
