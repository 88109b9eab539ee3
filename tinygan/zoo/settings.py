"""The settings of a recipe that can be changed, as in `--set rate=1e-4 objective=hinge`; they are called switches.

They are the recipe's own optimiser, betas, average and latent; the settings of `Game` that are numbers or words; and
the keyword arguments of the recipe's `networks`. In text, booleans are `true` and `false`, and a pair is `A:B`.
"""
from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from tinygan.game import Game, SettingError
from tinygan.objectives import OBJECTIVES
from tinygan.zoo import sequence
from tinygan.zoo.recipe import OPTIMISERS, REMEDIES, Recipe

OWN = {f.name: f.default for f in fields(Recipe) if f.name in ("optimiser", "betas", "average")} | {"latent": 0}
GAME = {"rate" if f.name == "rate_d" else f.name: f.default for f in fields(Game)
        if isinstance(f.default, (int, float, str)) and f.name not in ("batch", "step", "rate_g")} | REMEDIES
WORDS: dict[str, Iterable[str]] = {"objective": OBJECTIVES, "optimiser": OPTIMISERS, "cell": sequence.CELLS}
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
            close = difflib.get_close_matches(name, present, 1)
            hint = (f"--{name} sets it" if name in ("batch", "data", "seed", "steps") else
                    f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(present))}")
            raise SettingError(f"{recipe.name} has no switch {name!r}; {hint}")
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
        expected = "a word" if words is None else f"one of {', '.join(words)}"
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
