"""Tables of the metrics of runs: medians and quartiles over seeds, compared with real data and noise."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygan.metrics import BETTER

Figures = Mapping[str, float]


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


def columns(rows: Sequence[Sequence[Any]]) -> str:
    """Rows of cells as lines of text, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
