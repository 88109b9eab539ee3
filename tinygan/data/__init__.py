"""Data: sources to draw from, `(n, rng) -> array`, and sets of images by name or by folder."""
from .errors import DataError
from .sequences import load_sequences
from .sets import Images, class_names, describe, load
from .shapes import shapes
from .synthetic import SINES, gaussian, grid, grid_means, mixture, moons, ring, ring_means, sampler, sines

__all__ = ["SINES", "DataError", "Images", "class_names", "describe", "gaussian", "grid", "grid_means", "load",
           "load_sequences", "mixture", "moons", "ring", "ring_means", "sampler", "shapes", "sines"]
