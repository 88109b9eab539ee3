"""Threads: as many as the cores of this process, or fewer if the environment sets a limit."""
import os

import pytest

from tinygan.backend.process import cores, limit

CORES = 8


@pytest.fixture
def eight(monkeypatch):
    """A process that may use eight cores."""
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(CORES)))
    monkeypatch.setattr(os, "cpu_count", lambda: 64 if hasattr(os, "sched_getaffinity") else CORES)


@pytest.mark.parametrize(("wanted", "count"), [("1", 1), ("3", 3), ("8", 8), ("64", 8), ("0", 8), ("", 8), ("all", 8),
                                               ("-2", 8), ("1.5", 8)])
def test_the_environment_sets_the_threads(wanted, count, eight, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", wanted)
    assert cores() == count


@pytest.mark.parametrize(("blas", "omp", "count"), [("", "2", 2), ("0", "3,1", 3), ("5", "2", 5), ("", "x", 8)])
def test_openmp_sets_the_threads_where_blas_does_not(blas, omp, count, eight, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", blas)
    monkeypatch.setenv("OMP_NUM_THREADS", omp)
    assert cores() == count


@pytest.fixture(autouse=True)
def _no_openmp(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def test_without_a_word_every_core_is_used(eight, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert cores() == CORES


def test_where_no_affinity_is_known_all_cores_of_the_machine_count(eight, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for known, expected in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda known=known: known)
        assert cores() == expected


def test_a_limit_holds_for_blas_and_for_tune_after_it(eight, monkeypatch):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "5")
    with threadpoolctl.threadpool_limits(4, "blas"):  # and back to the old value
        limit(2)
        assert cores() == 2
        blas = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
        assert blas
        assert set(blas) <= {1, 2}  # a BLAS of one thread has no more
