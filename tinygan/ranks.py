"""Ranks: processes, on one machine or on many, that play one game together by MPI; the one file that imports mpi4py.

Every rank draws the same random numbers and takes its slice of the batch (`mine`); what is a mean over the batch is
summed over ranks (`sum`). Inside `with among(ranks):` an operation that looks at the whole batch finds them by `present()`.
Alone, a process is a rank of one, and all this does nothing.
"""
from __future__ import annotations

import ctypes
import os
import threading
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan import backend

LAUNCHED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE")  # how many processes there are, as an mpiexec says
NUMBERED = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")


class RanksError(RuntimeError):
    """Ranks that cannot play together, on which all of them agree: one line is enough."""


class Alone:
    """A rank of one: the whole batch is its slice."""

    rank, size, share = 0, 1, 1.0

    def divide(self, whole: int, unit: int = 1) -> None:
        """Divides a batch of `whole` examples, which come in units, into a slice for each rank; ValueError if one would
        have none."""

    def mine(self, a):
        """This rank's slice of what was drawn for the whole batch."""
        return a

    def drawing(self, rng):
        """rng, for what is drawn in the shape of a slice: the same for an example whatever the number of ranks."""
        return rng

    def whole(self, n: int) -> int:
        """How many rows all ranks have where this one has n."""
        return n

    def weighed(self, value):
        """value, the mean over this slice, as its part of the mean over the batch."""
        return value

    def sum(self, a):
        """The sum over ranks of an array of each: an all-reduce (`all-reduce`). A new array."""
        return a

    def mean(self, a):
        """The mean over the batch, for an array that holds the mean over this slice (`gradient-average`)."""
        return self.sum(self.weighed(a))


ALONE = Alone()


class _Present(threading.local):
    ranks: Any = ALONE


_present = _Present()


def present() -> Any:
    """The ranks among whom the batch is divided at this moment."""
    return _present.ranks


@contextmanager
def among(ranks):
    """Inside `with among(ranks):` operations that look at the whole batch look at that of all these ranks."""
    before, _present.ranks = _present.ranks, ranks
    try:
        yield
    finally:
        _present.ranks = before


class Ranks(Alone):
    """The ranks of a communicator of mpi4py, or of what looks like one.

    A batch need not be a multiple of their number: the slices differ by a unit at most, and each counts as much as it
    holds. Arrays on a device go straight to an MPI that reads the device (`reads_device`), to others by the host.
    """

    def __init__(self, comm, reads_device: bool = False):
        self.comm, self.rank, self.size, self.reads_device = comm, comm.Get_rank(), comm.Get_size(), reads_device

    def divide(self, whole, unit=1):
        if whole // unit < self.size:
            raise ValueError(f"a batch of {whole} has no slice for each of {self.size} ranks")
        self.start, self.stop = (whole // unit * i // self.size * unit for i in (self.rank, self.rank + 1))
        self.batch, self.share = whole, (self.stop - self.start) / whole

    def mine(self, a):
        return a[self.start:self.stop]

    def drawing(self, rng):
        return _Drawing(rng, self)

    def whole(self, n):
        return n * self.batch // (self.stop - self.start)

    def weighed(self, value):
        return self.share * value

    def sum(self, a):
        if isinstance(a, np.ndarray) or not self.reads_device:
            send = np.asarray(backend.to(a, "cpu"), order="C")
            total = np.empty_like(send)
            self.comm.Allreduce(send, total)
            return backend.like(total, a)
        owner = backend.module(a)
        send = owner.asarray(a, order="C")
        total = owner.empty_like(send)
        owner.cuda.get_current_stream().synchronize()  # MPI reads when it is called, not when the stream comes to it
        self.comm.Allreduce(send, total)
        return total

    def all(self, value) -> list:
        """What every rank says, in their order, on every rank."""
        return self.comm.allgather(value)


class _Drawing:
    """A random generator that draws for the whole batch and gives this rank's slice of it."""

    def __init__(self, rng, ranks):
        self.rng, self.ranks = rng, ranks

    def _slice(self, draw, shape, *options):
        ranks, n = self.ranks, shape[0]
        each = (ranks.stop - ranks.start) // n  # examples in a row: packs
        return draw((ranks.batch // each, *shape[1:]), *options)[ranks.start // each:ranks.stop // each]

    def standard_normal(self, shape, *options):
        return self._slice(self.rng.standard_normal, shape, *options)

    def random(self, shape, *options):
        return self._slice(self.rng.random, shape, *options)
