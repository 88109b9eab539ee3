"""Makes ranks, or workers of a sweep, from processes that mpiexec started; only this file imports mpi4py."""
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

_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE")  # mpiexec sets one of these in its processes
_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")


def launched() -> int:
    """The number of processes that mpiexec started; 1 without mpiexec."""
    return int(next((os.environ[name] for name in _SIZES if name in os.environ), 1))


def speaks() -> bool:
    """Whether this process prints for all: the first rank does."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)


def size() -> int:
    """The number of ranks."""
    return _mpi().COMM_WORLD.Get_size()


def world() -> ProcessGroup:
    """The group of all processes of mpiexec, each with its share of the cores; RanksError if MPI cannot join them."""
    MPI = _mpi()
    comm = MPI.COMM_WORLD
    machine = comm.Split_type(MPI.COMM_TYPE_SHARED)  # the ranks on this machine
    arrays.device_index = machine.Get_rank()
    limit(_share_of_cores(machine))
    return ProcessGroup(comm, _reads_device(MPI, comm))


@contextmanager
def workers() -> Iterator[Any]:
    """On the first rank, a pool (an Executor) of all other ranks; on those, None, after their work is done."""
    MPI = _mpi()
    from mpi4py.futures import MPICommExecutor
    limit(_share_of_cores(MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED)))
    first = MPI.COMM_WORLD.Get_rank() == 0
    # On Ctrl-C only the first rank stops, and it stops the others.
    signal.signal(signal.SIGINT, signal.default_int_handler if first else signal.SIG_IGN)
    with MPICommExecutor(MPI.COMM_WORLD) as pool:
        yield pool


def _mpi():
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: no MPI was found
        raise RanksError("--mpi needs mpi4py and an MPI: pip install 'tinygan[mpi]' "
                         f"({str(error).splitlines()[0]})") from error
    if launched() > 1 == MPI.COMM_WORLD.Get_size():
        raise RanksError(f"mpiexec started {launched()} processes, but mpi4py sees one: it uses another MPI, "
                         f"{MPI.Get_library_version().splitlines()[0].strip()}; start them with its mpiexec")
    return MPI


def _reads_device(MPI, comm) -> bool:
    """Whether MPI reads GPU memory, by the query of MPI 4.1 or of earlier libraries."""
    if "cuda" in (comm.Get_info().get("mpi_memory_alloc_kinds") or ""):
        return True
    try:
        return bool(ctypes.CDLL(MPI.__file__).MPIX_Query_cuda_support())
    except (OSError, AttributeError):
        return False


def _share_of_cores(machine) -> int:
    """The number of cores of this rank, if they are divided among the ranks of the machine that may use them."""
    if not hasattr(os, "sched_getaffinity"):
        return max(1, cores() // machine.Get_size())
    own = os.sched_getaffinity(0)
    sharing = sum(bool(own & other) for other in machine.allgather(own))
    return min(cores(), max(1, len(own) // sharing))
