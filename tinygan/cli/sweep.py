"""`tinygan sweep`: trains a recipe with many seeds and settings, and evaluates each run."""
from __future__ import annotations

import sys
from pathlib import Path

from tinygan.cli import arguments
from tinygan.cli.configure import configured
from tinygan.distributed import mpi
from tinygan.distributed.group import RanksError
from tinygan.runs import sweep
from tinygan.zoo import RECIPES, settings

ABOUT = "train a recipe with many seeds and evaluate each run"


def add(parser) -> None:
    parser.add_argument("recipe", type=arguments.recipe, help="name of a recipe, see `tinygan recipes`")
    parser.add_argument("--seeds", type=arguments.seeds, default=range(10),
                        help="a range or a list of seeds, such as 0-9 or 1,4 (default: 0-9)")
    parser.add_argument("--jobs", type=arguments.count, default=1, help="number of runs at the same time (default: 1)")
    parser.add_argument("--mpi", action="store_true", help="run on the processes that mpiexec starts: one of them "
                        "distributes the runs, each other one trains a run")
    parser.add_argument("--steps", type=arguments.count, help="training steps of each run (default: the recipe's)")
    parser.add_argument("--out", type=arguments.path,
                        help="the folder of all runs (default: sweeps/RECIPE); runs that it holds already are resumed")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE[,VALUE...]",
                      help="change settings of the recipe; a run for every combination of the values")
    parser.set_defaults(batch=None, dtype=None, device=None, data=None)


def run(options):
    out, recipe = options.out or Path("sweeps") / options.recipe, RECIPES[options.recipe]
    kinds = [settings.parse_settings(recipe, texts) for texts in sweep.combinations(options.set)]
    configs = sweep.named(configured(options, seed, chosen) for chosen in kinds for seed in options.seeds)
    try:
        with _pool(options) as pool:
            if pool is None:  # a worker that has finished
                return 0
            _print_plan(out, configs)
            rows = sweep.sweep(configs, out, pool, _print_row)
    except KeyboardInterrupt:
        print(f"stopped; the same command resumes {out}", file=sys.stderr)
        raise
    print(sweep.summary(rows, configs, out))
    return 1 if any(row["error"] for row in rows) else 0


def _pool(options):
    if not options.mpi and mpi.launched() > 1:
        raise RanksError(f"mpiexec started {mpi.launched()} processes: add --mpi to sweep with all of them")
    if not options.mpi or mpi.size() == 1:
        if options.mpi:
            print("--mpi without mpiexec: this process runs the sweep with its --jobs", file=sys.stderr)
        return sweep.processes(options.jobs)
    if options.jobs > 1:
        raise RanksError("--jobs: with --mpi the ranks that mpiexec starts are the jobs")
    return mpi.workers()


def _print_plan(out, configs):
    """Prints the settings of the runs, as they were understood: 0,5 is two values, not a half."""
    kinds = dict.fromkeys(map(sweep.kind, configs.values()))
    print("\n  ".join([f"{len(configs)} run{'s' * (len(configs) > 1)} in {out}", *filter(None, kinds)]), flush=True)


def _print_row(row):
    figures = "  ".join(f"{name} {value:.4g}" for name, value in row["figures"].items())
    print(f"{row['run']}: {row['error'] or figures}", flush=True)
