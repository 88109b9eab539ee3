"""The systems, one file each; `RECIPES` holds those the command line trains, by name."""
from tinygan.zoo import conditional, dcgan, sequence, vanilla, wgan
from tinygan.zoo.recipe import Recipe

RECIPES = {recipe.name: recipe for module in (dcgan, vanilla, wgan, conditional, sequence)
           for recipe in module.RECIPES}

__all__ = ["RECIPES", "Recipe"]
