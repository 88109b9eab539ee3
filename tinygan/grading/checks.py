"""The tools to write checks: a case that draws inputs, properties that must hold, and messages that explain errors.

A check is a function of a probe `f`, which stands for the student's function, and of a `Case`. In a student's notebook
f is the student's function itself; in the grader it is a proxy that calls the function in another process. A check
works the same with both: it draws arrays from the case, calls f through the case, and compares.
"""
from __future__ import annotations

import threading
from sys import _getframe, getprofile, setprofile

import numpy as np

from tinygan.check import GradientError, check_gradients
from tinygan.diagnosis import common_factor, counts, differ, pair, shown
from tinygan.tensor import Tensor, grad, record, unwrap

TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "float16": 1e-2}  # relative to the largest expected number
EXACT = 1e-12  # the same, for gradients that are no finite differences
COMPLEX = {"imag", "complex", "complex64", "complex128", "cdouble", "csingle"}  # names in a derivative by complex steps


class CheckError(AssertionError):
    """A property does not hold. The message names the property, the case, the place, and a likely cause."""


class Case:
    """One case in which a property must hold: attributes such as `case.shape`, and random inputs.

    given: names and values, as in `public(check, f, dict(shape=(3, 4), groups=2))`; the default dtype is float64.
    seed: of everything drawn. reference: the function that f is compared with if a check names no value, or None.

    >>> case = Case(dict(shape=(3,), n=2), seed=0)
    >>> case.n, case.normal().shape
    (2, (3,))
    """

    def __init__(self, given, seed, reference=None):
        self.dtype = "float64"
        self.shape: tuple[int, ...] = ()
        vars(self).update(given)
        self.given, self.reference, self.repeated = given, reference, False
        self.rng = np.random.default_rng(seed)

    def __getattr__(self, name):
        raise AttributeError(f"the case {self.given} has no {name}")

    def normal(self, shape=None):
        """Standard normal numbers, of the case's shape and dtype."""
        return self.rng.standard_normal(self.shape if shape is None else shape).astype(self.dtype)

    def uniform(self, low, high, shape=None):
        """Uniform numbers, of the case's shape and dtype."""
        return self.rng.uniform(low, high, self.shape if shape is None else shape).astype(self.dtype)

    def integers(self, high, shape):
        """Integers from 0 to high - 1, such as labels. A function receives them as an array, not as a Tensor."""
        return self.rng.integers(high, size=shape)

    def call(self, f, *arrays, **options) -> np.ndarray:
        """The value of f as an array. The check fails if it is no Tensor, not finite, or not of the inputs' dtype."""
        value = f(*[_input(x) for x in arrays], **options)
        if not isinstance(value, Tensor):
            self.fail(f"the function returns a {type(value).__name__}, expected a Tensor")
        if not np.isfinite(value.numpy()).all():
            self.fail("the value is not finite: an overflow, a log or a division at 0?")
        floats = {x.dtype for x in map(np.asarray, arrays) if x.dtype.kind == "f"}
        if len(floats) == 1 and {value.dtype} != floats:
            self.fail(f"the value is {value.dtype} for inputs of {floats.pop()}: was another dtype mixed in?")
        return value.numpy()

    def value(self, f, *arrays, expected=None, slug="", tolerance=None, **options):
        """f's value is `expected` (default: the reference's value; without a reference nothing is compared).

        The first time in a case f is called twice, and must return the same.
        """
        found = self.call(f, *arrays, **options)
        once, self.repeated = self.repeated, True
        if not once and not np.array_equal(found, self.call(f, *arrays, **options)):
            self.fail("another value when the function is called again with the same inputs: what does it remember?")
        if expected is None and self.reference is not None:
            expected = self.call(self.reference, *arrays, **options)
        if expected is not None:
            self.close(found, expected, "the value", slug, tolerance)
        return found

    def derivatives(self, f, *arrays, order=2, slug="", **options):
        """f's derivatives with respect to its floating point inputs are right, up to `order` (`check_gradients`).

        If the case's dtype is float32, its gradients in float32 are too, and they are float32.
        """
        floats = [np.asarray(x, np.float64) for x in arrays if np.asarray(x).dtype.kind == "f"]

        def of_floats(*tensors):
            xs = iter(tensors)
            return f(*[next(xs) if np.asarray(x).dtype.kind == "f" else x for x in arrays], **options)

        try:
            check_gradients(of_floats, *floats, order=order)
        except GradientError as error:
            self.fail(str(error), slug)
        if self.dtype == "float32":
            found, g = self._pulled(f, arrays, options)
            double = [np.asarray(x, np.float64) if np.asarray(x).dtype.kind == "f" else x for x in arrays]
            for i, (a, b) in enumerate(zip(found, self._pulled(f, double, options, g)[0])):
                self.close(a, b, f"the gradient of input {i} in float32 against that in float64", slug, 1e-3)

    def gradients(self, f, *arrays, slug="", tolerance=EXACT, each=False, **options):
        """f's gradients agree with the reference's, closer than finite differences (or are finite, without one).

        each: every element relative to its own size, not to the largest. Otherwise the size of a gradient of about 0
        is that of its cotangent, since a sum of two terms that cancel is right up to their rounding.
        """
        found, g = self._pulled(f, arrays, options)
        scale = float(np.abs(g).max(initial=0))  # gradients below a thousandth of it may be nothing but rounding
        expected = found if self.reference is None else self._pulled(self.reference, arrays, options, g)[0]
        for i, (a, b) in enumerate(zip(found, expected)):
            largest = float(np.abs(b).max(initial=0))
            size = np.where(b == 0, 1.0, np.abs(b)) if each else largest if largest > 1e-3 * scale else scale
            self.close(a / size, b / size, f"the gradient of input {i}, in units of {'each' if each else 'the largest'}"
                       " (finite differences are not enough)", slug, tolerance)

    def _pulled(self, f, arrays, options, g=None) -> tuple[list[np.ndarray], np.ndarray]:
        """The gradients of sum(f * g) in the floating point inputs, finite and of the dtype of their input; and g."""
        leaves: list = []
        inputs: list = []
        seen: list = []
        for x in map(_input, arrays):
            if isinstance(x, Tensor):
                leaves.append(x)
                x = watched(x, seen)
            inputs.append(x)
        y = f(*inputs, **options)
        if not isinstance(y, Tensor):
            self.fail(f"the function returns a {type(y).__name__}, expected a Tensor")
        g = self.normal(y.shape) if g is None else g.astype(y.dtype)
        try:
            slopes = grad((y * g).sum(), leaves, allow_unused=True) if y.requires_grad else [None] * len(leaves)
        except ValueError as error:
            self.fail(f"the gradient: {error}", "chain-rule")
        for dtype, x in seen:
            if dtype != x.dtype:
                self.fail(f"a gradient is {dtype} for an input of {x.dtype}: was another dtype mixed in?")
        found = [np.zeros(x.shape) if s is None else s.numpy() for x, s in zip(leaves, slopes)]
        if not all(np.isfinite(s).all() for s in found):
            self.fail("a gradient is not finite: an overflow, a log or a division at 0?")
        return found, g

    def close(self, found, expected, what, slug="", tolerance=None):
        """Two arrays agree up to the tolerance of the case's dtype; `what` names the property."""
        found, expected = np.asarray(found), np.asarray(expected)
        if found.shape != expected.shape:
            self.fail(f"{what}: found shape {found.shape}, expected {expected.shape}", slug)
        distance = np.abs(found - expected)
        size = max(1.0, float(np.abs(expected).max(initial=0)))
        if not (distance <= (tolerance or TOLERANCE[self.dtype]) * size).all():
            worst = np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), distance.shape)
            this, that = pair(found[worst], expected[worst])
            self.fail(f"{what}: element {tuple(int(i) for i in worst)}: found {this}, expected {that}; "
                      f"{_likely(found, expected)}", slug)

    def median(self, measure, low, high, what, slug=""):
        """The median of measure(seed) over three seeds lies in [low, high]: one training run proves nothing."""
        seeds = [int(s) for s in self.rng.integers(1 << 30, size=3)]
        self.between([float(measure(seed)) for seed in seeds], low, high, what, f"seeds {seeds}", slug)

    def between(self, found, low, high, what, whose, slug=""):
        """The median of some numbers lies in [low, high]."""
        middle = float(np.median(found))
        if not low <= middle <= high:
            bound = low if middle < low else high
            low, high = (pair(x, middle, 6)[0] for x in (low, high))
            self.fail(f"{what}: {', '.join(pair(x, bound, 4)[0] for x in found)} for {whose}, expected a median from "
                      f"{low} to {high}", slug)

    def require(self, holds, message, slug=""):
        """The condition holds; otherwise the check fails with the message."""
        if not holds:
            self.fail(message, slug)

    def fail(self, message, slug=""):
        """Ends the check with a message and the slug of the equation to read again."""
        raise CheckError(message + (f" (`{slug}`)" if slug else ""))


def run(check, f, case):
    """Runs the check of f in a case; the message of a failure names the case."""
    try:
        check(f, case)
    except CheckError as error:
        given = ", ".join(f"{name}={value}" for name, value in case.given.items())
        hint = "; the function may not write into its inputs" if "read-only" in f"{error}" else ""
        raise CheckError(f"{error}{hint} [case: {given}]") from None


def public(check, f, *cases, seconds=10):
    """Checks f in this process, for cases that everyone sees; raises CheckError.

    seconds: processor time that the grader allows for all checks of the cell together.
    """
    for i, given in enumerate(cases):
        run(check, f, Case(given, seed=i))
    print(f"{check.__name__}: right for {len(cases)} public case{'s' * (len(cases) != 1)}")


hidden = public  # runs when the author runs the source; the grader reads these calls and does not run them


def on_arrays(f, numpy_alone=True):
    """Wraps a function of arrays as a function of Tensors; several results are concatenated to one Tensor.

    numpy_alone: a call of a function of tinygan by f, or a complex number, is a CheckError.
    """
    theirs = _getframe(1).f_globals  # f may be an object without globals, such as functools.partial

    def on_tensors(*inputs, **options):
        calls, before, arrays = [], getprofile(), [unwrap(x) for x in inputs]

        def watch(frame, event, _):
            code, home = frame.f_code, frame.f_globals
            if home.get("__name__", "").startswith("tinygan.") and home is not globals():
                calls.append(f"calls tinygan ({code.co_name})")
            if home is theirs and (COMPLEX & {*code.co_names, *map(str, code.co_consts)}
                                          or any(isinstance(c, complex) for c in code.co_consts)):
                calls.append("computes with complex numbers")

        if numpy_alone:
            threading.setprofile(watch)  # of threads that f starts
            setprofile(watch)
        try:
            results = f(*arrays, **options)
        finally:
            lost = getprofile() is not watch
            setprofile(before)
            threading.setprofile(before)
        if numpy_alone and (calls or lost):
            raise CheckError(f"the function {(calls or ['removes the profiler'])[0]}: this task asks for NumPy alone")
        return Tensor(np.concatenate(results) if isinstance(results, (tuple, list)) else results)
    return on_tensors


def watched(x, seen):
    """The Tensor x again; the dtype of the gradient that arrives here goes into `seen`, with x."""
    def rule(g, y, x):
        seen.append((g.dtype, x))
        return g
    return record(unwrap(x), (x, rule))


def _input(x):
    """An array as f receives it: a Tensor that requires a gradient, or an array of integers; f cannot write into it."""
    x = np.asarray(x).view()
    x.flags.writeable = False
    return Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x


def _likely(found, expected) -> str:
    """The most likely mistake for these values."""
    ratio, offset = common_factor(found, expected), found - expected
    if not found.any():
        return "zero everywhere: is a path cut, by a detach or an array in place of its Tensor?"
    size = np.abs(expected).max(initial=0)
    if (near := np.abs(offset).max(initial=0) / size if size else 1.0) < 1e-5:
        return f"right to {int(-np.log10(near or 1e-16))} digits: a finite difference, a small constant, or float32?"
    if ratio is not None:
        n = next((n for n in sorted(counts(expected.shape)) if n > 1 and np.isclose(ratio, 1 / n, rtol=1e-4)), 0)
        return ("the sign is flipped" if np.isclose(ratio, -1, rtol=1e-4) else
                f"ratio 1/{n} everywhere: a mean for a sum?" if n else f"ratio {shown(ratio)} everywhere")
    if found.size > 1 and np.allclose(offset, offset.flat[0], rtol=1e-4):
        return f"too much by {float(offset.flat[0]):.6g} everywhere"
    wrong = int(differ(found, expected).sum())
    return f"{wrong} of {found.size} elements differ: a wrong formula, or a wrong axis?"
