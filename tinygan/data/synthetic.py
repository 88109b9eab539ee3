"""Data sources: functions `(n, rng) -> array` that draw n examples.

Everything in tinygan that draws data has this form; `rng` is a `numpy.random.Generator` and is the only state.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .errors import DataError


def ring_means(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """The centres of `ring`: (modes, 2) float32, equally spaced on a circle, the first at (radius, 0).

    >>> ring_means(4, radius=2).round(3) + 0
    array([[ 2.,  0.],
           [ 0.,  2.],
           [-2.,  0.],
           [ 0., -2.]], dtype=float32)
    """
    angle = 2 * np.pi * np.arange(_at_least_one("ring", "modes", modes)) / modes
    return (radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)


def grid_means(side: int = 5, spacing: float = 2.0) -> np.ndarray:
    """The centres of `grid`: (side * side, 2) float32, a square lattice about the origin.

    >>> grid_means(2)
    array([[-1., -1.],
           [-1.,  1.],
           [ 1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    ticks = spacing * (np.arange(_at_least_one("grid", "side", side)) - (side - 1) / 2)
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)


def ring(n: int, rng: np.random.Generator, modes: int = 8, radius: float = 1.0, sigma: float = 0.01) -> np.ndarray:
    """Draw n points of a mixture of equal Gaussians on a circle: (n, 2) float32.

    Source: Metz et al. 2017, Unrolled GANs; the numbers are those of the PacGAN comparison.

    >>> ring(3, np.random.default_rng(0)).shape
    (3, 2)
    """
    return mixture(n, rng, ring_means(modes, radius), sigma)


def grid(n: int, rng: np.random.Generator, side: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> np.ndarray:
    """Draw n points of a mixture of equal Gaussians on a square lattice: (n, 2) float32.

    By default the centres are {-4, -2, 0, 2, 4}^2.

    >>> grid(3, np.random.default_rng(0), side=7).shape
    (3, 2)
    """
    return mixture(n, rng, grid_means(side, spacing), sigma)


def gaussian(n: int, rng: np.random.Generator, mean: float = 4.0, sd: float = 0.5) -> np.ndarray:
    """Draw n numbers of N(mean, sd^2): (n, 1) float32.

    >>> gaussian(2, np.random.default_rng(0), sd=0)
    array([[4.],
           [4.]], dtype=float32)
    """
    return np.float32(mean) + np.float32(sd) * rng.standard_normal((n, 1), dtype=np.float32)


def mixture(n: int, rng: np.random.Generator, means: np.ndarray, sigma: float) -> np.ndarray:
    """Draw n points of equal Gaussians N(mean, sigma^2 I) about the means (K, d): (n, d), in their dtype.

    >>> mixture(3, np.random.default_rng(0), np.array([[0, 1], [2, 3]], np.float32), sigma=0)
    array([[2., 3.],
           [2., 3.],
           [2., 3.]], dtype=float32)
    """
    mode = rng.integers(len(means), size=n)
    return means[mode] + np.float32(sigma) * rng.standard_normal((n, means.shape[1]), dtype=np.float32)


def moons(n: int, rng: np.random.Generator, sigma: float = 0.05) -> np.ndarray:
    """Draw n points of two interleaved half circles: (n, 2) float32.

    >>> moons(3, np.random.default_rng(0)).shape
    (3, 2)
    """
    angle, side = np.pi * rng.random(n), rng.choice([-1.0, 1.0], n)
    points = side[:, None] * np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    return (points + sigma * rng.standard_normal((n, 2))).astype(np.float32)


SINES = (1 / 16, 1 / 8)  # cycles per step


def sines(n: int, rng: np.random.Generator, length: int = 16, frequencies: Sequence[float] = SINES) -> np.ndarray:
    """Draw n sines a sin(2 pi f t + phase) at t = 0, 1, ..., each with one of the frequencies: (n, length, 1) float32.

    frequencies f: in cycles per step, below 1/2. The phase is uniform, and so is the amplitude a, in [1/2, 1].
    DataError if a sequence is shorter than one cycle of the slowest: the frequencies could not be distinguished.

    >>> sines(3, np.random.default_rng(0)).shape
    (3, 16, 1)
    """
    if len(frequencies) == 0 or not 0 < min(frequencies) <= max(frequencies) < 0.5:
        raise DataError(f"sines: frequencies is {frequencies}, expected numbers between 0 and 1/2")
    if length * min(frequencies) < 1:
        raise DataError(f"sines: length is {length}, expected at least {int(np.ceil(1 / min(frequencies)))}, "
                        "one cycle of the slowest")
    f = np.asarray(frequencies)[rng.integers(len(frequencies), size=n), None]
    phase, amplitude = rng.uniform(0, 2 * np.pi, (n, 1)), rng.uniform(0.5, 1, (n, 1))
    return (amplitude * np.sin(2 * np.pi * f * np.arange(length) + phase))[..., None].astype(np.float32)


def sampler(x: np.ndarray, labels: np.ndarray | None = None) -> Callable:
    """A data source over the examples x (N, ...): each call draws n rows with replacement.

    With labels (N,) it returns pairs (rows, their labels). It has no state besides that of the rng.
    DataError if there is no example, or if labels and examples differ in number.

    >>> draw = sampler(np.arange(10.), labels=np.arange(10))
    >>> rows, labels = draw(4, np.random.default_rng(0))
    >>> rows
    array([8., 6., 5., 2.])
    >>> labels
    array([8, 6, 5, 2])
    """
    if isinstance(x, tuple):
        raise DataError(f"sampler: expected an array of examples, found {type(x).__name__}: pass its x, or *images")
    x = np.asarray(x)
    if x.ndim == 0 or len(x) == 0:
        raise DataError(f"sampler: expected at least one example, found an array of shape {x.shape}")
    if labels is None:
        return lambda n, rng: x[rng.integers(len(x), size=n)]
    labels = np.asarray(labels)
    if labels.shape[:1] != x.shape[:1]:
        raise DataError(f"sampler: {len(x)} examples, labels of shape {labels.shape}: expected one label an example")

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(len(x), size=n)
        return x[rows], labels[rows]
    return draw


def _at_least_one(source: str, name: str, count: int) -> int:
    if count < 1:
        raise DataError(f"{source}: {name} is {count}, expected at least 1")
    return count
