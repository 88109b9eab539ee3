"""How processes that mpiexec started become ranks, or the workers of a sweep; the one file that imports mpi4py."""
from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygan.backend import arrays
from tinygan.backend.process import cores, limit
from tinygan.distributed.group import ProcessGroup, RanksError

_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE")  # an mpiexec sets one of these in the processes it starts
_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")


def launched() -> int:
    """How many processes mpiexec started, this one among them; 1 without."""
    return int(next((os.environ[name] for name in _SIZES if name in os.environ), 1))


def speaks() -> bool:
    """Whether this process prints for its whole job."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)


def size() -> int:
    """How many ranks there are."""
    return _mpi().COMM_WORLD.Get_size()


def world() -> ProcessGroup:
    """All processes that mpiexec started, each with its share of the cores; RanksError where they do not meet."""
    MPI = _mpi()
    comm = MPI.COMM_WORLD
    beside = comm.Split_type(MPI.COMM_TYPE_SHARED)  # those on this machine
    arrays.device_index = beside.Get_rank()
    limit(_share_of_cores(beside))
    return ProcessGroup(comm, _reads_device(MPI, comm))


@contextmanager
def workers() -> Iterator[Any]:
    """A pool, an Executor, of all ranks but the first, which has it; None on the others, when their work is done."""
    MPI = _mpi()
    from mpi4py.futures import MPICommExecutor
    limit(_share_of_cores(MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED)))
    first = MPI.COMM_WORLD.Get_rank() == 0
    signal.signal(signal.SIGINT, signal.default_int_handler if first else signal.SIG_IGN)  # it tells the others to stop
    with MPICommExecutor(MPI.COMM_WORLD) as pool:
        yield pool


def _mpi():
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the second where it finds no MPI
        raise RanksError("--mpi needs mpi4py and an MPI: pip install 'tinygan[mpi]' "
                         f"({str(error).splitlines()[0]})") from error
    if launched() > 1 == MPI.COMM_WORLD.Get_size():
        raise RanksError(f"mpiexec started {launched()} processes, but mpi4py sees one: it is of another MPI, "
                         f"{MPI.Get_library_version().splitlines()[0].strip()}; start them by the mpiexec of that one")
    return MPI


def _reads_device(MPI, comm) -> bool:
    """Whether MPI takes arrays on a GPU: asked as in MPI 4.1, or as in the libraries before it."""
    if "cuda" in (comm.Get_info().get("mpi_memory_alloc_kinds") or ""):
        return True
    try:
        return bool(ctypes.CDLL(MPI.__file__).MPIX_Query_cuda_support())
    except (OSError, AttributeError):
        return False


def _share_of_cores(beside) -> int:
    """How many cores are this rank's, where others on the same machine may use the same ones."""
    if not hasattr(os, "sched_getaffinity"):
        return max(1, cores() // beside.Get_size())
    mine = os.sched_getaffinity(0)
    sharing = sum(bool(mine & theirs) for theirs in beside.allgather(mine))
    return min(cores(), max(1, len(mine) // sharing))
