"""The matrix of the doctor: recipes with broken settings, healthy runs, and its findings about each. A script.

    python tests/doctor/matrix.py                     # runs all, two at a time, and prints a table in Markdown
    python tests/doctor/matrix.py --only ring         # the runs whose name contains a word
    python tests/doctor/matrix.py --out matrix.md     # writes the table to a file too

Each run has its own folder, as of `tinygan train`, and the doctor examines it during training and, as `tinygan doctor`
does, after it. The players and the batches are smaller than the recipes', so that all runs take minutes.
"""
import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS
from tinygan.game import Diverged, train
from tinygan.runs import Config, Run
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import parse_settings

SMALL = {"ring": (64, "width=64"), "grid": (64, "width=64"), "gaussian": (64, "width=32"), "digits14": (32, "width=64"),
         "wgan": (64, "width=64"), "wgan-gp": (64, "width=64"), "conditional-ring": (64, "width=64"),
         "sequence": (16, "width=8"), "digits": (16, "width=4")}
STEPS = {"ring": 600, "grid": 600, "gaussian": 600, "digits14": 400, "wgan": 300, "wgan-gp": 200, "sequence": 150,
         "digits": 100}
DIVERGED, DEAD, WON, NO_GRADIENT, STILL, AWAY, BLIND, COLLAPSE, CHASE, COPIES, UNLIKE, UNFINISHED = (
    ailment.name for ailment in AILMENTS[6:])
LONELY, TINY, FREE = (ailment.name for ailment in AILMENTS[2:5])


@dataclass(frozen=True)
class Case:
    """A run: a recipe, the settings that break it (or none), and the ailments of which one must be found."""

    recipe: str
    settings: str
    expected: tuple[str, ...]
    steps: int
    batch: int
    seed: int = 0
    examples: int = 0  # of a data set of its own

    @property
    def name(self):
        return f"{self.recipe} {self.settings}".strip()


def ill(recipe, settings, *expected, steps=None, batch=None, examples=0):
    """A case with broken settings."""
    usual, width = SMALL[recipe]
    settings = settings if "width=" in settings else f"{width} {settings}"
    return Case(recipe, settings, expected, steps or STEPS[recipe], batch or usual, examples=examples)


def well(recipe, steps, seed, settings="", batch=None):
    """A case with the recipe's own settings, but for the size."""
    usual, width = SMALL[recipe]
    return Case(recipe, settings or width, (), steps, batch or usual, seed)


EVERY = [("rate=5", DIVERGED, DEAD, WON, NO_GRADIENT), ("rate=1e-3:0", STILL), ("rate=0:1e-3", STILL),
         ("rate=1e-6", STILL)]
ILL = [
    *(ill(recipe, *broken) for recipe in STEPS for broken in EVERY),
    *(ill(recipe, "width=1", DEAD, COLLAPSE, BLIND) for recipe in STEPS if recipe != "digits"),
    *(ill(recipe, "rate=0.1", DIVERGED, DEAD) for recipe in ("ring", "grid", "gaussian", "digits14", "wgan")),
    *(ill(recipe, "objective=minimax r1=0 rate=1e-2:1e-4", WON, COLLAPSE) for recipe in ("ring", "grid", "digits14")),
    *(ill(recipe, "", TINY, steps=steps, batch=batch) for recipe, steps, batch in
      (("ring", 600, 1), ("grid", 600, 2), ("gaussian", 600, 1), ("digits14", 400, 1))),
    *(ill(recipe, f"instance_noise={noise}", BLIND) for recipe, noise in
      (("ring", 10), ("grid", 100), ("gaussian", 100), ("digits14", 100))),
    *(ill(recipe, f"r1={r1:.0f}", BLIND, UNLIKE) for recipe, r1 in
      (("ring", 1e3), ("gaussian", 1e3), ("digits14", 1e5))),
    *(ill(recipe, "", UNFINISHED, steps=steps) for recipe, steps in
      (("ring", 100), ("grid", 100), ("gaussian", 60), ("digits14", 20))),
    ill("ring", "rate=1e29", DIVERGED), ill("ring", "optimiser=sgd rate=100", DIVERGED),
    ill("ring", "simultaneous=true r1=0 decay=false optimiser=sgd rate=1", DIVERGED),
    ill("gaussian", "optimiser=momentum betas=0.99:0.9 rate=0.1 r1=0", DIVERGED),
    ill("sequence", "optimiser=momentum rate=10", AWAY, WON),
    ill("ring", "objective=hinge rate=5", DIVERGED), ill("ring", "objective=least-squares rate=5", DIVERGED),
    ill("ring", "objective=minimax k=20 r1=0 rate=1e-3", WON, steps=200),
    ill("ring", "objective=hinge r1=0 rate=1e-2:1e-5", WON, STILL, steps=400),
    ill("ring", "objective=least-squares r1=0 rate=1e-2:1e-5", WON, STILL, steps=400),
    ill("ring", "r1=0 rate=1e-2:1e-5", WON, STILL),
    ill("ring", "r1=0 rate=1e-3:4e-3 betas=0.9:0.9", COLLAPSE, DEAD, CHASE),
    ill("ring", "r1=0 rate=1e-3:8e-3 betas=0.9:0.9", AWAY, COLLAPSE, CHASE),
    ill("ring", "r1=0 decay=false average=0 betas=0.9:0.9", CHASE, steps=1200),
    ill("gaussian", "r1=0 decay=false average=0 betas=0.9:0.9 rate=1e-2", CHASE, steps=1000),
    ill("ring", "objective=wasserstein r1=0", FREE),
    ill("grid", "r1=0 decay=false average=0", UNLIKE, steps=1200),
    ill("ring", "latent=1", COLLAPSE, UNLIKE, steps=1000), ill("digits14", "latent=1", COLLAPSE, UNLIKE, steps=600),
    ill("wgan", "clip=1e-6", NO_GRADIENT, STILL, BLIND), ill("wgan", "clip=1e-3", NO_GRADIENT, STILL, BLIND),
    ill("wgan", "clip=0", FREE), ill("wgan-gp", "gp=0", FREE),
    ill("wgan-gp", "gp=10000", AWAY),
    ill("digits", "", LONELY, batch=1, steps=30),
    ill("digits14", "width=128", COPIES, steps=2000, examples=6),
]
WELL = [
    *(well("gaussian", 2000, seed, "width=64") for seed in range(5)),
    *(well("conditional-ring", 1500, seed) for seed in range(5)),
    *(well("ring", 2500, seed) for seed in range(5)),
    *(well("grid", 3000, seed) for seed in range(4)),
    *(well("wgan", 1200, seed) for seed in range(4)),
    *(well("wgan-gp", 900, seed) for seed in range(3)),
    *(well("digits14", 1200, seed, "width=128") for seed in range(3)),
    well("sequence", 600, 0, "width=16", 32),
]


def play(case, folder):
    """Plays the run; returns the findings by name, each with its step and its numbers, those now, and the metrics."""
    told = {}
    recipe = RECIPES[case.recipe]
    run = Run.create(folder, Config(case.recipe, case.steps, case.seed, case.batch, "float32", "cpu", recipe.data,
                                    parse_settings(recipe, case.settings.split())))
    if case.examples:
        few = run.game.data(case.examples, np.random.default_rng(case.seed))
        run.game.data = lambda n, rng: few[rng.integers(len(few), size=n)]
    doctor = Doctor(case.steps, case.seed, folder, lambda finding: told.setdefault(
        finding.ailment.name, (run.game.step, str(finding))))
    try:
        train(run.game, case.steps, [doctor])
        run.save()
        metrics = {} if case.examples else run.evaluate(1000, np.random.default_rng(0))
    except Diverged as error:
        doctor.diverged(run.game)
        metrics = {str(error).partition(";")[0]: np.nan}
        run.unlock()
        run = Run.open(folder)
    now = Doctor(case.steps, case.seed, folder).examine(run.game)
    for finding in now:
        told.setdefault(finding.ailment.name, (run.game.step, str(finding)))
    run.unlock()
    return told, [finding.ailment.name for finding in now], metrics


def good(case, told):
    """Whether one of the expected ailments was found; of a healthy run, whether none was, or it is not finished."""
    return bool(set(case.expected) & set(told)) if case.expected else set(told) <= {UNFINISHED}


SHOWN = ("modes", "hq", "mean", "sd", "fcd", "coverage", "purity")


def row(case, told, now, metrics):
    """A row of the table: case, findings with the step of each, those that hold at the end, and metrics of samples."""
    found = "; ".join(f"{name} ({step})" + ("" if name in now else ", not at the end")
                      for name, (step, _) in told.items()) or "no findings"
    texts = [name if np.isnan(value) else f"{name} {value:.3g}" for name, value in metrics.items()
             if name in SHOWN or np.isnan(value)]
    return (f"| {'' if good(case, told) else '**wrong** '}{case.recipe} | {case.settings}"
            f"{f', {case.examples} examples' if case.examples else ''} | {case.batch} | {case.seed} | {case.steps} | "
            f"{found} | {', '.join(texts)} |")


def played(case):
    with tempfile.TemporaryDirectory() as folder:
        return play(case, Path(folder, "run"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME", help="the runs whose recipe and settings contain it")
    parser.add_argument("--healthy", action="store_true", help="only the healthy runs")
    parser.add_argument("--out", type=Path, help="a file for the table")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: 2)")
    options = parser.parse_args()
    lines, wrong = [], 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for title, cases in ("Broken", ILL), ("Healthy", WELL):
            cases = [case for case in cases if options.only in case.name and not (options.healthy and case.expected)]
            lines += [f"## {title}: {len(cases)} runs", "",
                      "| recipe | settings | batch | seed | steps | findings (step) | samples |", "|" + "---|" * 7]
            print(*lines[-4:], sep="\n", flush=True)
            for case, result in zip(cases, pool.map(played, cases)):
                lines.append(row(case, *result))
                wrong += not good(case, result[0])
                print(lines[-1], flush=True)
            lines.append("")
    lines.append(f"{wrong} wrong")
    print(lines[-1])
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
