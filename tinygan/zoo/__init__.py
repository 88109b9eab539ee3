"""The systems, one file each; `RECIPES` holds those the command line trains, by name."""
from tinygan.zoo import dcgan, sequence, vanilla
from tinygan.zoo.recipe import Recipe

RECIPES = {recipe.name: recipe for recipe in (*dcgan.RECIPES, *vanilla.RECIPES, *sequence.RECIPES)}

__all__ = ["RECIPES", "Recipe"]
