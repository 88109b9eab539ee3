"""The settings of a recipe that can be changed, as in `--set rate=1e-4 objective=hinge`; they are called switches.

They are the recipe's own optimiser, betas, average and latent; the settings of `Game` that are numbers or words; and
the keyword arguments of the recipe's `networks`. In text, booleans are `true` and `false`, and a pair is `A:B`.
"""
from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from tinygan.errors import did_you_mean
from tinygan.game import Game, SettingError
from tinygan.objectives import OBJECTIVES
from tinygan.zoo import sequence
from tinygan.zoo.recipe import OPTIMISERS, REMEDIES, Recipe

OWN = {f.name: f.default for f in fields(Recipe) if f.name in ("optimiser", "betas", "average")} | {"latent": 0}
GAME = {"rate" if f.name == "rate_d" else f.name: f.default for f in fields(Game)
        if isinstance(f.default, (int, float, str)) and f.name not in ("batch", "step", "rate_g")} | REMEDIES
WORDS: dict[str, Iterable[str]] = {"objective": OBJECTIVES, "optimiser": OPTIMISERS, "cell": sequence.CELLS}
ABOUT = {  # the meaning of every switch, for people
    "objective": "the function that each player improves (lecture 5)",
    "k": "updates of D for each update of G (lecture 6)",
    "simultaneous": "both players move from the same point; false: G moves after D (lecture 6)",
    "rate": "learning rate of both players, or a pair D:G such as 1e-4:4e-4",
    "decay": "whether the learning rates fall linearly to 0 at the last step",
    "optimiser": "the rule that makes a step of a gradient",
    "betas": "a pair A:B: the decays of Adam's two averages; rmsprop uses the second, momentum the first, sgd none",
    "average": "decay of the moving average of G's weights, which draws the samples; 0: no average",
    "latent": "number of values in the noise z",
    "r1": "weight of the R1 penalty on D's gradient at real examples; 0: none (lecture 7)",
    "gp": "weight of the gradient penalty between real and generated examples; 0: none (lecture 9)",
    "clip": "largest absolute value of D's weights, which are clipped after each move; 0: no limit (lecture 9)",
    "instance_noise": "standard deviation of noise on all inputs of D at the start; it falls to 0; 0: none (lecture 7)",
    "unroll": "imagined steps of D that each move of G looks ahead; 0: none (lecture 7)",
    "unroll_rate": "learning rate of these imagined steps",
    "width": "size of both networks: units of the hidden layers, or channels of the convolutions",
    "halvings": "how often D halves the sides of an image, and G doubles them",
    "batch_norm": "batch normalisation in D",
    "packing": "number of examples that D judges together; the batch must be a multiple of it (lecture 7)",
    "minibatch_std": "D also sees how much the examples of its batch differ (lecture 7)",
    "spectral_norm": "divide each weight matrix of D by its largest singular value (lecture 7)",
    "slope": "slope of D's ReLUs below 0; 0: plain ReLUs",
    "projection": "D gets the class by a projection; false: as a further channel (lecture 10)",
    "cell": "the recurrent cell of both players",
    "mixing": "share of training images that are made with two styles (lecture 11)",
}
LEAST = {"latent": 1, "k": 1, "packing": 1, "width": 1, "halvings": 1}  # the least value; of the others it is 0
BELOW_ONE = ("betas", "average")
LARGEST = 1e30  # other numbers are below it: float32 holds them
MOST = 10_000  # whole numbers are below it: an untrusted config.json must not fill the memory
PAIRS = {"betas": ((2,), "a pair A:B of numbers"), "rate": ((1, 2), "a number, or a pair D:G of numbers,")}


def usual(recipe: Recipe) -> dict[str, Any]:
    """The name and the default of every switch of a recipe."""
    players = inspect.signature(recipe.networks).parameters.values()
    return {**OWN, **GAME, **{p.name: p.default for p in players if p.kind is p.KEYWORD_ONLY}}


def switches(recipe: Recipe) -> dict[str, Any]:
    """The name and the value of every switch of a recipe."""
    return {**usual(recipe), **{name: getattr(recipe, name) for name in OWN}, **recipe.game, **recipe.players}


def change(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """A copy of the recipe with new values of switches; SettingError, one line, if a name or a value does not fit."""
    present = usual(recipe)
    for name in settings:
        if name not in present:
            hint = f"; --{name} sets it" if name in ("batch", "data", "seed", "steps") else did_you_mean(
                name, present, f"; there are {', '.join(sorted(present))}")
            raise SettingError(f"{recipe.name} has no switch {name!r}{hint}")
    new = {name: _fitting(name, value, present[name]) for name, value in settings.items()}
    own, game = ({name: new.pop(name) for name in list(new) if name in part} for part in (OWN, GAME))
    return replace(recipe, **own, game={**recipe.game, **game}, players={**recipe.players, **new})


def parse_settings(recipe: Recipe, texts: Iterable[str]) -> dict[str, Any]:
    """Parses texts such as `rate=1e-4`; SettingError, one line, if a text is not a setting of the recipe."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingError(f"{text!r} is no setting, expected NAME=VALUE")
        if name in settings:
            raise SettingError(f"{name} is set twice")
        settings[name] = _meant(value)
    changed = switches(change(recipe, settings))
    return {name: changed[name] for name in settings}


def format_setting(value) -> str:
    """A value as text for `parse_settings`."""
    if isinstance(value, (tuple, list)):
        return ":".join(map(format_setting, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe(recipe: Recipe) -> str:
    """The switches that a recipe sets, as text for `parse_settings`."""
    before = usual(recipe)
    return " ".join(f"{name}={format_setting(value)}" for name, value in switches(recipe).items()
                    if value != before[name])


def explain(recipe: Recipe) -> list[tuple[str, str, str]]:
    """The name, the value and the meaning of every switch of a recipe, the named choices included."""
    return [(name, format_setting(value), ABOUT[name] + (f"; one of {', '.join(WORDS[name])}" if name in WORDS else ""))
            for name, value in switches(recipe).items()]


def _meant(text: str):
    """The number, pair, boolean or word that a text stands for."""
    if ":" in text:
        return tuple(map(_meant, text.split(":")))
    if re.fullmatch(r"[+-]?0\d+", text):  # no number is written so: it follows a comma that was meant as a point
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text, text)


def _fitting(name, value, usual_value):
    """The value (a list of numbers as a tuple); SettingError if its type or range differs from that of the default."""
    value = tuple(value) if isinstance(value, list) else value
    if isinstance(usual_value, bool):
        fits, expected = isinstance(value, bool), "true or false"
    elif isinstance(usual_value, str):
        words = WORDS.get(name)
        fits = isinstance(value, str) and (words is None or value in words)
        expected = "a word" if words is None else f"one of {', '.join(words)}{did_you_mean(str(value), words)}"
    else:
        kind, whole = (int, "whole ") if isinstance(usual_value, int) else ((int, float), "")
        least, below = LEAST.get(name, 0), 1 if name in BELOW_ONE else MOST if whole else LARGEST
        lengths, form = PAIRS.get(name, ((1,), f"a {whole}number"))
        numbers = value if isinstance(value, tuple) else (value,)
        fits = len(numbers) in lengths and all(
            isinstance(n, kind) and not isinstance(n, bool) and least <= n < below for n in numbers)
        over = below == 1 or any(isinstance(n, (int, float)) and n >= below for n in numbers)
        comma = not whole and any(isinstance(n, str) and re.match(r"0\d|.*,", n) for n in numbers)
        expected = (f"{form} of at least {least}" + (f" and below {below}" if over else "") +
                    ("; decimals have a point, as in 0.5" if comma else ""))
    if not fits:
        raise SettingError(f"{name} is {format_setting(value)!r:.99}, expected {expected}")
    return value
