"""Converts the options of a command to the config of a run and its settings."""
from __future__ import annotations

from pathlib import Path

from tinygan import data
from tinygan.runs import Config
from tinygan.zoo import RECIPES, settings


def configured(options, seed, settings) -> Config:
    recipe = RECIPES[options.recipe or "digits"]
    where = options.data and resolved(options.data)
    return Config(recipe.name, options.steps or recipe.steps, seed, options.batch or recipe.batch,
                  options.dtype or "float32", options.device or "cpu", where or recipe.data, settings)


def resolved(name: str) -> str:
    """The name of data as a config has it: the place of the user's own data is an absolute path."""
    own = name.endswith(".npy") or Path(data.sized(name)[0]).is_dir()
    return str(Path(name).resolve()) if own else name


def settings_of(options, recipe) -> dict:
    """The settings given by --set and --rate."""
    return settings.parse_settings(recipe, options.set + ([f"rate={options.rate}"] if options.rate else []))
