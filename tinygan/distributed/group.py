"""Ranks: processes, on one machine or on many, that train one game together (how they become ranks: `mpi`).

Every rank draws the same random numbers and takes its slice of the batch (`shard`); what is a mean over the batch is
summed over ranks (`mean`). Inside `with using_group(ranks):` an operation that looks at the whole batch finds them by
`current_group()`. Alone, a process is a rank of one, and all this does nothing.
"""
from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan import backend
from tinygan.errors import TinyganError

PATIENCE = 2.0  # seconds in which the first rank may report the same error before this one does


class RanksError(TinyganError, RuntimeError):
    """Raised on all ranks when they cannot train together."""


class SingleProcess:
    """A rank of one: the whole batch is its slice."""

    rank, size = 0, 1

    def divide(self, batch: int, unit: int = 1) -> None:
        """Divides a batch, made of units, into a slice for each rank; ValueError if one would have none."""

    def shard(self, a):
        """This rank's slice of what was drawn for the whole batch."""
        return a

    def drawing(self, rng) -> Any:
        """rng, for what is drawn in the shape of a slice: as if drawn for the whole batch."""
        return rng

    def global_count(self, n: int) -> int:
        """How many rows all ranks have where this one has n."""
        return n

    def weighted_share(self, mean):
        """A mean over this slice as its part of the mean over the batch."""
        return mean

    def sum(self, a):
        """The sum of the arrays of all ranks, on each of them."""
        return a

    def mean(self, a):
        """Averages a per-shard mean over the whole batch."""
        return self.sum(self.weighted_share(a))

    def all_gather(self, f: Callable[[], Any]) -> list:
        """f() of every rank, in their order; RanksError on all of them where one fails."""
        return [f()]

    def broadcast(self, f: Callable[[], Any]):
        """f() of the first rank, on each; RanksError on all of them where it fails."""
        return self.all_gather(lambda: f() if self.rank == 0 else None)[0]

    def agree(self, facts: dict[str, Any]) -> None:
        """RanksError where a fact is another one on another rank."""
        for rank, other in enumerate(everyone := self.all_gather(lambda: facts)):
            for name, value in everyone[0].items():
                if other[name] != value:
                    raise RanksError(f"rank {rank} has another {name} than rank 0: {other[name]}, not {value}")

    @contextmanager
    def ending(self, command: str):
        """Inside `with`, an error of one rank ends the job, on all ranks and with one line.

        Gives a function that takes the end of this line: which state is kept.
        """
        yield lambda kept: None


SINGLE_PROCESS = SingleProcess()


class _Present(threading.local):
    ranks: SingleProcess = SINGLE_PROCESS


_present = _Present()


def current_group() -> SingleProcess:
    """The ranks among whom the batch is divided at this moment."""
    return _present.ranks


@contextmanager
def using_group(ranks: SingleProcess):
    """Inside `with using_group(ranks):` operations that look at the whole batch look at that of all these ranks."""
    before, _present.ranks = _present.ranks, ranks
    try:
        yield
    finally:
        _present.ranks = before


class ProcessGroup(SingleProcess):
    """The ranks of a communicator of mpi4py, or of what looks like one.

    A batch need not be a multiple of their number: slices differ by a unit at most, and each counts as much as it
    holds. Arrays on a device go straight to an MPI that reads the device, to others by way of the host.
    """

    def __init__(self, comm, reads_device: bool = False):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.reads_device = reads_device

    def divide(self, batch, unit=1):
        if batch // unit < self.size:
            raise ValueError(f"a batch of {batch} has no slice for each of {self.size} ranks")
        self.batch = batch
        self.start, self.stop = (batch // unit * rank // self.size * unit for rank in (self.rank, self.rank + 1))

    def shard(self, a):
        return a[self.start:self.stop]

    def drawing(self, rng):
        return _Drawing(rng, self)

    def global_count(self, n):
        return n * self.batch // (self.stop - self.start)

    def weighted_share(self, mean):
        return (self.stop - self.start) / self.batch * mean

    def sum(self, a):
        if isinstance(a, np.ndarray) or not self.reads_device:
            send = np.asarray(backend.to(a, "cpu"), order="C")
            total = np.empty_like(send)
        else:
            owner = backend.module(a)
            send = owner.asarray(a, order="C")
            total = owner.empty_like(send)
            owner.cuda.get_current_stream().synchronize()  # MPI reads now, not when the stream has come to it
        self.comm.Allreduce(send, total)
        return backend.to_device_of(total, a) if isinstance(total, np.ndarray) else total

    def all_gather(self, f):
        value, line, cause = None, "", None
        try:
            value = f()
        except Exception as error:
            line, cause = str(error) or type(error).__name__, error
        outcomes = self.comm.allgather((value, line))
        for rank, (_, line) in enumerate(outcomes):
            if line:
                raise RanksError(f"rank {rank}: {line}" if rank else line) from cause
        return [value for value, _ in outcomes]

    @contextmanager
    def ending(self, command):
        what = ""

        def leave(kept):
            nonlocal what
            what = f"; {kept}"
        try:
            yield leave
        except (RanksError, KeyboardInterrupt):
            raise  # every rank has it
        except BaseException as error:
            time.sleep(PATIENCE if self.rank else 0)
            print(f"\n{command}: {self._line(error, what)}", file=sys.stderr, flush=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI would add lines of its own
            time.sleep(0.5)  # mpiexec carries the line, and the next call ends mpiexec
            self.comm.Abort(2)

    def _line(self, error, what) -> str:
        """This rank's line about an error that ends the job."""
        package, _, _ = type(error).__module__.partition(".")
        if package == "mpi4py":  # MPI's word for another one that is gone
            return f"the job ended before its time{what}"
        if isinstance(error, TinyganError):
            return f"rank {self.rank}: {error}{what}" if self.rank else str(error)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (f"rank {self.rank}: {type(error).__name__}: {str(error).partition(chr(10))[0]} "
                f"({os.path.basename(place.filename)}, line {place.lineno}){what}")


class _Drawing:
    """A random generator that draws for the whole batch and gives this rank's slice of it."""

    def __init__(self, rng, ranks):
        self.rng, self.ranks = rng, ranks

    def __getattr__(self, name):
        def draw(shape, *options):
            ranks, n = self.ranks, shape[0]
            each = (ranks.stop - ranks.start) // n  # examples in a row, which may be a pack
            whole = getattr(self.rng, name)((ranks.batch // each, *shape[1:]), *options)
            return whole[ranks.start // each:ranks.stop // each]
        return draw
