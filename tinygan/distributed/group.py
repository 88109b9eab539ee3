"""Process groups: ranks, on one or several machines, that train one game together (`mpi` makes them).

Every rank draws the same random numbers and takes its slice of the batch (`shard`). Means over the batch are averaged
over ranks (`mean`). In a block `with using_group(group):`, operations on the whole batch find the group by
`current_group()`. A single process is a group of one rank, for which all methods do nothing.
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

PATIENCE = 2.0  # seconds that other ranks wait, so that the first rank can report a common error


class RanksError(TinyganError, RuntimeError):
    """Ranks cannot train together; raised on all of them."""


class SingleProcess:
    """A group of one rank, whose slice is the whole batch."""

    rank, size = 0, 1

    def divide(self, batch: int, unit: int = 1) -> None:
        """Divides a batch, made of units, into a slice for each rank; ValueError if a slice would be empty."""

    def shard(self, a):
        """This rank's slice of an array drawn for the whole batch."""
        return a

    def drawing(self, rng) -> Any:
        """A generator for arrays of a slice's shape: it draws for the whole batch and gives this rank's slice."""
        return rng

    def global_count(self, n: int) -> int:
        """The number of rows on all ranks together, for n rows on this rank."""
        return n

    def weighted_share(self, mean):
        """A mean over this slice, weighted with the slice's share of the batch."""
        return mean

    def sum(self, a):
        """The sum of the arrays of all ranks, on each rank."""
        return a

    def mean(self, a):
        """Averages a per-shard mean over the whole batch."""
        return self.sum(self.weighted_share(a))

    def all_gather(self, f: Callable[[], Any]) -> list:
        """f() of every rank, in order of rank; RanksError on all ranks if one fails."""
        return [f()]

    def broadcast(self, f: Callable[[], Any]):
        """f() of the first rank, on each rank; RanksError on all ranks if it fails."""
        return self.all_gather(lambda: f() if self.rank == 0 else None)[0]

    def agree(self, facts: dict[str, Any]) -> None:
        """RanksError if a fact differs between ranks."""
        for rank, other in enumerate(everyone := self.all_gather(lambda: facts)):
            for name, value in everyone[0].items():
                if other[name] != value:
                    raise RanksError(f"rank {rank} has another {name} than rank 0: {other[name]}, not {value}")

    @contextmanager
    def ending(self, command: str):
        """A block in which an error of one rank ends the job on all ranks, with one line.

        Yields a function that sets the end of this line: which state was saved.
        """
        yield lambda kept: None


SINGLE_PROCESS = SingleProcess()


class _Current(threading.local):
    group: SingleProcess = SINGLE_PROCESS


_current = _Current()


def current_group() -> SingleProcess:
    """The group of ranks among which the batch is divided at present."""
    return _current.group


@contextmanager
def using_group(group: SingleProcess):
    """A block `with using_group(group):` in which operations on the whole batch include all ranks of the group."""
    before, _current.group = _current.group, group
    try:
        yield
    finally:
        _current.group = before


class ProcessGroup(SingleProcess):
    """The ranks of a communicator of mpi4py, or of an object with the same methods.

    The batch size need not be a multiple of their number: slices differ by one unit at most, and means are weighted
    with their sizes. Arrays on a GPU are passed to MPI directly if it reads GPU memory, else through the host.
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
            owner.cuda.get_current_stream().synchronize()  # MPI does not wait for the stream
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
        state = ""

        def leave(kept):
            nonlocal state
            state = f"; {kept}"
        try:
            yield leave
        except (RanksError, KeyboardInterrupt):
            raise  # every rank raises it
        except BaseException as error:
            time.sleep(PATIENCE if self.rank else 0)
            print(f"\n{command}: {self._line(error, state)}", file=sys.stderr, flush=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # hides the lines that MPI would add
            time.sleep(0.5)  # mpiexec passes the line on, and the next call ends mpiexec
            self.comm.Abort(2)

    def _line(self, error, state) -> str:
        """The line in which this rank reports an error that ends the job."""
        package, _, _ = type(error).__module__.partition(".")
        if package == "mpi4py":  # MPI reports that another rank is gone
            return f"the job ended before its time{state}"
        if isinstance(error, TinyganError):
            return f"rank {self.rank}: {error}{state}" if self.rank else str(error)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (f"rank {self.rank}: {type(error).__name__}: {str(error).partition(chr(10))[0]} "
                f"({os.path.basename(place.filename)}, line {place.lineno}){state}")


class _Drawing:
    """A random generator that draws for the whole batch and gives this rank's slice of it."""

    def __init__(self, rng, group):
        self.rng, self.group = rng, group

    def __getattr__(self, name):
        def draw(shape, *options):
            group, n = self.group, shape[0]
            pack = (group.stop - group.start) // n  # examples in a row of the array: more than one with packing
            drawn = getattr(self.rng, name)((group.batch // pack, *shape[1:]), *options)
            return drawn[group.start // pack:group.stop // pack]
        return draw
