"""The likely cause of an error, from the pattern of the numbers that were found and of those that were expected."""
from __future__ import annotations

import itertools
import math

import numpy as np


def diagnose(at, x, found, alike, step, near, level, sizes) -> str:
    """The element with the largest error, both values there, and the likely cause.

    at: the weighted outputs as a function of the input, x: the input, found: its gradient, alike: the mask of the
    elements to compare, step: of central differences, near: how close a kink disturbs them, level: the order of the
    derivative, sizes: the numbers over which the mean may be taken for the sum.
    """
    numeric, places = np.zeros_like(found), np.argwhere(alike)
    for k in map(tuple, places):
        move = step * _unit(x, k)
        numeric[k] = (at(x + move) - at(x - move)).sum() / (2 * step)
    analytic, expected = found[alike], numeric[alike]
    distance = np.abs(analytic - expected) / (np.abs(expected) + np.abs(expected).max() + 1e-300)
    worst = tuple(int(n) for n in places[np.argmax(np.nan_to_num(distance, nan=np.inf))])
    a, n = float(found[worst]), float(numeric[worst])
    reason = _kink(at, x, _unit(x, worst), near, a) or _cause(analytic, expected, sizes, level)
    here, there = pair(a, n)
    return f"element {worst}: analytic {here}, numeric {there}, ratio {shown(a / n if n else np.inf)}; {reason}"


def pair(found, expected, least=8) -> tuple[str, str]:
    """Two numbers in as few digits as tell them apart, at least this many."""
    texts = "", ""
    for digits in range(least, 18):
        texts = f"{float(found):.{digits}g}", f"{float(expected):.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def shown(ratio) -> str:
    """A ratio, in as few digits as tell it from 1, at least 6."""
    return pair(ratio, 1, 6)[0]


def _unit(x, place) -> np.ndarray:
    """1 at the place, 0 elsewhere."""
    unit = np.zeros_like(x)
    unit[place] = 1.0
    return unit


def _kink(at, x, unit, near, found) -> str:
    """A sentence if f has a kink at x and `found` lies between the slopes of its sides, so is no mistake; else ""."""
    def sides(h):
        here = at(x)
        return float((here - at(x - h * unit)).sum()) / h, float((at(x + h * unit) - here).sum()) / h

    (left, right), (wide_left, wide_right) = sides(near / 10), sides(near)
    gap, wide = abs(right - left), abs(wide_right - wide_left)
    same = wide / 2 < gap < 2 * wide  # it falls to a tenth where f is smooth, and grows tenfold where f jumps
    if same and gap > 1e-3 * max(abs(left), abs(right)) and abs(2 * found - left - right) < 1.01 * gap:
        return (f"this point is a kink, with slopes {left:.6g} and {right:.6g} on its sides: there is no derivative to "
                f"compare with; move the input off it, as in check_gradients(f, x + {1e4 * near:g})")
    return ""


def differ(found, expected) -> np.ndarray:
    """The elements that differ, relative to their size and to the largest expected number."""
    return ~np.isclose(found, expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max(initial=0))


def common_factor(found, expected) -> float | None:
    """The number r with found = r * expected; None where there is none, or where `expected` is zero."""
    wrong, live = differ(found, expected), np.abs(expected) > 1e-6 * np.abs(expected).max(initial=0)
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
    wrong, factor = differ(found, numeric), common_factor(found, numeric)
    if factor is not None:
        if np.isclose(factor, -1, rtol=1e-4):
            return "ratio -1 everywhere: the sign is flipped"
        for n in sorted(sizes - {0, 1}):
            if np.isclose(factor, n, rtol=1e-4):
                return f"ratio {n} everywhere: a mean was taken for a sum"
            if np.isclose(factor, 1 / n, rtol=1e-4):
                return f"ratio 1/{n} everywhere: a sum was taken for a mean, or not summed over the broadcast axis"
        return f"ratio {shown(factor)} everywhere: a constant factor is missing or too much"
    if not found[wrong].any():
        return f"zero in {int(wrong.sum())} of {wrong.size} elements: part of this path is cut{kept}"
    return (f"{int(wrong.sum())} of {wrong.size} elements differ, by no common factor: a wrong formula, a wrong axis, "
            f"or not summed over the broadcast axis{kept}")
