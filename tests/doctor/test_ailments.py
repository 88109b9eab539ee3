"""Each ailment is found in a game that has it, and none in games that go well."""
import contextlib
import re
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn
from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS
from tinygan.doctor.evidence import visit
from tinygan.game import Game, latent, train
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change
from tinygan.zoo.settings import parse_settings as meant

NAMES = [ailment.name for ailment in AILMENTS]


class Enough(Exception):
    """Stops the game."""


def played(recipe, steps, *settings, batch=None, of=None, seed=0):
    """Plays the first steps of a game of `of` steps with a doctor; returns the game, and by name step and finding."""
    told = {}
    game = change(RECIPES[recipe], meant(RECIPES[recipe], settings)).start(seed, batch)
    doctor = Doctor(of or steps, tell=lambda finding: told.update({finding.ailment.name: (game.step, finding)}))

    def until(game):
        if game.step == steps:
            raise Enough
    with contextlib.suppress(Enough):
        train(game, of or steps, [doctor, until])
    return game, told


# Findings in games that went wrong

SMALL = {"batch": 64}


ILL = [
    ("D has won", "ring", 200, ["width=64", "objective=minimax", "r1=0", "rate=1e-2:1e-4"], "G's gradient fell from"),
    ("D has won", "ring", 480, ["width=64", "r1=0", "rate=1e-2:1e-5"], "and it was so in each of the last 240 steps"),
    ("D cannot tell", "ring", 420, ["width=64", "r1=1000"], "-1.386"),
    ("mode collapse", "ring", 420, ["width=64", "r1=0", "rate=1e-3:4e-3", "betas=0.9:0.9"], "since step"),
    ("the rates are far apart", "ring", 1, ["rate=1e-2:1e-5"], "D's learning rate is 0.01 and G's 1e-05"),
    ("the game diverged", "ring", 1, ["width=64", "rate=1.0"], "after step 1"),
    ("dead ReLUs", "ring", 20, ["width=1"], "100% of the units of a layer of G are 0"),
    ("a player stands still", "ring", 100, ["width=64", "rate=1e-6"], "the size of G's weights changed by 0.00%"),
    ("the game is not finished", "ring", 20, ["width=64"], "; 20 steps are few"),
    ("the critic has no bound", "wgan", 1, ["width=64", "clip=0"], "nothing bounds the slope of D"),
]


@pytest.mark.parametrize(("name", "recipe", "steps", "settings", "figures"), ILL)
def test_an_ailment_is_found_told_once_and_with_its_figures(name, recipe, steps, settings, figures):
    _, told = played(recipe, steps, *settings, **SMALL)
    assert figures in told[name][1].figures


def one_step(generator, examples, batch=8, **options):
    """Findings in a game of a step with this generator, whose examples are drawn from an array."""
    rng = np.random.default_rng(0)
    d = nn.Sequential(nn.Flatten(), nn.Dense(examples[0].size, 1, rng=rng))
    told = []
    game = Game(generator, d, tg.data.sampler(examples), latent(3), rng, batch=batch, **options)
    train(game, 1, [Doctor(2, tell=told.append)])
    return {finding.ailment.name: finding.figures for finding in told}


def drawer(*last):
    """A generator of images (n, 4, 4, 1)."""
    return nn.Sequential(nn.Dense(3, 16, rng=np.random.default_rng(0)), *last, nn.Reshape(4, 4, 1))


PIXELS = np.random.default_rng(0).uniform(-1, 1, (50, 4, 4, 1)).astype(np.float32)
PIXELS[:, 0, :2, 0] = -1, 1


@pytest.mark.parametrize(("last", "examples", "figures"), [
    ([nn.Tanh()], PIXELS * 127.5 + 127.5, r"in \[0, 255\], G's last layer gives numbers in \(-1, 1\)"),
    ([nn.Tanh()], (PIXELS + 1) / 2, r"in \[0, 1\], G's last layer gives numbers in \(-1, 1\)"),
    ([nn.Sigmoid()], PIXELS, r"in \[-1, 1\], G's last layer gives numbers in \(0, 1\)"),
    ([nn.Tanh()], PIXELS, ""), ([nn.Tanh()], PIXELS * 1.001, ""), ([nn.Sigmoid()], (PIXELS + 1) / 2, ""),
    ([], PIXELS * 3, ""), ([nn.Tanh(), nn.Dense(16, 16, rng=np.random.default_rng(0))], PIXELS * 3, ""),
])
def test_data_that_the_generator_cannot_reach(last, examples, figures):
    told = one_step(drawer(*last), examples)
    assert told.keys() == ({"the data are out of G's reach"} if figures else set())
    assert re.search(figures, "".join(told.values()))


@pytest.mark.parametrize(("scale", "ill"), [(1e-3, True), (0.1, False), (10, False), (1000, True)])
def test_data_of_another_size(scale, ill):
    told = one_step(drawer(), PIXELS * np.float32(scale))
    assert told.keys() == ({"the data are not of about size 1"} if ill else set())


@pytest.mark.parametrize(("settings", "batch", "players"), [
    ([], 1, "G and D"), (["batch_norm=false"], 1, "G"), (["packing=2"], 2, "D"), ([], 2, ""), ([], 4, "")])
def test_batch_norm_of_one_example(settings, batch, players):
    told = played("digits", 1, *settings, batch=batch, of=2)[1]
    lonely = "batch normalisation of one example"
    assert (lonely in told, "the batch is tiny" in told, len(told)) == (
        bool(players), batch < 4, bool(players) + (batch < 4))
    assert not players or f"of {players} sees a single" in told[lonely][1].figures


# No findings in games that go well

@pytest.mark.parametrize("recipe", [name for name in RECIPES if name not in ("mnist", "fashion", "cifar10")])  # fetched
def test_the_recipes_begin_well(recipe):
    steps = 20 if RECIPES[recipe].data in ("ring", "grid", "gaussian") else 1
    assert played(recipe, steps, of=RECIPES[recipe].steps)[1] == {}


@pytest.mark.slow
def test_a_small_game_goes_well():
    game, told = played("ring", 500, "width=64", **SMALL)
    assert told == {}
    assert visit(game, np.random.default_rng(0)).variety > 0.7


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "steps", "seed"), [
    ("ring", 5000, 0), ("gaussian", 2000, 0), ("gaussian", 2000, 1), ("conditional-ring", 2000, 0),
    ("digits14", 600, 0)])
def test_the_recipes_go_well(recipe, steps, seed):
    game, told = played(recipe, steps, of=RECIPES[recipe].steps, seed=seed)
    assert told == {}
    assert visit(game, np.random.default_rng(0)).variety > 0.4


# Texts of the findings

@pytest.mark.parametrize("ailment", AILMENTS, ids=NAMES)
def test_the_course_teaches_it(ailment):
    text = (Path(__file__).parents[2] / "lectures" / ailment.lecture).read_text()
    assert re.search(rf"^##+ {re.escape(ailment.section)}$", text, re.MULTILINE)


def test_the_remedies_can_be_set():
    texts = {text for ailment in AILMENTS for text in re.findall(r"\w+=[\w.:-]*\w", ailment.remedy)}
    assert len(texts) == 11
    for text in texts - {"rate=D:G"}:
        assert any(fits(RECIPES[recipe], text) for recipe in ("ring", "digits")), text


def fits(recipe, text):
    try:
        return bool(meant(recipe, [text]))
    except ValueError:
        return False
