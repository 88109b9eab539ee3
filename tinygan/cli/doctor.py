"""`tinygan doctor`: reports the problems of a run with their evidence, remedies and lectures."""
from __future__ import annotations

from pathlib import Path

from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS
from tinygan.runs import Run

ABOUT = "diagnose a run: its problems, the evidence, and remedies"


def add(parser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")


def run(options):
    run = Run.open(options.run, "cpu")
    doctor = Doctor(run.config.steps, run.config.seed, run.folder)
    found = doctor.examine(run.game)
    now = doctor.visits[-1]
    print(f"{run.folder} at step {now.step} of {run.config.steps}: D ranks the real example above the fake in "
          f"{now.auc:.0%} of all pairs; relative to the data, the fakes have variety {now.variety:.2g} and standard "
          f"deviation {now.std_ratio:.2g}")
    print("\n".join(map(str, found)) or f"no problem found; checked: {', '.join(ailment.name for ailment in AILMENTS)}")
