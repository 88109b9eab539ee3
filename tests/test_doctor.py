"""The doctor: each finding in a game that has the ailment, none in games that go well, and no trace in the game."""
import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import fails
from test_checkpoint import same

import tinygan as tg
from tinygan import nn
from tinygan.cli import main
from tinygan.doctor import FILE, Doctor, VisitsError, read
from tinygan.doctor.ailments import AILMENTS, findings
from tinygan.doctor.evidence import Evidence, Visit, visit
from tinygan.game import COLUMNS, Game, latent, train
from tinygan.runs import Run
from tinygan.updates import Adam, Momentum
from tinygan.zoo import RECIPES
from tinygan.zoo.switches import change, read as meant

NAMES = [ailment.name for ailment in AILMENTS]


class Enough(Exception):
    """The game is played no further."""


def played(recipe, steps, *settings, batch=None, of=None, seed=0):
    """The first steps of a game that lasts `of`, with a doctor; the game, and what was told and when, by name."""
    told = {}
    game = change(RECIPES[recipe], meant(RECIPES[recipe], settings)).start(seed, batch)
    doctor = Doctor(of or steps, tell=lambda finding: told.update({finding.ailment.name: (game.step, finding)}))

    def until(game):
        if game.step == steps:
            raise Enough
    try:
        train(game, of or steps, [doctor, until])
    except Enough:
        pass
    return game, told


# What is found in games that went wrong

SMALL = {"batch": 64}
ILL = [
    ("D has won", "ring", 200, ["width=64", "objective=minimax", "r1=0", "rate=1e-2:1e-4"], "G's gradient, once"),
    ("D has won", "ring", 400, ["width=64", "r1=0", "rate=1e-2:1e-5"], "no fake gets past it"),
    ("D cannot tell", "ring", 400, ["width=64", "r1=1000"], "-1.386"),
    ("mode collapse", "ring", 400, ["width=64", "r1=0", "rate=1e-3:4e-3"], "since step"),
    ("the rates are far apart", "ring", 1, ["rate=1e-2:1e-5"], "D's learning rate is 0.01 and G's 1e-05"),
    ("dead ReLUs", "ring", 100, ["width=64", "rate=1.0"], "% of the units of a layer of D are 0"),
]


@pytest.mark.parametrize(("name", "recipe", "steps", "settings", "figures"), ILL)
def test_an_ailment_is_found_told_once_and_with_its_figures(name, recipe, steps, settings, figures):
    _, told = played(recipe, steps, *settings, **SMALL)
    assert figures in told[name][1].figures
