"""The requirements of every metric on its arrays."""
import foreign
import numpy as np
import pytest

import tinygan as tg
from tinygan import metrics
from tinygan.metrics.checks import host, pair


def drawn(seed, n, m, f):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, f)), rng.normal(.5, 1.5, size=(m, f))


def test_lists_tensors_and_device_arrays_are_taken():
    a, b = drawn(0, 20, 20, 2)
    want = {name: f(a, b) for name, f in metrics.IPM.items()}
    for kind in (np.ndarray.tolist, tg.Tensor, foreign.asarray):
        assert {name: f(kind(a), kind(b)) for name, f in metrics.IPM.items()} == want
        assert metrics.one_nn_accuracy(kind(a), kind(b)) == metrics.one_nn_accuracy(a, b)


def test_a_pair_is_on_the_host_in_float64():
    a, b = pair("metric", foreign.asarray(np.ones((3, 2), np.float32)), [[1, 2]])
    assert type(a) is type(b) is np.ndarray
    assert a.dtype == b.dtype == np.float64
    assert (a.shape, b.tolist()) == ((3, 2), [[1, 2]])


@pytest.mark.parametrize(("call", "message"), [
    (lambda: host("metric", "x", ["a"], "(n)"), "metric: x has dtype <U1, expected numbers"),
    (lambda: host("metric", "x", [True], "(n)"), "metric: x has dtype bool, expected numbers"),
    (lambda: host("metric", "x", [1, 2], "(n, f)"), "metric: x has shape (2,), expected (n, f)"),
    (lambda: host("metric", "x", np.ones((0, 2)), "(n, f)"), "metric: x is empty, its shape is (0, 2)"),
    (lambda: host("metric", "x", [[1, np.nan], [np.inf, np.nan], [0, 0]], "(n, f)"),
     "metric: x holds NaN or infinity in 2 of 3 rows"),
    (lambda: pair("metric", [[1, 2]], [[1]]), "metric: a (1, 2) and b (1, 1) differ in features"),
    (lambda: pair("metric", [[1]], [[1], [2]], rows=2, names=("real", "fake")),
     "metric: real has 1 row, expected at least 2"),
])
def test_what_is_no_set_of_numbers_is_refused(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
