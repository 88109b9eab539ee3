"""The plumbing of check_gradients: a Module as a function, the sizes of elements, the limit of differences."""
import numpy as np
import pytest

import tinygan as tg
from tinygan.differences import as_function, by_size, limit, moved_by


def test_a_module_is_a_function_of_its_inputs_and_parameters():
    layer = tg.nn.Dense(3, 2, rng=0)
    f, points, names = as_function(layer, [np.ones((4, 3))])
    assert names == ["input 0", "parameter weight", "parameter bias"]
    assert [p.shape for p in points] == [(4, 3), (3, 2), (2,)]
    zero = [tg.Tensor(np.zeros(p.shape)) for p in points[:2]]
    np.testing.assert_array_equal(f(*zero, tg.Tensor([1.0, 2.0])).data, [[1, 2]] * 4)
    assert layer.weight.dtype == np.float32


def test_each_call_starts_from_the_same_state():
    f, points, _ = as_function(tg.nn.Sequential(tg.nn.BatchNorm(3), tg.nn.Dropout(0.5, rng=0)), [np.eye(3)])
    xs = [tg.Tensor(np.array(p if isinstance(p, np.ndarray) else p.data)) for p in points]
    np.testing.assert_array_equal(f(*xs).data, f(*xs).data)


def test_labels_are_constants():
    labels = np.array([1, 0])
    f, _, names = as_function(tg.nn.Embedding(2, 3, rng=0), [labels])
    assert names == ["parameter weight"]
    assert f(tg.Tensor(np.arange(6.0).reshape(2, 3))).data.tolist() == [[3, 4, 5], [0, 1, 2]]


def test_elements_of_one_size():
    with np.errstate(divide="ignore"):
        found = [(mask.tolist(), size) for mask, size in by_size(np.array([0.0, 1.0, 500.0, 1e-5]))]
    assert found == [([True, False, False, False], 1.0), ([False, True, True, False], 1.0),
                     ([False, False, False, True], 1e-5)]


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_the_limit_of_differences(slope):
    best, doubt, _ = limit(lambda h: slope + h**2 - 3 * h**4, 1.0, lambda h: 1e-16 / h)
    assert abs(best - slope) <= max(doubt, 1e-12) < 1e-9


@pytest.mark.parametrize(("f", "moves"), [
    (lambda x: x * 0 + 1, False), (lambda x: x, True), (lambda x: (x - 1) ** 2, True),
    (lambda x: np.maximum(x, 2), False)])
def test_whether_outputs_move(f, moves):
    x = np.ones(3)
    assert moved_by(f, x, np.zeros(3), np.ones(3), 1.0) == moves
