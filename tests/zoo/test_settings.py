"""A recipe's switches: read, checked, changed, described."""
import json

import pytest

from tinygan.game import SettingError
from tinygan.penalties import R1, GradientPenalty
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change, describe, format_setting, parse_settings, switches

RING = RECIPES["ring"]


@pytest.mark.parametrize(("text", "value"), [
    ("rate=1e-4", 1e-4), ("rate=1e-4:4e-4", (1e-4, 4e-4)), ("rate=1", 1), ("r1=0", 0), ("gp=10", 10), ("k=5", 5),
    ("clip=.01", 0.01), ("decay=false", False), ("simultaneous=true", True), ("objective=hinge", "hinge"),
    ("optimiser=rmsprop", "rmsprop"), ("betas=0:.9", (0, 0.9)), ("average=0.99", 0.99), ("latent=16", 16),
    ("instance_noise=.1", 0.1), ("unroll=3", 3), ("unroll_rate=.5", 0.5), ("packing=2", 2), ("width=64", 64),
    ("minibatch_std=true", True), ("spectral_norm=true", True),
])
def test_text_and_value(text, value):
    name = text.partition("=")[0]
    assert parse_settings(RING, [text]) == {name: value}
    assert type(parse_settings(RING, [text])[name]) is type(value)
    changed = change(RING, {name: value})
    assert switches(changed)[name] == value
    assert {k: v for k, v in switches(changed).items() if k != name} == {
        k: v for k, v in switches(RING).items() if k != name}
    assert parse_settings(RING, [f"{name}={format_setting(value)}"]) == {name: value}
    assert change(RING, json.loads(json.dumps({name: value}))) == changed  # a run folder keeps them as JSON
    assert changed.start(batch=8).step == 0


@pytest.mark.parametrize("text", ["rate=0,0005", "rate=0005", "rate=0,001:0,002", "r1=0,5", "betas=0:00"])
def test_a_decimal_comma_is_answered_with_the_point(text):
    with pytest.raises(SettingError, match=r" of at least 0( and below 1)?; decimals have a point, as in 0\.5$"):
        parse_settings(RING, [text])


def test_they_reach_the_game():
    texts = ["rate=1e-4:2e-4", "gp=3", "betas=0:.9", "optimiser=momentum", "average=0", "width=8", "packing=2",
             "latent=5"]
    game = change(RING, parse_settings(RING, texts)).start(batch=8)
    assert (game.rate_d, game.rate_g, game.decay) == (1e-4, 2e-4, True)
    assert game.remedies == [R1(0.1), GradientPenalty(3)]
    assert [type(o).__name__ for o in game.optimisers] == ["Momentum"] * 2
    assert game.average is None
    assert game.discriminator[0].size == 2
    assert game.discriminator[1].weight.shape == (4, 8)
    assert game.generator[0].weight.shape == (5, 8)
    for name, beta in [("adam", ("beta1", 0.3)), ("rmsprop", ("beta", 0.8)), ("momentum", ("beta", 0.3))]:
        both = change(RING, {"optimiser": name, "betas": (0.3, 0.8)}).start(batch=8).optimisers
        assert [getattr(o, beta[0]) for o in both] == [beta[1]] * 2
        assert both[0] is not both[1]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_describes_itself(name):
    """The described settings, parsed and applied, give the same recipe."""
    recipe = RECIPES[name]
    settings = parse_settings(recipe, describe(recipe).split())
    assert change(recipe, settings) == recipe
    assert {k: v for k, v in switches(recipe).items() if k in settings} == settings
    assert "rate" in settings or "objective" in settings


@pytest.mark.parametrize(("texts", "message"), [
    (["rat=1"], "ring has no switch 'rat'; did you mean rate?"),
    (["Rate=1"], "ring has no switch 'Rate'; did you mean rate?"),
    (["steps=3"], "ring has no switch 'steps'; --steps sets it"),
    (["batch=3"], "ring has no switch 'batch'; --batch sets it"),
    (["history=3"], "ring has no switch 'history'; there are average, betas, clip, decay, gp, instance_noise, k, "
                    "latent, minibatch_std, objective, optimiser, packing, r1, rate, simultaneous, slope, "
                    "spectral_norm, unroll, unroll_rate, width"),
    (["rate"], "'rate' is no setting, expected NAME=VALUE"),
    (["rate=1", "r1=1", "rate=2"], "rate is set twice"),
    (["rate="], "rate is '', expected a number, or a pair D:G of numbers, of at least 0"),
    (["rate=1:2:3"], "rate is '1:2:3', expected a number, or a pair D:G of numbers, of at least 0"),
    (["rate=-1"], "rate is '-1', expected a number, or a pair D:G of numbers, of at least 0"),
    (["rate=inf"], "rate is 'inf', expected a number, or a pair D:G of numbers, of at least 0 and below 1e+30"),
    (["r1=nan"], "r1 is 'nan', expected a number of at least 0"),
    (["gp=1:2"], "gp is '1:2', expected a number of at least 0"),
    (["clip=true"], "clip is 'true', expected a number of at least 0"),
    (["k=0"], "k is '0', expected a whole number of at least 1"),
    (["k=1.5"], "k is '1.5', expected a whole number of at least 1"),
    (["packing=0"], "packing is '0', expected a whole number of at least 1"),
    (["decay=1"], "decay is '1', expected true or false"),
    (["betas=.5"], "betas is '0.5', expected a pair A:B of numbers of at least 0 and below 1"),
    (["betas=0:1"], "betas is '0:1', expected a pair A:B of numbers of at least 0 and below 1"),
    (["average=1"], "average is '1', expected a number of at least 0 and below 1"),
    (["objective=maximin"], "objective is 'maximin', expected one of minimax, non-saturating, zero-sum, "
                            "sign-reversal, two-sample, least-squares, hinge, wasserstein"),
    (["optimiser=1"], "optimiser is '1', expected one of adam, rmsprop, momentum, sgd"),
])
def test_messages(texts, message):
    with pytest.raises(SettingError) as caught:
        parse_settings(RING, texts)
    assert str(caught.value) == message


def test_what_does_not_go_together():
    for settings, message in [({"k": 2, "simultaneous": True}, "simultaneous: both move once from the same point"),
                              ({"packing": 3}, "packing: a batch of 256 does not hold whole packs of 3")]:
        with pytest.raises(SettingError, match=message):
            change(RING, settings).start()


@pytest.mark.parametrize("settings", [{"objective": [1]}, {"objective": {}}, {"rate": None}, {"rate": ["1"]},
                                      {"rate": {}}, {"decay": None}, {"k": True}, {"betas": [[0], [1]]}])
def test_settings_of_another_kind(settings):
    with pytest.raises(SettingError):
        change(RING, settings)
