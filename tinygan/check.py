"""Checks derivatives: `grad` against central differences, with a diagnosis where they disagree.

A derivative is checked along random directions, with a random cotangent. (A cotangent of ones would accept a softmax
whose gradient is zero, because the sum of its outputs is constant.) For order 2, the first derivative is taken as a
function of the inputs and of the cotangent, and is checked in the same way; and so on.
"""
from __future__ import annotations

import numpy as np

from tinygan.diagnosis import counts, diagnose, pair
from tinygan.tensor import Tensor, grad

TOLERANCE = {1: 1e-6, 2: 1e-5}  # relative to the size of the derivative
STEP = 1e-5  # of the first central difference, relative to the input: truncation error step^2, rounding 1e-16 / step
NOISE = 1e-9  # the uncertainty of a difference that may be trusted, relative to the values of f (at least to 1)


class GradientError(AssertionError):
    """A derivative disagrees with finite differences: the message has the place, the size and the likely cause."""


def check_gradients(f, *arrays, order: int = 2, rng: np.random.Generator | None = None) -> None:
    """Compares the derivatives of f with central differences, up to `order`; GradientError where they disagree.

    f: a function of Tensors that returns one Tensor (of any shape). arrays: the point at which to check, converted to
    float64 on the CPU; steps suit the size of each element. rng: draws cotangents and directions (a fixed seed by
    default). The message gives derivatives of the sum of all outputs, weighted with the cotangent. Where differences
    cannot judge (a kink, noise), it says so.

    >>> check_gradients(lambda x: x * x, [1.0, 2.0, 3.0])
    >>> check_gradients(lambda x: x * x.detach(), [1.0, 2.0, 3.0])
    Traceback (most recent call last):
    tinygan.check.GradientError: first derivative, input 0, element (2,): analytic 1.92..., numeric 3.84..., ratio 0.5;
        ratio 0.5 everywhere: a constant factor is missing or too much
    """
    points = [np.array(Tensor(a).numpy(), dtype=np.float64) for a in arrays]
    with np.errstate(all="ignore"):  # `_evaluate` refuses values that are not finite
        _check(f, points, [f"input {i}" for i in range(len(points))], 1, order, rng or np.random.default_rng(0))


def _check(f, points, names, level, order, rng, outer=0.0):
    value = _evaluate(f, points, level)
    cotangent = rng.standard_normal(value.shape)

    def weighted(*xs):  # not summed: an output that does not move adds no rounding error
        return f(*xs) * cotangent

    found = _gradients(weighted, points, names, level)
    total = float(np.abs(value * cotangent).sum())
    sizes = {n for p in points for n in counts(p.shape)}
    for i, x in enumerate(points):
        def at(moved, i=i):
            return weighted(*[Tensor(moved if j == i else p, requires_grad=True) for j, p in enumerate(points)]).numpy()

        direction = rng.standard_normal(x.shape)
        for alike, size in _by_size(x):
            if message := _compare(at, x, direction, found[i], alike, size, outer, level, sizes):
                raise GradientError(f"{_order(level)}, {names[i]}, {message}")
    if level < order:
        directions = [rng.standard_normal(x.shape) for x in points]

        def slope(*xs):  # the cotangent is an input too, in which it is linear
            *inputs, u = xs
            out = (f(*inputs) * u).sum()
            parts = [(s * d).sum() for s, d in zip(_slopes(out, inputs, level, True), directions) if s is not None]
            return sum(parts, out * 0)

        _same_both_ways(slope, points, cotangent, found, directions, total)
        _check(slope, [*points, cotangent], [*names, "the cotangent"], level + 1, order, rng, outer or total)


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
    slopes = _slopes(weighted(*xs).sum(), xs, level)
    for s, name in zip(slopes, names):
        if s is not None and s.dtype != np.float64:
            raise GradientError(f"{_order(level)}, {name}: the gradient is {s.dtype} for a float64 input: "
                                "somewhere the precision is lost")
    return [np.zeros_like(p) if s is None else s.numpy() for s, p in zip(slopes, points)]


def _same_both_ways(slope, points, cotangent, found, directions, total):
    """Checks that a rule gives the same result on arrays and on Tensors."""
    recorded = slope(*[Tensor(p.copy(), requires_grad=True) for p in (*points, cotangent)]).item()
    parts = [g * d for g, d in zip(found, directions)]
    bare = sum(float(part.sum()) for part in parts)
    if abs(recorded - bare) > 1e-9 * sum(float(np.abs(part).sum()) for part in parts) + 1e-13 * max(1.0, total):
        raise GradientError(f"with create_graph the gradient differs: {' against '.join(pair(recorded, bare))} along "
                            "the same direction; the pull-back computes other values on Tensors than on arrays")


def _by_size(x):
    """Yields masks of the elements of x that are alike, up to a factor of 1000, with the least size among them.

    Steps that suit a large element would be too large for a small one. The size of zeros (< 1e-30) is taken as 1.
    """
    size = np.asarray(np.where(np.abs(x) < 1e-30, 0.0, np.abs(x)))
    group = np.where(size > 0, np.floor(np.log10(size.max(initial=0) / size) / 3), -1)
    for g in np.unique(group):
        yield group == g, float(size[group == g].min()) or 1.0


def _difference(at, x, move, found) -> float:
    """The change of f between x - move and x + move, minus that of slopes `found` (`central-difference`)."""
    ahead, behind = x + move, x - move
    return float((at(ahead) - at(behind)).sum() - (found * (ahead - behind)).sum())


def _compare(at, x, direction, found, alike, size, outer, level, sizes) -> str:
    """The fault of `found` in the elements that are alike, along a direction; "" if there is none."""
    direction, found = np.where(alike, direction, 0.0), np.where(alike, found, 0.0)
    parts = found * direction

    def miss(h):
        return _difference(at, x, h * direction, found) / (2 * h)

    def allowed(error):  # hypot does not overflow
        return TOLERANCE[min(level, 2)] * max(np.hypot.reduce(np.ravel(parts)), abs(float(parts.sum()) + error))

    if abs(first := miss(STEP * size)) <= allowed(first) < np.inf:  # nothing is infinite
        return ""
    moves = at(x + 1e-3 * size * direction) != at(x - 1e-3 * size * direction)
    total = float(np.abs(at(x))[moves if moves.any() else ...].sum())  # the rounding of other outputs does not matter
    small = max(1e-11 * size, 1e-15)
    still = not (at(x + small * direction) - at(x - small * direction)).any()
    if still and small * abs(_difference(at, x, 1e-3 * size * direction, 0.0)) / (2e-3 * size) > 1e-14 * total:
        return f"a step of {small:.0e} does not move f: the precision is lost (float32?), or a kink is near"
    unit = min(1.0, outer or total)  # f may curve at the scale of 1 where x is large: large steps do not show all
    error, doubt, step = _limit(miss, size, lambda h: 2e-16 * max(max(1.0, total) / h, unit / min(h, 0.01)))
    if not np.isfinite(found).all() or abs(error) > max(allowed(error), 10 * doubt):
        return diagnose(at, x, found, alike, step, STEP * size, level, sizes)
    if max(abs(error), doubt) <= max(allowed(error), NOISE * max(1.0, total)):
        return ""
    return (f"finite differences do not settle (best {parts.sum() + error:.4g}, uncertain by {doubt:.0e}) and cannot "
            "judge the derivative: a kink, a jump, noise or the edge of the domain is too near; try another point")


def _limit(miss, size, rounding) -> tuple[float, float, float]:
    """The limit of miss(h) at h = 0, its uncertainty, and the best step: Ridders 1982, with steps of powers of ten.

    Each column removes one more term of the error, h^2, h^4, ...; the distance of two neighbours is the uncertainty.
    """
    best, doubt, step = np.nan, np.inf, STEP * size
    row: list[float] = []
    for h in 10 ** np.arange(np.log10(max(1.0, size)) - 2, np.log10(size) - 12, -1):
        new = [miss(h)]
        for j, old in enumerate(row[:6]):
            new.append(new[j] + (new[j] - old) / (100 ** (j + 1) - 1))
            change = max(abs(new[-1] - new[j]), abs(new[-1] - old), rounding(h))
            if change < doubt:
                best, doubt, step = new[-1], change, float(h)
        row = new
    return best, doubt, step


def _order(level) -> str:
    """The derivative of this order, in words."""
    return {1: "first", 2: "second", 3: "third"}.get(level, f"{level}th") + " derivative"
