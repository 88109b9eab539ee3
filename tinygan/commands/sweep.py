"""`tinygan sweep`: many seeds and settings of a recipe, trained and measured."""
from __future__ import annotations

import sys
from pathlib import Path

from tinygan import arguments, sweep
from tinygan.commands.configure import configured
from tinygan.zoo import RECIPES, switches

ABOUT = "train a recipe from many seeds, measure each run"


def add(parser) -> None:
    parser.add_argument("recipe", type=arguments.recipe, help="see `tinygan recipes`")
    parser.add_argument("--seeds", type=arguments.seeds, default=range(10), help="such as 0-9 or 1,4 (default: 0-9)")
    parser.add_argument("--jobs", type=arguments.count, default=1, help="runs at the same time (default: 1)")
    parser.add_argument("--steps", type=arguments.count, help="steps of each game")
    parser.add_argument("--out", type=Path, help="the folder of runs (default: sweeps/RECIPE); what is there goes on")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE[,VALUE...]",
                      help="set switches otherwise; every combination of their values is run")
    parser.set_defaults(batch=None, dtype=None, device=None, data=None)


def run(options):
    out, recipe = options.out or Path("sweeps") / options.recipe, RECIPES[options.recipe]
    kinds = [switches.read(recipe, texts) for texts in sweep.combinations(options.set)]
    configs = sweep.named(configured(options, seed, settings) for settings in kinds for seed in options.seeds)
    try:
        with sweep.processes(options.jobs) as pool:
            rows = sweep.sweep(configs, out, pool, _tell)
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on with {out}", file=sys.stderr)
        raise
    print(sweep.summary(rows, configs, out))
    return 1 if any(row["error"] for row in rows) else 0


def _tell(row):
    figures = "  ".join(f"{name} {value:.4g}" for name, value in row["figures"].items())
    print(f"{row['run']}: {row['error'] or figures}", flush=True)
