"""The grader's side of the worker: wraps a student's function as a tinygan operation that runs in another process.

So `check_gradients` differentiates it like any other function. Each derivative is computed by the student's code in the
other process and sent as numbers.
"""
from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from tinygan.grading import MachineError, isolation, limits
from tinygan.grading.checks import CheckError
from tinygan.grading.messages import HEAD, kinds, packed, receive, unpack
from tinygan.tensor import Tensor, record, unwrap

LIMIT = 64 << 20  # bytes of one answer
STARTING = 60  # seconds until the process must be ready
TAMPERED = "the answer of the process cannot be read: it was changed, or it is too large"


class Worker:
    """A process that has loaded a student's cells: `with Worker(cells) as worker:`.

    Its failures are CheckErrors; if the machine cannot start it, MachineError. cells: pairs (name, text) to run in
    order. seconds: limit of processor time; the limit of wall-clock time is 2 * seconds + 10. megabytes: limit of
    memory. level: of `isolation` (default: the best one).
    """

    def __init__(self, cells, seconds=10, megabytes=1024, level=None):
        self.cells, self.seconds, self.megabytes = list(cells), seconds, megabytes
        self.level = level or isolation.choose()
        self.killed, self.deadline = "", time.monotonic() + STARTING

    def __enter__(self):
        try:
            self.room = tempfile.mkdtemp(prefix="tinygan-")
            self.folder = os.path.join(self.room, "task")
            os.mkdir(self.folder)
            secret = Path(self.room, "secret")
            secret.write_text("the process must not be able to open this file")
            home = isolation.HOME if self.level == isolation.BUBBLEWRAP else self.folder
            self.process = subprocess.Popen(
                isolation.command(self.level), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                cwd=self.folder, start_new_session=True, env={**isolation.ENVIRONMENT, "HOME": home}, bufsize=0)
        except OSError as error:
            self._clean()
            raise MachineError(f"no process for an answer: {error}") from error
        try:
            self._start({"seconds": self.seconds, "megabytes": self.megabytes, "level": self.level, "folder": home,
                         "readable": isolation.readable(), "secret": str(secret)})
            self.deadline = time.monotonic() + 2 * self.seconds + 10
            self._ask(repr(self.cells), body=0)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, task):
        """Waits until the process is isolated and has the limits of the task; before that it runs no student's code."""
        try:
            self._write(packed(repr(task)))
            ready = receive(self._read, HEAD, 0)[0]
        except (EOFError, BrokenPipeError, ValueError):
            ready = ""
        if ready != "ready":
            self._stop()
            last = self.process.stderr.read(HEAD).decode(errors="replace").strip().splitlines()[-1:]
            raise MachineError(f"no process for an answer ({self.level}): {''.join(last) or self._end()}")

    def __exit__(self, *_):
        self._stop()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()  # type: ignore[union-attr]
        self._clean()

    def _clean(self):
        with contextlib.suppress(FileNotFoundError):
            limits.remove(self.room)

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
            self._write(packed(text, arrays))
            head, data = receive(self._read, HEAD, body)
            answer = json.loads(head)
            if set(answer) == {"error", "line"}:
                self._raise(answer["error"], answer["line"])
            if set(answer) != {"array", "type", "tensor"} or type(answer["type"]) is not str:
                raise ValueError
            [found] = unpack([answer["array"]], data)
        except (EOFError, BrokenPipeError):
            raise CheckError(self._end()) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
            raise CheckError(TAMPERED) from None
        return answer, found

    def _raise(self, error, line):
        """Raises the error that the process reports; ValueError if it reports none."""
        if type(error) is not str or type(line) is not str or not error.strip():
            raise ValueError
        text = "".join(c if c.isprintable() or c == "\n" else "?" for c in f"{error}{line and f' ({line})'}"[:800])
        raise CheckError(f"too much memory: more than {self.megabytes} MB{line and f' ({line})'}"
                         if text.startswith("MemoryError") else text)

    def _write(self, data):
        data = memoryview(data)
        while data:
            self._watch(self.process.stdin, select.POLLOUT)
            data = data[os.write(self.process.stdin.fileno(), data[:select.PIPE_BUF]):]

    def _read(self, n) -> bytes:
        parts = []
        while n:
            self._watch(self.process.stdout, select.POLLIN)
            parts.append(os.read(self.process.stdout.fileno(), min(n, 1 << 20)))
            if not parts[-1]:
                raise EOFError
            n -= len(parts[-1])
        return b"".join(parts)

    def _watch(self, pipe, event):
        """Waits until the pipe is ready; kills the process when it passes a limit."""
        poll = select.poll()
        poll.register(pipe, event)
        while not poll.poll(100):
            self._kill_beyond_limits()

    def _kill_beyond_limits(self):
        if time.monotonic() > self.deadline:
            self.killed = (f"too slow: no answer within {2 * self.seconds + 10} seconds "
                           "(a loop without an end, a sleep?)")
        elif limits.memory(self.process.pid) > self.megabytes << 20:
            self.killed = f"too much memory: more than {self.megabytes} MB"
        elif self.level != isolation.BUBBLEWRAP:  # there the folder has a size
            self.killed = limits.too_much_on_disk(self.folder)
        if self.killed:
            self._stop()
            raise EOFError

    def _end(self) -> str:
        """The reason why there is no answer."""
        if self.killed:
            return self.killed
        pid = 0
        end = time.monotonic() + 5
        while not pid and time.monotonic() < end and self.process.returncode is None:
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
            time.sleep(0 if pid else 0.01)
        if not pid:
            return "the process closed its connection"
        code = os.waitstatus_to_exitcode(status)
        if self.level == isolation.BUBBLEWRAP and code > 128:  # it reports a child that signal n ended as 128 + n
            code = 128 - code
        self.process.returncode = code
        spent = used.ru_utime + used.ru_stime
        if code == -signal.SIGXCPU or code == -signal.SIGKILL and spent >= self.seconds:
            return f"too slow: more than {self.seconds} seconds of processor time (a loop without an end?)"
        if code == -signal.SIGKILL:
            return "the process was killed: by its own code, or by the system when memory was short"
        return f"the process ended with {signal.Signals(-code).name}" if code < 0 else \
            f"the process ended with status {code} before it answered"

    def _stop(self):
        """Kills the process and all its descendants."""
        if self.process.returncode is None:
            limits.kill(self.process.pid)
