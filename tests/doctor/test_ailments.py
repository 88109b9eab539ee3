"""Each ailment is found in a game that has it, and none in games that go well."""
import contextlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn
from tinygan.doctor import Doctor
from tinygan.doctor.ailments import AILMENTS, findings
from tinygan.doctor.evidence import Evidence, Visit, visit
from tinygan.game import Game, latent, train
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change
from tinygan.zoo.settings import parse_settings as meant

NON_SATURATING = tg.objectives.OBJECTIVES["non-saturating"]
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
    ("D has won", "ring", 480, ["width=64", "r1=0", "rate=1e-2:1e-5"], "and their difference was above 0.95 for"),
    ("D cannot tell", "ring", 420, ["width=64", "r1=1000"], "-1.386"),
    ("mode collapse", "ring", 420, ["width=64", "r1=0", "rate=1e-3:4e-3", "betas=0.9:0.9"], "since step"),
    ("the rates are far apart", "ring", 1, ["rate=1e-2:1e-5"], "D's learning rate is 0.01 and G's 1e-05"),
    ("dead ReLUs", "ring", 100, ["width=64", "rate=1.0"], "% of the units of a layer of D are 0"),
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
    train(game, 1, [Doctor(1, tell=told.append)])
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
    ([], 1, "G and D"), (["batch_norm=false"], 1, "G"), (["packing=2"], 2, "D"), ([], 2, "")])
def test_batch_norm_of_one_example(settings, batch, players):
    told = played("digits", 1, *settings, batch=batch)[1]
    assert told.keys() == ({"batch normalisation of one example"} if players else set())
    assert not players or f"of {players} sees a single" in told[NAMES[-1]][1].figures


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


# The evidence for the findings

def well(**other):
    """The evidence of a game that goes well. `other` replaces columns of its history, or parts of the evidence."""
    steps = list(range(other.pop("of", 1000)))
    columns = {"d_real": 0.6, "d_fake": 0.4, "g_gradient": 0.1, "d_value": -1.2, "g_value": -0.9, "d_gradient": 0.1}
    columns = {name: np.broadcast_to(other.pop(name, value), len(steps)).tolist() for name, value in columns.items()}
    visits = [Visit(step, -1.0, 1.0, 0.6, 1.0, 1.0, 0.0, 0.0) for step in range(100, len(steps) + 1, 100)]
    return replace(Evidence(len(steps), {"step": steps, **columns}, visits, NON_SATURATING, (1e-3, 1e-3), None, {}),
                   **other)


def names(evidence):
    return [finding.ailment.name for finding in findings(evidence)]


FALLING = np.geomspace(1, 1e-4, 1000)


@pytest.mark.parametrize(("other", "found"), [
    ({}, []),
    ({"d_real": 0.97, "d_fake": 0.03, "g_gradient": FALLING}, ["D has won"]),
    ({"d_real": 0.97, "d_fake": 0.1, "g_gradient": FALLING}, []),  # it is not sure of the fakes
    ({"d_real": 0.97, "d_fake": 0.03}, []),  # G has its gradient yet
    ({"d_real": 0.99, "d_fake": 0.01}, ["D has won"]),  # but the fakes did not improve in 400 steps
    ({"d_real": 0.99, "d_fake": 0.01, "of": 399}, []),
    ({"g_gradient": FALLING}, []),  # as at the end of a game
    ({"d_real": 0.5, "d_fake": 0.5}, ["D cannot tell"]),
    ({"d_real": 0.5, "d_fake": 0.5, "of": 399}, []),
    ({"d_real": np.linspace(0.55, 0.5, 1000), "d_fake": np.linspace(0.45, 0.5, 1000)}, []),  # it could, once
    ({"d_real": 0.5, "d_fake": 0.5,
      "objective": tg.objectives.OBJECTIVES["two-sample"]}, []),  # a critic's numbers have no scale
    ({"rates": (1e-3, 1e-4)}, []), ({"rates": (9e-5, 1e-3)}, ["the rates are far apart"]), ({"rates": None}, []),
])
def test_bounds_in_the_history(other, found):
    assert names(well(**other)) == found


@pytest.mark.parametrize("few", [0, 1, 19])
def test_a_short_history_says_nothing(few):
    evidence = well(d_real=0.99, d_fake=0.01)
    assert names(replace(evidence, history={name: a[::60][:few] for name, a in evidence.history.items()})) == []


def alike(**other):
    """Visits at which the fakes are alike."""
    return [v._replace(**{"variety": 0.2, **other}) for v in well().visits]


@pytest.mark.parametrize(("visits", "found"), [
    (alike(), ["mode collapse"]), (alike(variety=1.0, std_ratio=0.1), ["mode collapse"]), (alike(variety=0.4), []),
    (alike()[:3], []),  # too early
    ([*alike()[:-1], alike(variety=0.4)[-1]], ["mode collapse"]),  # not much better
    ([*alike()[:-2], well().visits[0]._replace(step=900), alike()[-1]], []),  # they were not, a moment ago
    (alike()[-1:], ["mode collapse"]),  # a run that had no doctor
    ([v._replace(dead_g=0.97) for v in well().visits], ["dead ReLUs"]),
    ([*well().visits[:-1], well().visits[-1]._replace(dead_g=0.97)], []),  # for a moment
])
def test_bounds_in_the_visits(visits, found):
    assert names(well(visits=visits)) == found


def test_where_d_has_won_it_is_no_collapse():
    assert names(well(visits=alike(), d_real=0.99, d_fake=0.01)) == ["D has won"]
    assert names(well(visits=alike(), d_real=np.where(FALLING < 1e-3, 0.99, 0.6), d_fake=0.01)) == []  # not yet


# Texts of the findings

@pytest.mark.parametrize("ailment", AILMENTS, ids=NAMES)
def test_the_course_teaches_it(ailment):
    text = (Path(__file__).parents[2] / "lectures" / ailment.lecture).read_text()
    assert re.search(rf"^##+ {re.escape(ailment.section)}$", text, re.MULTILINE)


def test_the_remedies_can_be_set():
    texts = {text for ailment in AILMENTS for text in re.findall(r"\w+=[\w.:-]*\w", ailment.remedy)}
    assert len(texts) == 8
    for text in texts - {"rate=D:G"}:
        assert any(fits(RECIPES[recipe], text) for recipe in ("ring", "digits")), text


def fits(recipe, text):
    try:
        return bool(meant(recipe, [text]))
    except ValueError:
        return False
