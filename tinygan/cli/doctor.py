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
    now = doctor.visits[-1]
    print(f"{run.folder} at step {now.step} of {run.config.steps}: D's logit of a real example is above that "
          f"of a fake in {now.auc:.0%} of all pairs; the variety of the fakes is {now.variety:.2g} times, and their "
          f"standard deviation {now.std_ratio:.2g} times, that of the data")
    print("\n".join(map(str, found)) or f"no findings; checked: {', '.join(ailment.name for ailment in AILMENTS)}")
