"""`tinygan doctor`: reports the problems of a run with their evidence, remedies and lectures."""
from __future__ import annotations

from tinygan.cli import arguments
from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS
from tinygan.runs import Run

ABOUT = "diagnose a run: its problems, the evidence, and remedies"


def add(parser) -> None:
    parser.add_argument("run", type=arguments.path, metavar="RUN", help="a run folder")
    parser.add_argument("--data", type=arguments.filled,
                        help="the place of the run's own data, if they are no longer where they were")


def run(options):
    run = Run.open(options.run, "cpu", data=options.data)
    run.load_data()
    doctor = Doctor(run.config.steps, run.config.seed, run.folder)
    found = doctor.examine(run.game)
    now = next(v for v in doctor.visits if v.step == run.game.step)
    print(f"{run.folder}, step {now.step} of {run.config.steps}: D's output for a real example is above that for a "
          f"fake in {now.auc:.0%} of all pairs (50% if it guesses); compared with the data (1 if equal), the variety "
          f"of the fakes is {now.variety:.2g}, their standard deviation {now.std_ratio:.2g}, their distance to the "
          f"nearest real example {now.nearest:.3g}")
    print("\n".join(map(str, found)) or f"no findings; checked: {', '.join(ailment.name for ailment in AILMENTS)}")
