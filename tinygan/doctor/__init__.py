"""The doctor: says in plain words what is wrong with a game, by which figures, and where the course explains it.

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
from tinygan.runs.files import write

FILE = "doctor.csv"  # in a run folder
VISITS, SELDOM = 40, 20  # visits to a run, at most one in so many steps


class VisitsError(TinyganError, ValueError):
    """A file of visits that cannot be read."""


class Doctor:
    """A callback of `train`: visits the game after its first step and 40 times more, and tells what it finds, once.

    steps: of the game. seed: of what is drawn at visits. folder: where `FILE` keeps the visits for a game that goes on
    (so the doctor comes before what saves the game). tell: called with each new Finding.
    """

    def __init__(self, steps: int, seed: int = 0, folder: Path | None = None,
                 tell: Callable[[Finding], object] = print):
        self.steps, self.seed, self.tell = steps, seed, tell
        self.path = folder / FILE if folder else None
        self.visits = read(self.path) if self.path else []
        self.told: set[str] = set()

    def __call__(self, game: Game) -> None:
        if game.step == 1 or game.step % max(SELDOM, self.steps // VISITS) == 0:
            for finding in self.examine(game):
                if finding.ailment.name not in self.told:
                    self.told.add(finding.ailment.name)
                    self.tell(finding)
            if self.path is not None:
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerows([Visit._fields, *self.visits])
                write(self.path, text.getvalue().encode())

    def examine(self, game: Game) -> list[Finding]:
        """Visits the game now; all that is found wrong with it."""
        now = visit(game, np.random.default_rng([self.seed, 2, game.step]))
        self.visits = [*(v for v in self.visits if v.step < game.step), now]
        return findings(Evidence.of(game, self.steps, self.visits))


def read(path: Path) -> list[Visit]:
    """The visits in a CSV file, none where there is no file; VisitsError where it holds anything else."""
    try:
        with open(path, newline="") as file:
            names, *rows = csv.reader(file)
        if tuple(names) != Visit._fields:
            raise ValueError(f"its columns are {', '.join(names)}")
        return [Visit(int(step), *map(float, numbers)) for step, *numbers in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, csv.Error) as error:
        raise VisitsError(f"{path} is damaged ({error}); remove it, and the doctor does without") from error
