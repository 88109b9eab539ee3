"""An isolated process for a student's code: its start, its messages, its limits, and its end without a trace."""
from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, ClassVar, cast

from tinygan.grading import MachineError, isolation, limits
from tinygan.grading.messages import HEAD, packed, receive

STARTING = 60  # seconds until the process must be ready


class ProcessEnded(Exception):
    """The process gives no answer; the message is the reason."""


class Process:
    """A process that runs `worker.main`: `with Process(seconds, megabytes, level) as process:`.

    seconds: limit of processor time; the limit of wall-clock time is 2 * seconds + 10. megabytes: limit of memory.
    level: of `isolation`. MachineError if it cannot be started. Until it is isolated it runs no student's code.
    """

    running: ClassVar[set[Process]] = set()

    def __init__(self, seconds, megabytes, level):
        self.seconds, self.megabytes, self.level = seconds, megabytes, level
        self.killed, self.spent, self.look, self.deadline = "", 0.0, 0.0, time.monotonic() + STARTING
        self.place = ""

    def __enter__(self):
        try:
            self.room = tempfile.mkdtemp(prefix="tinygan-")
        except OSError as error:
            raise MachineError(f"no folder for an answer: {error}") from error
        try:
            self.folder = os.path.join(self.room, "task")
            os.mkdir(self.folder)
            secret = Path(self.room, "secret")
            secret.write_text("the process must not be able to open this file")
            home = isolation.HOME if self.level == isolation.BUBBLEWRAP else self.folder
            self.child = subprocess.Popen(
                isolation.command(self.level), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                cwd=self.folder, start_new_session=True, env={**isolation.ENVIRONMENT, "HOME": home}, bufsize=0)
        except OSError as error:
            self._clean()
            raise MachineError(f"no process for an answer: {error}") from error
        self.questions, self.answers, self.errors = (
            cast("IO[bytes]", pipe) for pipe in (self.child.stdin, self.child.stdout, self.child.stderr))
        Process.running.add(self)
        try:
            for pipe in (self.questions, self.answers):  # the process can open these too, and empty or fill them
                os.set_blocking(pipe.fileno(), False)
            self._start({"seconds": self.seconds, "megabytes": self.megabytes, "level": self.level, "folder": home,
                         "readable": isolation.readable(), "secret": str(secret)})
        except BaseException:
            self.__exit__()
            raise
        self.place = self._place()
        self.deadline = time.monotonic() + 2 * self.seconds + 10
        return self

    def _start(self, task):
        """Waits until the process is isolated and has its limits."""
        try:
            self._write(packed(repr(task)))
            if receive(self._read, HEAD, 0)[0] == "ready":
                return
        except (EOFError, BrokenPipeError, ValueError):
            pass
        self._kill()
        last = self.errors.read(HEAD).decode(errors="replace").strip().splitlines()[-1:]
        raise MachineError(f"no process for an answer ({self.level}): {''.join(last) or self._reason()}")

    def __exit__(self, *_):
        Process.running.discard(self)
        self._kill()
        self.child.wait()
        for pipe in (self.questions, self.answers, self.errors):
            pipe.close()
        self._clean()

    def _clean(self):
        with contextlib.suppress(FileNotFoundError):
            limits.remove(self.room)

    def ask(self, text, arrays, body: int) -> tuple[str, bytes]:
        """Sends a message; returns the answer, of at most `body` bytes after its head.

        ProcessEnded if there is none, ValueError if it is too long.
        """
        try:
            self._write(packed(text, arrays))
            return receive(self._read, HEAD, body)
        except (EOFError, BrokenPipeError):
            raise ProcessEnded(self._reason()) from None

    def _write(self, data):
        data = memoryview(data)
        while data:
            self._wait(self.questions, select.POLLOUT)
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.questions.fileno(), data[:select.PIPE_BUF]):]

    def _read(self, n) -> bytes:
        parts = []
        while n:
            self._wait(self.answers, select.POLLIN)
            try:
                parts.append(os.read(self.answers.fileno(), min(n, 1 << 20)))
            except BlockingIOError:
                continue
            if not parts[-1]:
                raise EOFError
            n -= len(parts[-1])
        return b"".join(parts)

    def _wait(self, pipe, event):
        """Waits until the pipe is ready; every 0.1 s, also if it always is, kills a process that passes a limit."""
        poll = select.poll()
        poll.register(pipe, event)
        ready: list = []
        while not ready:
            ready = poll.poll(100)
            if time.monotonic() < self.look:
                continue
            self.look = time.monotonic() + 0.1
            self.spent = max(self.spent, limits.processor_time(self.child.pid))
            self.killed = self._beyond()
            if self.killed:
                self._kill()
                raise EOFError

    def _beyond(self) -> str:
        """The limit that the process has passed, or ""."""
        if time.monotonic() > self.deadline:
            return f"too slow: no answer within {2 * self.seconds + 10} seconds (a loop without an end, a sleep?)"
        if limits.memory(self.child.pid) > self.megabytes << 20:
            return f"too much memory: more than {self.megabytes} MB"
        if sum(map(limits.threads, limits.processes(self.child.pid))) > limits.THREADS:
            return f"too many threads: more than {limits.THREADS}"
        return limits.too_much_on_disk(self.place)

    def _place(self) -> str:
        """The folder of the task as the grader sees it; "" where it cannot see the one that bubblewrap makes."""
        if self.level != isolation.BUBBLEWRAP:
            return self.folder
        *outer, last = limits.processes(self.child.pid)
        place = f"/proc/{last}/root{isolation.HOME}"
        return place if outer and os.access(place, os.R_OK | os.X_OK) else ""

    def _reason(self) -> str:
        """The reason why there is no answer."""
        if self.killed:
            return self.killed
        try:
            code = self.child.wait(5)
        except subprocess.TimeoutExpired:
            return "the process closed its connection"
        limits.kill_group(self.child.pid)
        if self.level == isolation.BUBBLEWRAP and code - 128 in signal.valid_signals():
            code = 128 - code  # it reports a child that signal n ended as 128 + n
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and self.spent >= self.seconds):
            return f"too slow: more than {self.seconds} seconds of processor time (a loop without an end?)"
        if code == -signal.SIGKILL:
            return "the process was killed: by its own code, or by the system when memory was short"
        names = {number.value: number.name for number in signal.Signals}  # not all signals have one
        return f"the process ended with {names.get(-code, f'signal {-code}')}" if code < 0 else \
            f"the process ended with status {code} before it answered"

    @classmethod
    def stop_all(cls):
        """Ends all processes that run, so that nobody waits for their answers."""
        for process in [*cls.running]:
            process.deadline = 0.0

    def _kill(self):
        """Kills the process and all its descendants."""
        if self.child.returncode is None:  # its number is still its own
            limits.kill(self.child.pid)
