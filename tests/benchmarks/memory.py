"""Memory while the ring is trained for 50,000 steps, with a history of every step and of every hundredth. A script.

    python tests/benchmarks/memory.py 50000 memory.png

Prints the memory of the process, in MB, after its first steps and at the end, and its peak; draws it over the steps.
"""
import multiprocessing
import resource
import sys
from pathlib import Path

import numpy as np

from tinygan.backend.process import tune
from tinygan.game import train
from tinygan.zoo import RECIPES

LOOKS = 200  # measurements of the memory in a run


def held():
    """The memory of this process now, in MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def run(steps, record_every):
    """The memory of the process at each measurement, steps and MB (LOOKS, 2), and its peak."""
    tune()
    rows = []

    def look(game):
        if game.step % (steps // LOOKS) == 0:
            rows.append((game.step, held()))
    train(RECIPES["ring"].start(), steps, [look], record_every)
    return np.array(rows), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main(steps, picture):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for record_every in (1, 100):
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            rows, peak = fresh.apply(run, (steps, record_every))
        first, last = rows[LOOKS // 20], rows[-1]
        slope = np.polyfit(*rows[LOOKS // 20:].T, 1)[0] * 1e6
        name = "history of every step" if record_every == 1 else f"history of every {record_every} steps"
        print(f"{name}: {first[1]:.1f} MB after {first[0]:.0f} steps, {last[1]:.1f} "
              f"after {last[0]:.0f}, {slope:.0f} bytes a step; peak {peak:.1f}", flush=True)
        axes.plot(*rows.T, label=name)
    axes.set(xlabel="step", ylabel="memory of the process, MB", ylim=(0, 1.2 * peak), title="The ring")
    axes.legend(loc="lower right")
    figure.savefig(picture, dpi=100)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
