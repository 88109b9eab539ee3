"""Converts the options of a command to the config of a run and its settings."""
from __future__ import annotations

from tinygan.data import names
from tinygan.runs import Config
from tinygan.zoo import RECIPES, settings


def configured(options, seed, settings) -> Config:
    recipe = RECIPES[options.recipe or "digits"]
    where = recipe.data if options.data is None else names.locate(options.data)
    return Config(recipe.name, options.steps or recipe.steps, seed, options.batch or recipe.batch,
                  options.dtype or "float32", options.device or "cpu", where, settings)


def settings_of(options, recipe) -> dict:
    """The settings given by --set and --rate."""
    return settings.parse_settings(recipe, options.set + ([f"rate={options.rate}"] if options.rate else []))
