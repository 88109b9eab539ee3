"""Tables of the metrics of runs: medians and quartiles over seeds, compared with real data and noise."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygan.metrics import BETTER

Figures = Mapping[str, float]
MEANING = {  # of every metric, for people
    "modes": "clusters of the data, or classes, that appear among the samples",
    "hq": "share of samples within three standard deviations of a cluster's centre",
    "reverse_kl": "how unevenly the samples are spread over the clusters or classes; 0: evenly",
    "mean": "mean of the samples",
    "sd": "standard deviation of the samples",
    "wasserstein": "mean distance by which samples must move to become real data",
    "sliced_wasserstein": "mean distance by which samples must move to become real data, over directions",
    "kernel_distance": "distance between the features of samples and of real data (KID); 0: none",
    "fcd": "Frechet distance between the features of samples and of real data, by the digits' classifier",
    "inception_score": "how sure the classifier is of each sample, and how many classes appear: 1 to 10",
    "precision": "share of samples that lie among real data: quality",
    "recall": "share of real data that lie among samples: variety",
    "density": "how densely real data surround the samples: quality",
    "coverage": "share of real data with a sample nearby: variety",
    "one_nn": "how well the nearest neighbour tells samples from real data; 0.5: not at all, below: copies",
    "label_accuracy": "share of samples that belong to the class they were asked for",
    "label_swap": "share of samples whose class changes with the label; 0: the label has no effect",
    "purity": "share of a sequence that is one sine wave",
    "least_share": "share of sequences that are sines of the rarest frequency",
    "amplitude": "mean height of the sines",
    "amplitude_sd": "standard deviation of their heights",
    "phase_bias": "how much the sines begin at one place; 0: anywhere, 1: always there",
}
GOOD = {"higher": "high (real data {})", "lower": "low (real data {})", "as real": "near {} (real data)"}


def quartiles(runs: Sequence[Figures]) -> dict[str, tuple[float, float, float]]:
    """The lower quartile, median and upper quartile of each metric over runs.

    >>> quartiles([{"fcd": 1.0}, {"fcd": 2.0}, {"fcd": 6.0}])
    {'fcd': (1.5, 2.0, 4.0)}
    """
    return {name: tuple(np.quantile([run[name] for run in runs], [0.25, 0.5, 0.75]).tolist()) for name in runs[0]}


def text(runs: Sequence[Figures], name: str) -> str:
    """A metric of one run, or of several as median (lower to upper quartile).

    >>> text([{"fcd": 1.0}, {"fcd": 2.0}, {"fcd": 6.0}], "fcd")
    '2 (1.5 to 4)'
    """
    low, median, high = quartiles([{name: run[name]} for run in runs])[name]
    return f"{median:.4g}" + (f" ({low:.4g} to {high:.4g})" if len(runs) > 1 else "")


def table(runs: Sequence[Figures], real: Figures, noise: Figures) -> str:
    """The metrics of a run, or of several runs that differ in their seeds, a line each.

    Each line also has the values of real data and of noise, and which way is better.
    """
    def cell(figures, name):
        return f"{figures[name]:.4g}" if name in figures else ""
    rows = [("", "median (quartiles)" if len(runs) > 1 else "run", "real data", "noise", "better")]
    rows += [(name, text(runs, name), cell(real, name), cell(noise, name), BETTER.get(name, "")) for name in runs[0]]
    return columns(rows)


def explanations(real: Figures) -> list[tuple[str, str]]:
    """The name of each metric with its meaning and its good values, given those of real data.

    >>> explanations({"coverage": 0.97})
    [('coverage', 'share of real data with a sample nearby: variety; good: high (real data 0.97)')]
    """
    return [(name, f"{MEANING[name]}; good: {GOOD[BETTER[name]].format(f'{value:.4g}')}")
            for name, value in real.items()]


def columns(rows: Sequence[Sequence[Any]]) -> str:
    """Rows of cells as lines of text, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
