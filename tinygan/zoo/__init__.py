"""The systems, one file each; `RECIPES` holds those the command line trains, by name."""
from tinygan.zoo import dcgan, vanilla, wgan
from tinygan.zoo.recipe import Recipe

RECIPES = {recipe.name: recipe for recipe in (*dcgan.RECIPES, *vanilla.RECIPES, *wgan.RECIPES)}

__all__ = ["RECIPES", "Recipe"]
