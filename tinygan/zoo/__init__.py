"""The GANs of the zoo, one file for each system; `RECIPES` holds the recipes of `tinygan train`, by name."""
from tinygan.zoo import conditional, dcgan, progressive, sequence, style, vanilla, wgan
from tinygan.zoo.recipe import Recipe

_MODULES = (dcgan, vanilla, wgan, conditional, sequence, progressive, style)
RECIPES = {recipe.name: recipe for module in _MODULES for recipe in module.RECIPES}

__all__ = ["RECIPES", "Recipe"]
