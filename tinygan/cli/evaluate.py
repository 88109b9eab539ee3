"""`tinygan evaluate`: metrics of a run, or their quartiles over several runs, with those of real data and noise."""
from __future__ import annotations

import itertools
import json

import numpy as np

from tinygan.cli import arguments
from tinygan.errors import TinyganError
from tinygan.runs import Run, RunError, report

ABOUT = "compute the metrics of a run, or of several runs that differ in their seeds"


def add(parser) -> None:
    parser.add_argument("runs", type=arguments.path, nargs="+", metavar="RUN",
                        help="a run folder; for several, medians and quartiles are printed")
    parser.add_argument("-n", type=arguments.count,
                        help="number of samples to draw (default: 2500 points or 2000 images)")
    parser.add_argument("--seed", type=arguments.natural, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("--data", type=arguments.filled,
                        help="the place of the runs' own data, if they are no longer where they were")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options):
    runs = [Run.open(folder, "cpu", data=options.data) for folder in options.runs]
    for run, name in itertools.product(runs[1:], ("recipe", "data", "settings")):
        first, other = (getattr(r.config, name) for r in (runs[0], run))
        if first != other:
            raise RunError(f"medians need runs of one kind: {run.folder} has {name} {other}, {runs[0].folder} {first}")
    n = options.n or runs[0].config.evaluator().count
    try:
        figures = [run.evaluate(n, np.random.default_rng(options.seed)) for run in runs]
        real, noise = runs[0].baselines(n, np.random.default_rng(options.seed))
    except TinyganError:
        raise
    except ValueError as error:
        raise RunError(f"-n {n}: {error}" if options.n else error) from error
    rows = [{"run": str(run.folder), "step": run.game.step, **row} for run, row in zip(runs, figures)]
    if options.json:
        scale = {"real": real, "noise": noise}
        print(json.dumps({**rows[0], **scale} if len(rows) == 1 else
                         {"runs": rows, "quartiles": report.quartiles(figures), **scale}))
    else:
        print("\n".join(f"{row['run']} at step {row['step']}" for row in rows))
        print(report.table(figures, real, noise))
