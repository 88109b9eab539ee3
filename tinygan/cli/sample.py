"""`tinygan sample`: draws samples from a run, as a sheet or as an array."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygan import plots
from tinygan.cli import arguments
from tinygan.runs import Run, RunError
from tinygan.runs.files import render

ABOUT = "draw samples from a run"


def add(parser) -> None:
    parser.add_argument("run", type=arguments.path, metavar="RUN", help="a run folder")
    parser.add_argument("-n", type=arguments.count, default=64, help="number of samples (default: 64); in a "
                        "conditional run rounded to whole rows, one row per class")
    parser.add_argument("--label", type=arguments.natural, help="the class of all samples (default: one row per class)")
    parser.add_argument("--mix", action="store_true",
                        help="mix styles: coarse styles from the rows, fine styles from the columns")
    parser.add_argument("--seed", type=arguments.natural, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("-o", "--output", type=arguments.path, metavar="FILE", default=Path("sample.png"),
                        help="a .png, or a .npy for the array of samples (default: sample.png)")


def run(options):
    run = Run.open(options.run, "cpu")
    rng = np.random.default_rng(options.seed)
    samples = run.style_mixing(rng) if options.mix else run.samples(options.n, rng, options.label)
    if options.output.suffix == ".npy":
        render(options.output, np.save, samples)
    elif options.output.suffix == ".png":
        labels = run.labels(options.n, options.label)
        render(options.output, plots.save_png, run.draw(samples, np.random.default_rng(options.seed), labels))
    else:
        raise RunError(f"-o: {options.output} ends in {options.output.suffix!r}, expected .png or .npy")
    classes = f", {run.class_list(*([] if options.label is None else [options.label]))}" if run.classes else ""
    print(f"{options.output}: {len(samples)} samples of {run.folder} at step {run.game.step}{classes}")
