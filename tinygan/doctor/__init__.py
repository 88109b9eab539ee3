"""The doctor: finds faults of a game, with the numbers that show them, a remedy, and the lecture that explains them.

    train(game, steps, [Doctor(steps)])   # while it trains
    tinygan doctor RUN                    # of a run folder
"""
from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinygan.doctor.ailments import Finding, findings
from tinygan.doctor.evidence import Evidence, Visit, visit
from tinygan.errors import TinyganError
from tinygan.game import Game
from tinygan.runs.files import read_text, write

FILE = "doctor.csv"  # in a run folder
VISITS, SELDOM = 40, 20  # visits in a run; the least number of steps between two


class VisitsError(TinyganError, ValueError):
    """A file of visits that cannot be read."""


class Doctor:
    """A callback of `train`: visits the game after its first step and 40 times more, and reports each finding once.

    steps: the length of the game. seed: for the examples drawn at visits. folder: `FILE` in it stores the visits for a
    resumed game, so put the doctor before the callback that saves the game. tell: called with each new Finding.
    """

    def __init__(self, steps: int, seed: int = 0, folder: Path | None = None,
                 tell: Callable[[Finding], object] = print):
        self.steps, self.seed, self.tell = steps, seed, tell
        self.path = folder / FILE if folder else None
        self.visits = read(self.path) if self.path else []
        self.reported: set[str] = set()

    def __call__(self, game: Game) -> None:
        if game.step == 1 or game.step % max(SELDOM, self.steps // VISITS) == 0:
            for finding in self.examine(game):
                if finding.ailment.name not in self.reported:
                    self.reported.add(finding.ailment.name)
                    self.tell(finding)
            if self.path is not None:
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows([Visit._fields, *self.visits])
                write(self.path, text.getvalue().encode())

    def examine(self, game: Game) -> list[Finding]:
        """Visits the game now and returns all findings."""
        now = visit(game, np.random.default_rng([self.seed, 2, game.step]))
        self.visits = [*(v for v in self.visits if v.step < game.step), now]
        return findings(Evidence.of(game, self.steps, self.visits))


def read(path: Path) -> list[Visit]:
    """The visits in a CSV file, none if there is no file; VisitsError if the file holds anything else."""
    try:
        names, *rows = csv.reader(io.StringIO(read_text(path), newline=""))
        if tuple(names) != Visit._fields:
            raise ValueError(f"its columns are {', '.join(names)!r:.200}")
        visits = [Visit(int(step), *map(float, numbers)) for step, *numbers in rows]
        if not np.isfinite(visits).all():
            raise ValueError("it holds a number that is not finite")
        return visits
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise VisitsError(f"{path} is damaged ({error}); remove it: the doctor works without it") from error
