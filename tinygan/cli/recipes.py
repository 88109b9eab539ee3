"""`tinygan recipes`: what can be trained, and its switches."""
from __future__ import annotations

from tinygan.zoo import RECIPES, settings

ABOUT = "list what can be trained"


def add(parser) -> None:
    """No options."""


def run(options):
    for recipe in RECIPES.values():
        print(f"{recipe.name:<10} {recipe.about} ({recipe.steps} steps of {recipe.batch})")
        print(f"{'':<10} {recipe.references}")
        print(f"{'':<10} {settings.describe(recipe)}")
    print(f"every recipe: --set NAME=VALUE for {', '.join(sorted({*settings.OWN, *settings.GAME}))}")
