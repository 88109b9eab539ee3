"""`tinygan interpolate`: examples on paths between latents of a run, as a sheet or a film."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygan import latent
from tinygan.cli import arguments
from tinygan.runs import Run, interpolate

ABOUT = "draw examples on paths between latents of a run"


def add(parser) -> None:
    parser.add_argument("run", type=arguments.path, metavar="RUN", help="a run folder")
    parser.add_argument("--path", choices=latent.PATHS, default="spherical",
                        help="form of the paths (default: spherical)")
    parser.add_argument("--rows", type=arguments.count, default=8, help="number of paths (default: 8)")
    parser.add_argument("--steps", type=arguments.count, help="examples on each path (default: 10; for a film 30)")
    parser.add_argument("--label", type=arguments.natural, nargs="+", default=[], metavar="L",
                         help="one class for all paths, or two: the paths lead from the first to the second")
    parser.add_argument("--seed", type=arguments.natural, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("-o", "--output", type=arguments.path, metavar="FILE", default=Path("interpolation.png"),
                         help="a .png, or .gif for a film (default: interpolation.png)")


def run(options):
    run, rng = Run.open(options.run, "cpu"), np.random.default_rng(options.seed)
    steps = options.steps or (30 if options.output.suffix == ".gif" else 10)
    examples = interpolate.interpolate(run, options.rows, steps, options.path, rng, options.label)
    interpolate.save(options.output, run, examples, rng)
    classes = f", {run.class_list(*options.label)}" if options.label else ""
    print(f"{options.output}: {options.rows} paths of {steps} steps through {run.folder} at step {run.game.step}"
          f"{classes}")
