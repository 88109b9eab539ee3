"""The grader's side of the worker: wraps a student's function as a tinygan operation that runs in another process.

So `check_gradients` differentiates it like any other function. Each derivative is computed by the student's code in the
other process and sent as numbers.
"""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

import tinygan
from tinygan.grading.checks import CheckError
from tinygan.grading.worker import kinds, receive, send, unpack
from tinygan.tensor import Tensor, record, unwrap

LIMIT = 64 << 20  # bytes of one answer
PLACES = [str(Path(tinygan.__file__).parent.parent), *filter(None, sys.path)]  # the worker imports from the same places
COMMAND = [sys.executable, "-I", "-B", "-c", f"import sys; sys.path[:] = {PLACES!r}; "
           "from tinygan.grading.worker import main; main()"]
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath, "LANG": "C.UTF-8"}


class Worker:
    """A process that has loaded a student's cells: `with Worker(cells) as worker:`. Its failures are CheckErrors.

    cells: pairs (name, text) to run in order. seconds: limit of processor time; the limit of wall-clock time is
    2 * seconds + 10. megabytes: limit of memory.
    """

    def __init__(self, cells, seconds=10, megabytes=1024):
        self.seconds, self.megabytes, self.late = seconds, megabytes, False
        self.folder = tempfile.TemporaryDirectory(prefix="tinygan-")
        self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, cwd=self.folder.name, start_new_session=True,
                                        env={**ENVIRONMENT, "HOME": self.folder.name})
        self.timer = threading.Timer(2 * seconds + 10, self._stop, (True,))
        self.timer.start()
        self.task = repr({"cells": list(cells), "seconds": seconds, "megabytes": megabytes})

    def __enter__(self):
        try:
            self._ask(self.task)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self._stop()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # unsent bytes for a process that has ended
                pipe.close()  # type: ignore[union-attr]
        self.folder.cleanup()

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
        answer, [value] = self._ask(repr({"f": expression, "options": options, "level": level, "bare": bare,
                                          "arrays": kinds(arrays)}), arrays)
        if level == 0 and not answer["tensor"]:
            raise CheckError(f"the function returns a {answer['type'][:40]}, expected a Tensor")
        if value.dtype.kind != "f":
            raise CheckError(f"the function returns {value.dtype}, expected floating point numbers")
        return Tensor(value) if level == 0 and bare else record(value, *paths)  # a call without Tensors records nothing

    def _ask(self, text, arrays=()):
        """Sends a question; returns the worker's answer: its description and its arrays."""
        try:
            send(self.process.stdin, text, arrays)
            head, body = receive(self.process.stdout, LIMIT)
            answer = json.loads(head)
            error = answer.get("error")
            found = unpack(answer["arrays"], body) if error is None else []
            if error is None and len(found) != 1:
                raise ValueError
        except (EOFError, OSError):
            raise CheckError(self._end()) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
            raise CheckError("the answer of the process cannot be read: it was changed, or it is too large") from None
        if error is not None:
            line = f" ({answer.get('line')})" if answer.get("line") else ""
            text = "".join(c if c.isprintable() or c == "\n" else "?" for c in f"{error}{line}"[:800])
            raise CheckError(f"too much memory: more than {self.megabytes} MB{line}" if text.startswith("MemoryError")
                             else text)
        return answer, found

    def _end(self) -> str:
        """The reason why there is no answer."""
        if self.late:
            return f"too slow: no answer within {2 * self.seconds + 10} seconds (a loop without an end, a sleep?)"
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "the process closed its connection"
        if status in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"too slow: more than {self.seconds} seconds of processor time (a loop without an end?)"
        return f"the process ended with {signal.Signals(-status).name}" if status < 0 else \
            f"the process ended with status {status} before it answered"

    def _stop(self, late=False):
        """Kills the process and all its children."""
        self.late = self.late or late
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
