"""Work on a batch in parts: division, joining, adding, and the error of a part."""
import os
import threading

import numpy as np
import pytest
from helpers import forked

from tinygan.backend import parallel


@pytest.fixture
def threads():
    """Sets the number of threads until the test ends."""
    yield parallel.set_threads
    parallel.set_threads(1)


@pytest.mark.parametrize(("count", "chunk", "expected"), [(1, 1 << 30, [6]), (1, 2 << 15, [2, 2, 2]),
                                                          (2, 1 << 30, [3, 3]), (3, 1 << 15, [1] * 6)])
def test_the_parts_are_equal_and_as_many_for_each_thread(threads, count, chunk, expected):
    threads(count)
    sizes = []
    x = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(parallel.map_batch(lambda a: sizes.append(len(a)) or 2 * a, 1 << 15, x, chunk=chunk),
                                  2 * x)
    assert sorted(sizes) == expected


def test_what_is_not_worth_it_stays_whole(threads):
    threads(2)
    x = np.ones((6, 1))
    assert parallel.sum_batch(lambda a: a.sum(0, keepdims=True) + len(a), 1, x) == 12  # 6 + 6: one part


def test_parts_are_added_in_their_order(threads):
    threads(2)
    x = np.random.default_rng(0).standard_normal((64, 3))
    def sums(a):
        return a.sum(0)
    runs = [parallel.sum_batch(sums, parallel.MIN_ELEMENTS, x, chunk=parallel.MIN_ELEMENTS) for _ in range(5)]
    np.testing.assert_allclose(runs[0], x.sum(0), rtol=1e-12)
    assert all((run == runs[0]).all() for run in runs)


def test_threads_share_the_work_and_their_errors_come_back(threads):
    threads(2)
    names, both = set(), threading.Barrier(2, timeout=10)

    def note(a):
        names.add(threading.current_thread().name)
        both.wait()  # without the barrier one thread could take all parts
        return a
    x = np.ones((8, 1))
    parallel.map_batch(note, parallel.MIN_ELEMENTS, x, chunk=parallel.MIN_ELEMENTS)
    assert len(names) == 2

    def refuse(a):
        raise ValueError("a part failed")
    with pytest.raises(ValueError, match="a part failed"):
        parallel.map_batch(refuse, parallel.MIN_ELEMENTS, x)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_divides_batches_too(threads):
    threads(2)
    x = np.arange(8.0)[:, None]

    def double():
        twice = parallel.map_batch(lambda a: 2 * a, parallel.MIN_ELEMENTS, x, chunk=parallel.MIN_ELEMENTS)
        np.testing.assert_array_equal(twice, 2 * x)
    double()  # now the pool has a thread
    assert forked(double)
    assert forked(lambda: forked(double) or os._exit(1))
    double()
    threads(1)
    assert forked(double)
