"""Checks derivatives: `grad` against central differences, with a diagnosis where they disagree.

A derivative is checked along random directions, with a random cotangent. (A cotangent of ones would accept a softmax
whose gradient is zero, because the sum of its outputs is constant.) For order 2, the first derivative is taken as a
function of the inputs and of the cotangent, and is checked in the same way; and so on.
"""
from __future__ import annotations

import itertools
import math

import numpy as np

from tinygan.tensor import Tensor, grad

TOLERANCE = {1: 1e-6, 2: 1e-5}  # relative to the size of the derivative
STEP = 1e-5  # of central differences: truncation error step^2, rounding error 1e-16 / step times the size of f
NOISE = 1e-9  # that rounding error, with a margin for the sums in f


class GradientError(AssertionError):
    """A derivative disagrees with finite differences: the message has the place, the size and the likely cause."""


def check_gradients(f, *arrays, order: int = 2, rng: np.random.Generator | None = None) -> None:
    """Compares the derivatives of f with central differences, up to `order`; GradientError where they disagree.

    f: a function of Tensors that returns one Tensor (of any shape). arrays: the point at which to check, converted to
    float64 on the CPU. rng: draws cotangents and directions (a fixed seed by default). The message gives derivatives of
    the sum of all outputs, weighted with the cotangent.

    >>> check_gradients(lambda x: x * x, [1.0, 2.0, 3.0])
    >>> check_gradients(lambda x: x * x.detach(), [1.0, 2.0, 3.0])
    Traceback (most recent call last):
    tinygan.check.GradientError: first derivative, input 0, element (2,): analytic 1.92..., numeric 3.84..., ratio 0.5;
        ratio 0.5 everywhere: a constant factor is missing or too much
    """
    rng = rng or np.random.default_rng(0)
    points = [np.array(Tensor(a).numpy(), dtype=np.float64) for a in arrays]
    with np.errstate(all="ignore"):  # `_evaluate` refuses values that are not finite
        _check(f, points, [f"input {i}" for i in range(len(points))], 1, order, rng)


def _check(f, points, names, level, order, rng):
    value = _evaluate(f, points, level)
    cotangent = rng.standard_normal(value.shape)

    def weighted(*xs):
        return (f(*xs) * cotangent).sum()

    found = _gradients(weighted, points, names, level)
    for i, x in enumerate(points):
        direction = rng.standard_normal(x.shape)
        expected = _difference(weighted, points, i, direction)
        got = float(np.sum(found[i] * direction))
        size = max(abs(expected), float(np.linalg.norm(found[i] * direction)))
        allowed = TOLERANCE[min(level, 2)] * size + NOISE * max(1.0, float(np.abs(value * cotangent).sum()))
        if not abs(got - expected) <= allowed:
            raise GradientError(f"{_order(level)}, {names[i]}, " + _diagnose(weighted, points, i, found[i], level))
    if level < order:
        directions = [rng.standard_normal(x.shape) for x in points]
        count = len(points)

        def slope(*xs):  # the cotangent is an input too, in which it is linear
            xs, u = xs[:count], xs[count]
            out = (f(*xs) * u).sum()
            parts = [(s * d).sum() for s, d in zip(_slopes(out, xs, level, True), directions) if s is not None]
            return sum(parts, out * 0)

        _same_both_ways(slope, points, cotangent, found, directions)
        _check(slope, [*points, cotangent], [*names, "the cotangent"], level + 1, order, rng)


def _evaluate(f, points, level) -> np.ndarray:
    """The value of f; GradientError if it is not a Tensor of float64, is random or is not finite."""
    once, again = (f(*[Tensor(p.copy(), requires_grad=True) for p in points]) for _ in range(2))
    if not isinstance(once, Tensor):
        raise GradientError(f"f returns a {type(once).__name__}, expected a Tensor")
    if once.dtype != np.float64:
        raise GradientError(f"f returns {once.dtype} for float64 inputs: somewhere the precision is lost")
    if not np.array_equal(once.numpy(), again.numpy(), equal_nan=True):
        raise GradientError("f gives two values for the same inputs: give it a fixed rng")
    if not np.isfinite(once.numpy()).all():
        raise GradientError("f is not finite at this point" if level == 1 else
                            f"{_order(level - 1)}: not finite at this point: an overflow, a log or a division at 0")
    return once.numpy()


def _slopes(out, xs, level, create_graph=False) -> list:
    """The derivatives by `grad`, None for an input that is not reached; GradientError if a pull-back fails."""
    if not out.requires_grad:
        return [None] * len(xs)
    try:
        return grad(out, xs, create_graph, allow_unused=True)
    except ValueError as error:
        raise GradientError(f"{_order(level)}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise GradientError(f"{_order(level)}: a rule fails: {error}; a rule is called with g, y and each input that "
                            "record was given, and returns the cotangent of its input") from error


def _gradients(weighted, points, names, level) -> list[np.ndarray]:
    """The analytic gradients, computed without a graph; zeros for an input that is not reached."""
    xs = [Tensor(p.copy(), requires_grad=True) for p in points]
    slopes = _slopes(weighted(*xs), xs, level)
    for s, name in zip(slopes, names):
        if s is not None and s.dtype != np.float64:
            raise GradientError(f"{_order(level)}, {name}: the gradient is {s.dtype} for a float64 input: "
                                "somewhere the precision is lost")
    return [np.zeros_like(p) if s is None else s.numpy() for s, p in zip(slopes, points)]


def _same_both_ways(slope, points, cotangent, found, directions):
    """Checks that a rule gives the same result on arrays and on Tensors."""
    recorded = slope(*[Tensor(p.copy(), requires_grad=True) for p in (*points, cotangent)]).item()
    bare = sum(float(np.sum(g * d)) for g, d in zip(found, directions))
    if abs(recorded - bare) > 1e-9 * max(1.0, abs(bare)):
        raise GradientError(f"with create_graph the gradient differs: {recorded:.8g} against {bare:.8g} along "
                            "the same direction; the pull-back computes other values on Tensors than on arrays")


def _at(weighted, points, i, move) -> float:
    """The value of `weighted` with input i moved."""
    moved = [p + move if j == i else p for j, p in enumerate(points)]
    return weighted(*[Tensor(p, requires_grad=True) for p in moved]).item()


def _difference(weighted, points, i, direction) -> float:
    """The central difference of `weighted` along a direction of input i (`central-difference`)."""
    step = STEP * direction
    return (_at(weighted, points, i, step) - _at(weighted, points, i, -step)) / (2 * STEP)


def _order(level) -> str:
    """The derivative of this order, in words."""
    return {1: "first", 2: "second", 3: "third"}.get(level, f"{level}th") + " derivative"


def _diagnose(weighted, points, i, found, level) -> str:
    """The element with the largest error, both values there, and the likely cause."""
    numeric = np.empty_like(found)
    for index in np.ndindex(found.shape):
        unit = np.zeros_like(found)
        unit[index] = 1.0
        numeric[index] = _difference(weighted, points, i, unit)
    distance = np.abs(found - numeric) / np.maximum(1.0, np.abs(numeric))
    worst = tuple(int(k) for k in np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), distance.shape))
    analytic, expected = float(found[worst]), float(numeric[worst])
    ratio = analytic / expected if expected else np.inf
    if numeric.any() and _at(weighted, points, i, 1e-9 * np.sign(numeric)) == _at(weighted, points, i, 0.0):
        cause = "a step of 1e-9 does not move f: somewhere in it the precision is lost (float32?)"
    else:
        cause = _cause(found, numeric, {n for p in points for n in counts(p.shape)}, level)
    return f"element {worst}: analytic {analytic:.8g}, numeric {expected:.8g}, ratio {ratio:.6g}; {cause}"


def common_factor(found, expected) -> float | None:
    """The number r with found = r * expected; None where there is none, or where `expected` is zero."""
    wrong, live = ~np.isclose(found, expected, rtol=1e-5, atol=1e-7), np.abs(expected) > 1e-6
    ratios = found[live] / expected[live]
    same = live.any() and np.allclose(ratios, ratios[0], rtol=1e-4) and not (wrong & ~live).any()
    return float(ratios[0]) if same else None


def counts(shape) -> set[int]:
    """The numbers of elements that a sum or mean over some axes can have: products of axis lengths."""
    return {math.prod(some) for k in range(1, len(shape) + 1) for some in itertools.combinations(shape, k)}


def _cause(found, numeric, sizes, level) -> str:
    """The most common mistake with this pattern of errors."""
    if not np.isfinite(found).all():
        return "not finite: an overflow, a log or a division at 0"
    kept = " (in the pull-back an array is kept where its Tensor is needed?)" if level > 1 else ""
    if not found.any():
        return "zero: this path is cut" + (kept or " (a detach, an array used in place of its Tensor, a rule left out)")
    wrong, ratio = ~np.isclose(found, numeric, rtol=1e-5, atol=1e-7), common_factor(found, numeric)
    if ratio is not None:
        if np.isclose(ratio, -1, rtol=1e-4):
            return "ratio -1 everywhere: the sign is flipped"
        for n in sorted(sizes - {0, 1}):
            if np.isclose(ratio, n, rtol=1e-4):
                return f"ratio {n} everywhere: a mean was taken for a sum"
            if np.isclose(ratio, 1 / n, rtol=1e-4):
                return f"ratio 1/{n} everywhere: a sum was taken for a mean, or not summed over the broadcast axis"
        return f"ratio {ratio:.6g} everywhere: a constant factor is missing or too much"
    if not found[wrong].any():
        return f"zero in {int(wrong.sum())} of {wrong.size} elements: part of this path is cut{kept}"
    return (f"{int(wrong.sum())} of {wrong.size} elements differ, by no common factor: a wrong formula, a wrong axis, "
            f"or not summed over the broadcast axis{kept}")
