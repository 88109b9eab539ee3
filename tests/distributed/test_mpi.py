"""MPI on a machine without it: mpiexec's environment variables, devices, cores, refusals."""
import os
import sys
import threading
from types import SimpleNamespace

import pytest
import threads
from helpers import fails

from tinygan.backend import arrays
from tinygan.cli import main
from tinygan.distributed import mpi

# --- devices ---

def test_each_rank_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    used = []
    device = type("Device", (), {"__init__": lambda self, number: used.append(number), "use": lambda self: None})
    runtime = SimpleNamespace(getDeviceCount=lambda: 2)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(
        is_available=lambda: True, cuda=SimpleNamespace(Device=device, runtime=runtime)))
    arrays._cupy()
    assert used == []
    for number in range(4):
        monkeypatch.setattr(arrays, "device_index", number)
        arrays._cupy()
    assert used == [0, 1, 0, 1]


@pytest.mark.parametrize(("kinds", "expected"), [
    ("mpi,system,cuda:device", True), ("mpi,system", False), (None, False)])
def test_whether_mpi_reads_a_device(kinds, expected):
    comm = SimpleNamespace(Get_info=lambda: {"mpi_memory_alloc_kinds": kinds} if kinds else {})
    assert mpi._reads_device(SimpleNamespace(__file__="no library"), comm) == expected


# --- mpiexec, without one on the machine ---

@pytest.fixture
def two(monkeypatch):
    """The environment of the first of two processes that mpiexec started, without mpi4py."""
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    return monkeypatch


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_without_mpi4py_one_process_says_so(command, two, capsys):
    assert "--mpi needs mpi4py and an MPI: pip install 'tinygan[mpi]'" in fails(capsys, command, "ring", "--mpi")
    two.setenv("PMI_RANK", "1")
    assert main([command, "ring", "--mpi"]) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("arguments", "message"), [
    (["train", "ring"], "mpiexec started 2 processes: add --mpi"),
    (["sweep", "ring"], "mpiexec started 2 processes: add --mpi")])
def test_mpiexec_without_mpi_is_refused(arguments, message, two, capsys):
    assert message in fails(capsys, *arguments)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="where processes are not bound to cores")
def test_ranks_on_one_machine_share_its_cores(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert threads.play(3, lambda ranks: mpi._share_of_cores(ranks.comm)) == [2, 2, 2]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {threading.get_ident()})
    assert threads.play(3, lambda ranks: mpi._share_of_cores(ranks.comm)) == [1, 1, 1]
