"""The systems, one file each; `RECIPES` holds those the command line trains, by name."""
from tinygan.zoo import dcgan, progressive, style, vanilla
from tinygan.zoo.recipe import Recipe

RECIPES = {recipe.name: recipe for recipe in (*dcgan.RECIPES, *vanilla.RECIPES, *progressive.RECIPES, *style.RECIPES)}

__all__ = ["RECIPES", "Recipe"]
