"""Converts the options of a command to the config of a run and its settings."""
from __future__ import annotations

from pathlib import Path

from tinygan import data
from tinygan.runs import Config
from tinygan.zoo import RECIPES, settings


def configured(options, seed, settings) -> Config:
    recipe = RECIPES[options.recipe or "digits"]
    own = options.data and (options.data.endswith(".npy") or Path(data.sized(options.data)[0]).is_dir())
    where = str(Path(options.data).resolve()) if own else options.data
    return Config(recipe.name, options.steps or recipe.steps, seed, options.batch or recipe.batch,
                  options.dtype or "float32", options.device or "cpu", where or recipe.data, settings)


def settings_of(options, recipe) -> dict:
    """The settings given by --set and --rate."""
    return settings.parse_settings(recipe, options.set + ([f"rate={options.rate}"] if options.rate else []))
