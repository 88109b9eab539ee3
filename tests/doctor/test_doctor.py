"""The doctor: each finding in a game that has the ailment, none in games that go well, and no trace in the game."""
import contextlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import fails, same, to_foreign

import tinygan as tg
from tinygan import nn
from tinygan.cli import main
from tinygan.doctor import FILE, Doctor, VisitsError, read
from tinygan.doctor.ailments import AILMENTS, findings
from tinygan.doctor.evidence import Evidence, Visit, visit
from tinygan.game import Game, latent, train
from tinygan.runs import Config, Run, run
from tinygan.updates import Adam, Momentum
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change
from tinygan.zoo.settings import parse_settings as meant

NON_SATURATING = tg.objectives.OBJECTIVES["non-saturating"]
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
    with contextlib.suppress(Enough):
        train(game, of or steps, [doctor, until])
    return game, told


# What is found in games that went wrong

SMALL = {"batch": 64}
ILL = [
    ("D has won", "ring", 200, ["width=64", "objective=minimax", "r1=0", "rate=1e-2:1e-4"], "G's gradient, once"),
    ("D has won", "ring", 480, ["width=64", "r1=0", "rate=1e-2:1e-5"], "no fake gets past it"),
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


def test_a_finding_is_told_once_and_in_plain_words(capsys):
    game = RECIPES["ring"].start(batch=8)
    game.rate_d, game.rate_g = 0.0, 1e-3
    train(game, 60, [Doctor(60)])
    assert capsys.readouterr().out == (
        "the rates are far apart: D's learning rate is 0 and G's 0.001\n"
        "    try: rates within a factor of ten: rate=D:G, or one for both\n"
        "    see: lectures/06-playing.md, What goes wrong in practice\n")


# Nothing is found in games that go well



@pytest.mark.parametrize("recipe", [name for name in RECIPES if name not in ("mnist", "fashion", "cifar10")])  # fetched
def test_the_recipes_begin_well(recipe):
    steps = 20 if RECIPES[recipe].data in ("ring", "grid", "gaussian") else 1
    assert played(recipe, steps, of=RECIPES[recipe].steps)[1] == {}


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


# What the findings go by

def well(**other):
    """The evidence of a game that goes well, but for what is said otherwise: columns of its history, or parts of it."""
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
    ({"d_real": 0.99, "d_fake": 0.01}, ["D has won"]),  # but nothing came of it in 400 steps
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


def test_rates_of_different_optimisers_are_not_compared():
    game = RECIPES["ring"].start()
    game.rate_d, game.rate_g = 1e-1, 1e-4
    assert Evidence.of(game, 10, []).rates == (1e-1, 1e-4)
    game.optimiser_d, game.optimiser_g = Momentum(), Adam()
    assert Evidence.of(game, 10, []).rates is None


# A visit

def test_a_visit_sees_what_there_is():
    class Copy(nn.Module):
        def forward(self, z):
            return tg.Tensor(tg.data.ring(len(z), np.random.default_rng(5)))
    rng = np.random.default_rng(0)
    blind = nn.Sequential(nn.Dense(2, 4, rng=rng), nn.ReLU(), nn.Dense(4, 1, rng=rng))
    blind[0].weight.data[:], blind[0].bias.data[:] = 0, [-1, -1, -1, 1]
    seen = visit(Game(Copy(), blind, tg.data.ring, latent(2), rng), np.random.default_rng(1))
    assert (seen.step, seen.auc, seen.dead_g, seen.dead_d) == (0, 0.5, 0.0, 0.75)
    assert seen.std_ratio == pytest.approx(1, abs=0.1)
    assert seen.variety == pytest.approx(1, abs=0.2)
    assert -1.1 < seen.low < -0.9 < 0.9 < seen.high < 1.1
    blind[0].weight.data[:] = np.eye(2, 4)  # it goes by the place, the fakes are all in one
    blind[2].weight.data[:] = [[-1], [-1], [0], [0]]
    one = Game(nn.Sequential(nn.Dense(2, 2, rng=rng)), blind, tg.data.ring, latent(2), rng)
    one.generator[0].weight.data[:], one.generator[0].bias.data[:] = 0, 5
    seen = visit(one, np.random.default_rng(1))
    assert (seen.auc, seen.std_ratio) == (1.0, 0.0)
    assert seen.variety < 0.15


@pytest.mark.parametrize(("recipe", "settings"), [
    ("ring", ["packing=3", "spectral_norm=true"]), ("digits", []), ("conditional", []), ("style", []),
    ("progressive", [])])
def test_a_visit_leaves_no_trace(recipe, settings, tmp_path):
    games = [change(RECIPES[recipe], meant(RECIPES[recipe], settings)).start(batch=6) for _ in range(2)]
    for step in (1, 2):
        visit(games[1], np.random.default_rng(0))
        for game in games:
            train(game, step)
    assert same(*games)


def test_a_visit_on_a_device(xp):
    rng = np.random.default_rng(0)
    g = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.BatchNorm(8), nn.ReLU(), nn.Dense(8, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.ReLU(), nn.Dense(8, 1, rng=rng))
    game = Game(g, d, tg.data.ring, latent(2), rng)
    on_host = visit(game, np.random.default_rng(0))
    if xp is not np:
        to_foreign(g), to_foreign(d)
    assert visit(game, np.random.default_rng(0)) == pytest.approx(on_host, rel=1e-4)


# The command line

def test_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "FRAMES", 1)
    assert main(["train", "ring", "--steps", "30", "--batch", "8", "--set", "rate=1e-5:1e-3", "--out", "run"]) == 0
    assert capsys.readouterr().out.count("the rates are far apart: D's learning rate is 1e-05 and G's 0.001\n") == 1
    assert [v.step for v in read(Path("run", FILE))] == [1, 20]
    assert main(["doctor", "run"]) == 0
    out = capsys.readouterr().out
    assert re.match(r"run at step 30 of 30: D's logit .* in \d+% of all pairs; ", out)
    assert "see: lectures/06-playing.md, What goes wrong in practice" in out
    Run.create("other", Config("gaussian", 5, 0, 8, "float32", "cpu", "gaussian"))  # without visits, as those of sweeps
    assert main(["doctor", "other"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"no findings; checked: {', '.join(NAMES)}"
    assert "no run here" in fails(capsys, "doctor", "nowhere")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(Visit._fields) + "\n1,2\n",
                                     ",".join(Visit._fields) + "\n1,2,3,4,5,6,7,x\n", "\0\n"])
def test_visits_that_are_damaged(content, tmp_path, capsys):
    Path(tmp_path, FILE).write_text(content)
    with pytest.raises(VisitsError, match=r"doctor.csv is damaged \(.*\); remove it"):
        Doctor(5, folder=tmp_path)


def test_the_visits_of_a_run_that_goes_on(tmp_path):
    whole = Doctor(60, folder=tmp_path)
    recipe = change(RECIPES["ring"], {"decay": False})
    train(recipe.start(batch=8), 60, [whole])
    assert read(tmp_path / FILE) == whole.visits
    game = train(recipe.start(batch=8), 30)  # as from a checkpoint before the last visits
    train(game, 60, [again := Doctor(60, folder=tmp_path)])
    assert again.visits == whole.visits == read(tmp_path / FILE)


# What is told

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
