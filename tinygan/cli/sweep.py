"""`tinygan sweep`: trains a recipe with many seeds and settings, and evaluates each run."""
from __future__ import annotations

import functools
import sys
from dataclasses import replace
from pathlib import Path

from tinygan.cli import arguments
from tinygan.cli.configure import configured
from tinygan.data.progress import bar
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
    parser.add_argument("--data", type=arguments.filled, help="another data set, as of `tinygan train --data`")
    parser.add_argument("--batch", type=arguments.count, help="examples in a batch (default: the recipe's)")
    parser.add_argument("--out", type=arguments.path,
                        help="the folder of all runs (default: sweeps/RECIPE); runs that it holds already are resumed")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE[,VALUE...]",
                      help="change settings of the recipe; a run for every combination of the values")
    parser.set_defaults(dtype=None, device=None)


def run(options):
    out, recipe = options.out or Path("sweeps") / options.recipe, RECIPES[options.recipe]
    kinds = [settings.parse_settings(recipe, texts) for texts in sweep.combinations(options.set)]
    configs = sweep.named(configured(options, seed, chosen) for chosen in kinds for seed in options.seeds)
    try:
        with _pool(options) as pool:
            if pool is None:  # a worker that has finished
                return 0
            if options.data is not None:
                replace(next(iter(configs.values()))).start()  # if they are missing or do not fit, nothing has begun
            _print_plan(out, configs)
            with bar(total=sum(config.steps for config in configs.values()), unit="step") as progress:
                rows = sweep.sweep(configs, out, pool, functools.partial(_print_row, progress),
                                   _shown(progress, configs))
    except KeyboardInterrupt:
        arguments.show(f"stopped; the same command resumes {out}", sys.stderr)
        raise
    first, *tables = sweep.summary(rows, configs, out).split("\n", 1)
    arguments.show(first)
    print(*tables, sep="", end="\n" * bool(tables))
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
    arguments.show(f"{len(configs)} run{'s' * (len(configs) > 1)} in {out}")
    for kind in filter(None, kinds):
        print(f"  {kind}", flush=True)


def _print_row(progress, row):
    figures = "  ".join(f"{name} {value:.4g}" for name, value in row["figures"].items())
    with progress.external_write_mode():
        print(f"{arguments.printable(row['run'])}: {arguments.printable(row['error']) or figures}", flush=True)


def _shown(progress, configs):
    """A function that shows the number of steps and of runs that are done."""
    def show(steps, runs):
        progress.set_postfix_str(f"{runs} of {len(configs)} runs", refresh=False)
        progress.update(max(0, steps - progress.n))  # 0 between the end of a run and its row
    return show
