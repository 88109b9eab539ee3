"""The plumbing of `check_gradients`: a Module as a function of its weights, and the steps of the differences."""
from __future__ import annotations

import copy

import numpy as np

STEP = 1e-5  # of the first central difference, relative to the input: truncation error step^2, rounding 1e-16 / step


def as_function(module, inputs) -> tuple:
    """A Module as a function of its inputs and its parameters, the points of both, and their names.

    The function calls copies in float64, on the CPU. So each call starts from the same buffers and random numbers, and
    the module stays as it is. Arrays of integers (labels) are constants.
    """
    results = [t for _, m in module.modules() for _, t in m._members() if getattr(t, "edges", ())]
    memo = {id(t): t.detach() for t in results}  # a result that forward has kept becomes a constant
    fresh = copy.deepcopy(module, memo).to("cpu").astype(np.float64)
    named = dict(fresh.named_parameters())
    free = [i for i, a in enumerate(inputs) if getattr(a, "dtype", np.dtype(float)).kind not in "iu"]

    def function(*tensors):
        given, one = list(inputs), copy.deepcopy(fresh)
        for i, t in zip(free, tensors):
            given[i] = t
        with one.with_parameters(tensors[len(free):]):
            return one(*given)

    names = [f"input {i}" for i in free] + [f"parameter {name}" for name in named]
    return function, [*[inputs[i] for i in free], *named.values()], names


def by_size(x):
    """Yields masks of the elements of x that are alike, up to a factor of 1000, with the least size among them.

    Steps that suit a large element would be too large for a small one. The size of zeros (< 1e-30) is taken as 1.
    """
    size = np.asarray(np.where(np.abs(x) < 1e-30, 0.0, np.abs(x)))
    group = np.where(size > 0, np.floor(np.log10(size.max(initial=0) / size) / 3), -1)
    for g in np.unique(group):
        yield group == g, float(size[group == g].min()) or 1.0


def moved_by(at, x, found, direction, total) -> bool:
    """Whether the outputs depend on x near this point, beyond rounding."""
    size = np.where(np.abs(x) < 1e-30, 1.0, np.abs(x))
    if (np.abs(found) * size > 1e-14 * total).any():
        return True
    here, move = at(x), 1e-2 * size * direction
    return any((np.abs(at(x + step) - here) > 1e-14 * total).any() for step in (move, -move))


def limit(miss, size, rounding) -> tuple[float, float, float]:
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
