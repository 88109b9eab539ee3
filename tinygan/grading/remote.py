"""The grader's side of the worker: wraps a student's function as a tinygan operation that runs in another process.

So `check_gradients` differentiates it like any other function. Each derivative is computed by the student's code in the
other process and sent as numbers.
"""
from __future__ import annotations

import json

import numpy as np

from tinygan.grading import isolation
from tinygan.grading.checks import TOLERANCE, CheckError, _input
from tinygan.grading.messages import kinds, unpack
from tinygan.grading.process import Process, ProcessEnded
from tinygan.tensor import Tensor, record, unwrap

LIMIT = 64 << 20  # bytes of one answer
TAMPERED = "the answer of the process cannot be read: it was changed, or it is too large"


class Worker:
    """A process that has loaded a student's cells: `with Worker(cells) as worker:`.

    Its failures are CheckErrors; if the machine cannot start it, MachineError. cells: pairs (name, text) to run in
    order. seconds, megabytes, level: as for `Process` (default: the best level of `isolation`).
    """

    def __init__(self, cells, seconds=10, megabytes=1024, level=None):
        self.cells = list(cells)
        self.shapes: dict[tuple, tuple] = {}  # of the values, for the shapes of the inputs
        self.other = ""
        self.process = Process(seconds, megabytes, level or isolation.choose())

    def __enter__(self):
        self.process.__enter__()
        try:
            self._ask(repr(self.cells), body=0)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.__exit__()

    def probe(self, expression: str, reference=None):
        """The function that the expression names in the student's cells; it takes Tensors, integers and options.

        With a reference, `other` is the reason if a value or a derivative differs from the reference's.
        """
        return lambda *inputs, **options: self._value(expression, reference, options, 0, inputs)

    def _value(self, expression, reference, options, level, inputs):
        """The level-th pull-back as an operation; each of its rules is a part of the pull-back of the next level."""
        def rule(start, x):
            def pull(g, y, *inputs):
                flat = self._value(expression, reference, options, level + 1, (*inputs, g))
                return flat[start:start + x.size].reshape(x.shape)
            return pull

        arrays = [np.asarray(unwrap(x)) for x in inputs]
        sizes = [a.size if a.dtype.kind == "f" else 0 for a in arrays]
        paths = [(x, rule(sum(sizes[:i]), a)) for i, (x, a) in enumerate(zip(inputs, arrays))]
        bare = not any(isinstance(x, Tensor) for x in inputs)
        # A pull-back has as many elements as the inputs; a value has a size that the case suggests.
        body = 8 * sum(sizes[:-1]) if level else min(LIMIT, (1 << 20) + 64 * sum(a.nbytes for a in arrays))
        answer, value = self._ask(repr({"f": expression, "options": options, "level": level, "bare": bare,
                                        "arrays": kinds(arrays)}), arrays, body)
        if level == 0 and not answer["tensor"]:
            raise CheckError(f"the function returns a {_shown(answer['type'][:40])}, expected a Tensor")
        if value.dtype.kind != "f":
            raise CheckError(f"the function returns {value.dtype}, expected floating point numbers")
        before = self.shapes.setdefault((expression, repr(options), level, *(a.shape for a in arrays)), value.shape)
        if value.shape != before:  # their product could fill all memory
            raise CheckError(f"the function gives shape {value.shape}, and shape {before} for inputs of equal shapes")
        if reference and not self.other and any(sizes):
            from tinygan.grading.worker import derived  # of POSIX
            expected = unwrap(derived(lambda *xs: reference(*xs, **options), level)(*map(_input, arrays)))
            self._compare(value, expected, level, [1.0, *(np.abs(a).max(initial=0) for a in (expected, *arrays))])
        return Tensor(value) if level == 0 and bare else record(value, *paths)  # a call without Tensors records nothing

    def _compare(self, value, expected, level, sizes):
        """Notes a value that is not the reference's, up to the rounding of numbers of these sizes.

        A check looks at a few values itself, and finite differences believe all others. So a function that remembers
        its inputs could answer near them as a wrong derivative needs it.
        """
        near = 100 * TOLERANCE[value.dtype.name] * float(max(sizes))
        if value.shape != expected.shape or not (np.abs(value - expected) <= near).all():
            self.other = (f"the {f'derivative of order {level}' if level else 'value'} is right for the inputs of this "
                          "case and wrong near them: does it depend on earlier calls?")

    def _ask(self, text, arrays=(), body=LIMIT):
        """Sends a question; returns the worker's answer: its description and its array."""
        try:
            head, data = self.process.ask(text, arrays, body)
            answer = json.loads(head)
            if set(answer) == {"error", "line"}:
                self._raise(answer["error"], answer["line"])
            if set(answer) != {"array", "type", "tensor"}:
                raise ValueError
            if (type(answer["type"]), type(answer["tensor"])) != (str, bool):
                raise ValueError
            [found] = unpack([answer["array"]], data)
        except ProcessEnded as ended:
            raise CheckError(str(ended)) from None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError):
            raise CheckError(TAMPERED) from None
        return answer, found

    def _raise(self, error, line):
        """Raises the error that the process reports; ValueError if it reports none."""
        if type(error) is not str or type(line) is not str or not error.strip():
            raise ValueError
        text = _shown(f"{error}{line and f' ({line})'}"[:800])
        raise CheckError(f"too much memory: more than {self.process.megabytes} MB{line and f' ({line})'}"
                         if text.startswith("MemoryError") else text)


def _shown(text) -> str:
    """A text of the process without what moves a cursor or turns the direction of writing."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
