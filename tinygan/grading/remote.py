"""The grader's side of the worker: wraps a student's function as a tinygan operation that runs in another process.

So `check_gradients` differentiates it like any other function. Each derivative is computed by the student's code in the
other process and sent as numbers.
"""
from __future__ import annotations

import json

import numpy as np

from tinygan.grading import isolation
from tinygan.grading.checks import CheckError
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

    def probe(self, expression: str):
        """The function that the expression names in the student's cells; it takes Tensors, integers and options."""
        return lambda *inputs, **options: self._value(expression, options, 0, inputs)

    def _value(self, expression, options, level, inputs):
        """The level-th pull-back as an operation; each of its rules is a part of the pull-back of the next level."""
        def rule(start, x):
            def pull(g, y, *inputs):
                flat = self._value(expression, options, level + 1, (*inputs, g))
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
            raise CheckError(f"the function returns a {answer['type'][:40]}, expected a Tensor")
        if value.dtype.kind != "f":
            raise CheckError(f"the function returns {value.dtype}, expected floating point numbers")
        return Tensor(value) if level == 0 and bare else record(value, *paths)  # a call without Tensors records nothing

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
        text = "".join(c if c.isprintable() or c == "\n" else "?" for c in f"{error}{line and f' ({line})'}"[:800])
        raise CheckError(f"too much memory: more than {self.process.megabytes} MB{line and f' ({line})'}"
                         if text.startswith("MemoryError") else text)
