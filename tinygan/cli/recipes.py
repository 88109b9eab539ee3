"""`tinygan recipes`: lists the recipes and their settings."""
from __future__ import annotations

from tinygan.zoo import RECIPES, settings

ABOUT = "list the recipes and their settings"


def add(parser) -> None:
    """No options."""


def run(options):
    for recipe in RECIPES.values():
        print(f"{recipe.name:<10} {recipe.about} ({recipe.steps} steps of {recipe.batch})")
        print(f"{'':<10} {recipe.references}")
        print(f"{'':<10} {settings.describe(recipe)}")
    print(f"every recipe: --set NAME=VALUE for {', '.join(sorted({*settings.OWN, *settings.GAME}))}")
