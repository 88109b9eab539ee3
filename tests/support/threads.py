"""Ranks without MPI, for tests: threads of one process, and a communicator of theirs that has mpi4py's names."""
import functools
import operator
import threading
from concurrent.futures import ThreadPoolExecutor

from tinygan.distributed.group import ProcessGroup


class Communicator:
    """One thread's place among `size`; the threads exchange their values on `board`."""

    def __init__(self, rank, size, board, barrier):
        self.rank, self.size, self.board, self.barrier, self.calls = rank, size, board, barrier, 0

    def Get_rank(self):
        return self.rank

    def Get_size(self):
        return self.size

    def allgather(self, value):
        """All wait twice: until everyone has written, and until everyone has read."""
        self.board[self.rank] = value
        self.barrier.wait()
        values = list(self.board)
        self.barrier.wait()
        self.calls += 1
        return values

    def Allreduce(self, send, total):
        """The sum in the order of the ranks, so that all have the same one."""
        parts = self.allgather(send.copy())
        assert len({(a.shape, a.dtype) for a in parts}) == 1, "ranks that add up different things"
        total[...] = functools.reduce(operator.add, parts)

    def bcast(self, value, root=0):
        return self.allgather(value)[root]


def play(size, f, **options):
    """f(ranks) on `size` threads at once; the result of each. An error in one ends all, and is raised."""
    barrier, board = threading.Barrier(size, timeout=60), [None] * size

    def run(rank):
        try:
            return f(ProcessGroup(Communicator(rank, size, board, barrier), **options))
        except BaseException:
            barrier.abort()
            raise
    with ThreadPoolExecutor(size) as pool:
        done = [pool.submit(run, rank) for rank in range(size)]
    errors = [future.exception() for future in done]
    for error in sorted(filter(None, errors), key=lambda e: isinstance(e, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in done]
