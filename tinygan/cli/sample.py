"""`tinygan sample`: samples of a run, as a sheet or as numbers."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygan import plots
from tinygan.cli import arguments
from tinygan.runs import Run, RunError

ABOUT = "draw samples from a run"


def add(parser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("-n", type=arguments.count, default=64, help="how many (default: 64); of classes, whole rows")
    parser.add_argument("--label", type=arguments.natural, help="the class of all (default: a row a class)")
    parser.add_argument("--mix", action="store_true", help="mix styles: the coarse ones of a row, the fine of a column")
    parser.add_argument("--seed", type=arguments.natural, default=0, help="of the latents (default: 0)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="a .png, or .npy for the raw samples "
                        "(default: sample.png)", default=Path("sample.png"))


def run(options):
    run = Run.open(options.run, "cpu")
    rng = np.random.default_rng(options.seed)
    samples = run.style_mixing(rng) if options.mix else run.samples(options.n, rng, options.label)
    if options.output.suffix == ".npy":
        np.save(options.output, samples)
    elif options.output.suffix == ".png":
        labels = run.labels(options.n, options.label)
        plots.save_png(options.output, run.draw(samples, np.random.default_rng(options.seed), labels))
    else:
        raise RunError(f"-o: {options.output} ends in {options.output.suffix!r}, expected .png or .npy")
    print(f"{options.output}: {len(samples)} samples of {run.folder} at step {run.game.step}")
