"""Data: sources to draw from, `(n, rng) -> array`, and sets of images by name or by folder."""
from .errors import DataError
from .sets import Images, describe, load
from .shapes import shapes
from .synthetic import gaussian, grid, grid_means, ring, ring_means, sampler

__all__ = ["DataError", "Images", "describe", "gaussian", "grid", "grid_means", "load", "ring", "ring_means", "sampler",
           "shapes"]
