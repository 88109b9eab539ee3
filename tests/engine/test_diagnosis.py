"""The patterns by which an error is named, whatever its size; test_check.py has the messages as a whole."""
import numpy as np
import pytest

import tinygan as tg
from tinygan.diagnosis import common_factor, counts, differ, pair

SIZES = [1e-12, 1e-3, 1, 1e9]
RIGHT = np.array([1.0, -2.0, 0.0, 3.0])


@pytest.mark.parametrize("size", SIZES)
def test_elements_that_differ(size):
    assert differ(size * RIGHT, size * RIGHT).tolist() == [False] * 4
    assert differ(size * RIGHT * [1, 1.001, 1, 1], size * RIGHT).tolist() == [False, True, False, False]
    assert differ(size * np.add(RIGHT, [0, 0, 1e-3, 0]), size * RIGHT).tolist() == [False, False, True, False]
    assert differ(size * RIGHT * np.array([1, np.nan, 1, 1]), size * RIGHT).tolist() == [False, True, False, False]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("change", "factor"), [
    ([2, 2, 2, 2], 2), ([-1, -1, 5, -1], -1), ([0, 0, 0, 0], 0), ([2, 2, 2, 1], None), ([1, np.nan, 1, 1], None)])
def test_a_common_factor(size, change, factor):
    assert common_factor(size * RIGHT * change, size * RIGHT) == (factor and pytest.approx(factor))


def test_there_is_no_factor_of_zero():
    assert common_factor(np.ones(3), np.zeros(3)) is None
    assert common_factor(np.add(RIGHT, [0, 0, 1, 0]), RIGHT) is None


def test_the_numbers_of_elements_that_are_averaged():
    assert counts((2, 3, 5)) == {2, 3, 5, 6, 10, 15, 30}
    assert counts(()) == set()


@pytest.mark.parametrize(("found", "expected", "texts"), [
    (1.5, 2, ("1.5", "2")), (1 + 1e-7, 1, ("1.0000001", "1")), (1 + 1e-8, 1, ("1.00000001", "1")),
    (1 + 2**-52, 1, ("1.0000000000000002", "1")), (1, 1, ("1", "1")), (np.nan, np.inf, ("nan", "inf")),
    (np.float32(0.1), 0.1, ("0.100000001", "0.1")), (123456789.5, 123456789.25, ("123456790", "123456789"))])
def test_two_numbers_that_differ_are_printed_so(found, expected, texts):
    assert pair(found, expected) == texts


def test_a_near_miss_shows_its_digits():
    with pytest.raises(tg.GradientError, match=r"analytic \S+, numeric \S+, ratio 1\.000003; "
                       r"ratio 1\.000003 everywhere"):
        tg.check_gradients(lambda x: tg.record(tg.unwrap(x) ** 2, (x, lambda g, y, x: 2.000006 * g * x)), [1.0, 2.0])


# --- the fault is not in the formula ---

@pytest.mark.parametrize("f", [tg.relu, tg.leaky_relu, lambda x: tg.relu(x) + tg.sin(x)])
@pytest.mark.parametrize("x", [np.zeros(3), [1.0, 0.0, -2.0]])
def test_a_kink(f, x):
    with pytest.raises(tg.GradientError, match=r"^first derivative, input 0, element \(\d,\): .*; this point is a kink"
                       r", with slopes .*; move the input off it, as in check_gradients\(f, x \+ 0.1\)$"):
        tg.check_gradients(f, x)
    tg.check_gradients(f, np.add(x, .1))


def test_a_wrong_slope_at_a_kink_is_a_mistake():
    with pytest.raises(tg.GradientError, match="ratio 6 everywhere"):
        tg.check_gradients(lambda x: tg.record(np.maximum(tg.unwrap(x), 0), (x, lambda g, y, x: 3 * g)), [0.0])


@pytest.mark.parametrize(("f", "x", "start"), [
    (lambda x: tg.Tensor(np.floor(x.data)) + x, [1.0], "first derivative"),
    (lambda x: x + tg.Tensor(1e-3 * np.sin(1e9 * x.data)), [1.3], "first derivative"),
    (lambda x: tg.record(np.exp(tg.unwrap(x)), (x, lambda g, y, x: 3 * g * y)), [709.78], "first derivative"),
    (tg.abs, [0.0], "second derivative")])  # the first one is 0 by symmetry
def test_differences_that_cannot_judge(f, x, start):
    with pytest.raises(tg.GradientError, match=f"^{start}, input 0, finite differences do not settle .* try another "
                       "point$"):
        tg.check_gradients(f, x)
