"""`tinygan recipes`: lists the recipes, or explains one with all its switches."""
from __future__ import annotations

from tinygan.cli import arguments
from tinygan.zoo import RECIPES, settings

ABOUT = "list the recipes, or explain a recipe and all its switches"


def add(parser) -> None:
    parser.add_argument("recipe", nargs="?", type=arguments.recipe, metavar="NAME",
                        help="a recipe, to explain it with all its switches (default: list all recipes)")


def run(options):
    if options.recipe:
        explain(RECIPES[options.recipe])
        return
    width = max(map(len, RECIPES))
    for recipe in RECIPES.values():
        print(f"{recipe.name:<{width}}  {recipe.about} ({recipe.steps} steps of {recipe.batch})")
        print(f"{'':<{width}}  {recipe.references}")
        print(f"{'':<{width}}  {settings.describe(recipe)}")
    print(f"every recipe: --set NAME=VALUE for {', '.join(sorted({*settings.OWN, *settings.GAME}))}")
    print("each switch of a recipe, explained: tinygan recipes NAME")


def explain(recipe) -> None:
    """Prints the recipe, and a line for each switch: its name, its value in this recipe, its meaning."""
    arguments.show_rows([(f"{recipe.name}: {recipe.about}",), (recipe.references,), (
        f"data {recipe.data} (--data), {recipe.steps} steps (--steps) of {recipe.batch} examples (--batch)",)])
    print()
    arguments.show_rows([("switch", "default", "meaning"), *settings.explain(recipe)])
    print(f"\nto change some: tinygan train {recipe.name} --set NAME=VALUE NAME=VALUE ...")
