"""Coloured shapes: images of one disc, square or triangle, whose position, colour and kind are known and measurable."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

SIDE = 16
KINDS = ("disc", "square", "triangle")


class Factors(NamedTuple):
    """The factors of images of shapes: arrays with a row for each image.

    position (n, 2): row and column of the centre in pixels, of which the first covers 0 to 1. colour (n, 3): red, green
    and blue from 0 to 1, a pure hue. kind (n,): a place in KINDS.
    """
    position: np.ndarray
    colour: np.ndarray
    kind: np.ndarray


def shapes(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n images of a coloured shape on black: (n, 16, 16, 3) float32 in [-1, 1].

    >>> shapes(2, np.random.default_rng(0)).shape
    (2, 16, 16, 3)
    """
    return draw_shapes(shape_factors(n, rng))


def shape_factors(n: int, rng: np.random.Generator) -> Factors:
    """Draw independent uniform factors of n shapes: position (the shape lies within the image), hue and kind."""
    position, hue, kind = rng.uniform(4.5, SIDE - 4.5, (n, 2)), rng.random((n, 1)), rng.integers(len(KINDS), size=n)
    colour = np.clip(np.abs((6 * hue + [0, 4, 2]) % 6 - 3) - 1, 0, 1)
    return Factors(position, colour, kind)


def draw_shapes(factors: Factors) -> np.ndarray:
    """Render images from factors: (n, 16, 16, 3) float32 in [-1, 1]; a pixel on the edge mixes with the background."""
    cover = _cover(factors.position, factors.kind)[..., None]
    return (2 * cover * factors.colour[:, None, None] - 1).astype(np.float32)


def measure_shapes(images: np.ndarray) -> Factors:
    """Estimate the factors of images (n, 16, 16, 3): the centre of brightness, the mean colour, the nearest kind.

    >>> [kind] = measure_shapes(draw_shapes(Factors(np.array([[8., 6.]]), np.array([[1., 0., 0.]]), [2]))).kind
    >>> KINDS[kind]
    'triangle'
    """
    pixels = np.clip((np.asarray(images, np.float64) + 1) / 2, 0, 1)
    bright = pixels.max(axis=-1)
    weight = bright**2  # squared, dark pixels hardly count
    share = weight / np.maximum(weight.sum(axis=(1, 2), keepdims=True), 1e-9)
    centre = np.arange(SIDE) + 0.5
    position = np.stack([(share * centre[:, None]).sum(axis=(1, 2)), (share * centre).sum(axis=(1, 2))], axis=1)
    colour = (share[..., None] * pixels).sum(axis=(1, 2))
    colour = colour / np.maximum(colour.max(axis=1, keepdims=True), 1e-9)
    misfit = [((_cover(position, np.full(len(bright), k)) - bright) ** 2).sum(axis=(1, 2)) for k in range(len(KINDS))]
    return Factors(position, colour, np.argmin(misfit, axis=0))


def _cover(position, kind):
    """The part of each pixel that the shape covers, (n, 16, 16), from 0 to 1."""
    centre = np.arange(SIDE) + 0.5
    down, right = centre[:, None] - position[:, :1, None], centre - position[:, 1:, None]
    outside = [np.hypot(down, right) - 3.2, np.maximum(np.abs(down), np.abs(right)) - 2.9,
               np.maximum(down, 0.75**0.5 * np.abs(right) - 0.5 * down) - 2.3]  # about the distances from the edges
    return np.clip(0.5 - np.choose(np.asarray(kind)[:, None, None], outside), 0, 1)
