"""The NumPy forms: the arrays that they accept, blocks of vectors, few new arrays."""
import tracemalloc

import foreign
import numpy as np
import pytest

from tinygan.backend import host


@pytest.mark.parametrize(("x", "expected"), [
    (np.ones(3), True), (np.ones((2, 0), np.float16), True), (np.ones(()), False), (np.ones(3, int), False),
    (1.0, False), (np.float64(1), False), (np.ma.ones(3), False), (foreign.asarray(np.ones(3)), False)], ids=repr)
def test_the_arrays_that_the_forms_are_made_for(x, expected):
    assert host.floats(x) is expected


@pytest.mark.parametrize("size", [0, 1, host.BLOCK - 1, host.BLOCK, host.BLOCK + 1, 3 * host.BLOCK])
def test_a_step_of_adam_in_blocks_covers_the_vectors(size):
    g, m, v = np.arange(1.0, size + 1), np.zeros(size), np.zeros(size)
    np.testing.assert_allclose(host._adam_step(g, m, v, 0.1, 0.001, 0.9, 0.999, 0.0), np.ones(size), rtol=1e-12)
    np.testing.assert_allclose(m, 0.1 * g, rtol=1e-12)
    np.testing.assert_allclose(v, 0.001 * g * g, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (5000, 3), (7, 600, 2), (0, 3)])
def test_sums_of_columns(shape):
    x = np.random.default_rng(0).normal(1, 1, shape)
    np.testing.assert_allclose(host.column_sums(x), x.sum(axis=tuple(range(x.ndim - 1))), rtol=1e-12)


def test_a_step_of_adam_makes_one_array():
    g = np.random.default_rng(0).normal(size=1_000_000)
    m, v = np.zeros_like(g), np.zeros_like(g)
    tracemalloc.start()
    host._adam_step(g, m, v, 0.1, 0.001, 0.9, 0.999, 1e-8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * g.nbytes


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (0, 2), (0, 1, 2)])
def test_sums_over_any_axes_of_a_large_array(axes):
    x = np.random.default_rng(0).normal(1, 1, (70, 60, 2))
    np.testing.assert_allclose(host._total(x, axes, False), x.sum(axes), rtol=1e-12)
