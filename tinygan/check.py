"""Is a derivative right? Central differences against `grad`, and a diagnosis when they disagree.

A derivative is checked along random directions, with a random cotangent: a sum of all outputs (a cotangent of ones)
would pass a softmax whose gradient is zero. To check order 2, the first derivative is taken as a function of the inputs
and of the cotangent, and checked in the same way; and so on.
"""
from __future__ import annotations

import numpy as np

from tinygan.tensor import Tensor, grad

TOLERANCE = {1: 1e-6, 2: 1e-5, 3: 1e-4}  # relative to max(1, |expected|)
STEP = 1e-5  # central differences: the error of truncation is step^2, of rounding 1e-16 / step


class GradientError(AssertionError):
    """A derivative disagrees with finite differences; the message says where, by how much, and the likely cause."""


def check_gradients(f, *arrays, order: int = 2, rng: np.random.Generator | None = None) -> None:
    """Compares the derivatives of f with central differences, to `order`; raises GradientError with a diagnosis.

    f: a function of Tensors that returns one Tensor (of any shape). arrays: the point at which to check; taken as
    float64. rng: draws cotangents and directions (a fixed seed by default).

    >>> check_gradients(lambda x: x * x, [1.0, 2.0])
    >>> check_gradients(lambda x: x * x.detach(), [1.0, 2.0])
    Traceback (most recent call last):
    tinygan.check.GradientError: first derivative, input 0, element (0,): analytic 0.37..., numeric 0.75...
    """
    rng = rng or np.random.default_rng(0)
    points = [np.array(a.data if isinstance(a, Tensor) else a, dtype=np.float64) for a in arrays]
    _check(f, points, 1, order, rng)


def _check(f, points, level, order, rng):
    value = _evaluate(f, points, level)
    cotangent = rng.standard_normal(value.shape)

    def weighed(*xs):
        return (f(*xs) * cotangent).sum()

    found = _gradients(weighed, points)
    for i, x in enumerate(points):
        direction = rng.standard_normal(x.shape)
        expected = _difference(weighed, points, i, direction)
        got = float(np.sum(found[i] * direction))
        if not _close(got, expected, level):
            raise GradientError(_diagnose(weighed, points, i, found[i], level))
    if level < order:
        directions = [rng.standard_normal(x.shape) for x in points]
        count = len(points)

        def slope(*xs):  # linear in the cotangent, which is an input too
            xs, u = xs[:count], xs[count]
            out = (f(*xs) * u).sum()
            slopes = grad(out, xs, create_graph=True, allow_unused=True) if out.requires_grad else []
            parts = [(s * d).sum() for s, d in zip(slopes, directions) if s is not None]
            return sum(parts, out * 0)

        _same_both_ways(slope, points, cotangent, found, directions)
        _check(slope, [*points, cotangent], level + 1, order, rng)


def _evaluate(f, points, level) -> np.ndarray:
    """f's value, refused when it is no Tensor, is not float64, is random or is not finite."""
    once, again = (f(*[Tensor(p.copy(), requires_grad=True) for p in points]) for _ in range(2))
    if not isinstance(once, Tensor):
        raise GradientError(f"f returns a {type(once).__name__}, expected a Tensor")
    if once.dtype != np.float64:
        raise GradientError(f"f returns {once.dtype} for float64 inputs: somewhere the precision is lost")
    if not np.array_equal(once.numpy(), again.numpy(), equal_nan=True):
        raise GradientError("f gives two values for the same inputs: give it a fixed rng")
    if not np.isfinite(once.numpy()).all():
        raise GradientError(f"{_ORDINAL[level]}: f is not finite at this point")
    return once.numpy()


def _gradients(weighed, points) -> list[np.ndarray]:
    """The analytic gradients, on the path without graph; zeros where an input is not reached."""
    xs = [Tensor(p.copy(), requires_grad=True) for p in points]
    out = weighed(*xs)
    slopes = grad(out, xs, allow_unused=True) if out.requires_grad else [None] * len(xs)
    return [np.zeros_like(p) if s is None else s.numpy() for s, p in zip(slopes, points)]


def _same_both_ways(slope, points, cotangent, found, directions):
    """A rule gives one result on arrays and on Tensors."""
    recorded = slope(*[Tensor(p.copy(), requires_grad=True) for p in (*points, cotangent)]).item()
    bare = sum(float(np.sum(g * d)) for g, d in zip(found, directions))
    if abs(recorded - bare) > 1e-9 * max(1.0, abs(bare)):
        raise GradientError(f"with create_graph the gradient is another one: {recorded:.8g} against {bare:.8g} along the "
                            "same direction; the pull-back does not compute the same on Tensors and on arrays")


def _difference(weighed, points, i, direction) -> float:
    """The central difference of `weighed` along a direction of input i."""
    def at(step):
        moved = [p + step * direction if j == i else p for j, p in enumerate(points)]
        return weighed(*[Tensor(p, requires_grad=True) for p in moved]).item()
    return (at(STEP) - at(-STEP)) / (2 * STEP)


def _close(got, expected, level) -> bool:
    return abs(got - expected) <= TOLERANCE[min(level, 3)] * max(1.0, abs(expected))


_ORDINAL = {1: "first derivative", 2: "second derivative", 3: "third derivative"}


def _diagnose(weighed, points, i, found, level) -> str:
    """One line: the worst element, what was expected, the likely cause."""
    numeric = np.empty_like(found)
    for index in np.ndindex(found.shape):
        unit = np.zeros_like(found)
        unit[index] = 1.0
        numeric[index] = _difference(weighed, points, i, unit)
    distance = np.abs(found - numeric) / np.maximum(1.0, np.abs(numeric))
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), distance.shape))
    analytic, expected = float(found[worst]), float(numeric[worst])
    ratio = analytic / expected if expected else np.inf
    sizes = {n for p in points for n in (p.size, *p.shape)}
    return (f"{_ORDINAL.get(level, f'derivative of order {level}')}, input {i}, element {worst}: "
            f"analytic {analytic:.8g}, numeric {expected:.8g}, ratio {ratio:.6g}; {_cause(found, numeric, sizes)}")


def _cause(found, numeric, sizes) -> str:
    """The mistake that most often looks like this."""
    if not np.isfinite(found).all():
        return "not finite: an overflow, a log or a division at 0"
    if not found.any():
        return "zero: this path is cut (a detach, an array used in place of its Tensor, a rule left out)"
    wrong = ~np.isclose(found, numeric, rtol=1e-5, atol=1e-7)
    live = np.abs(numeric) > 1e-6
    ratios = found[live] / numeric[live]
    if live.any() and np.allclose(ratios, ratios[0], rtol=1e-4) and not (wrong & ~live).any():
        ratio = float(ratios[0])
        if np.isclose(ratio, -1, rtol=1e-4):
            return "ratio -1 everywhere: the sign is flipped"
        for n in sorted(sizes - {0, 1}):
            if np.isclose(ratio, n, rtol=1e-4):
                return f"ratio {n} everywhere: a mean was taken for a sum"
            if np.isclose(ratio, 1 / n, rtol=1e-4):
                return f"ratio 1/{n} everywhere: a sum was taken for a mean, or not summed over the broadcast axis"
        return f"ratio {ratio:.6g} everywhere: a constant factor is missing or too much"
    if not found[wrong].any():
        return f"zero in {int(wrong.sum())} of {wrong.size} elements: part of this path is cut"
    return (f"{int(wrong.sum())} of {wrong.size} elements differ, by no common factor: a wrong formula, a wrong axis, "
            "or not summed over the broadcast axis")
