"""T42: games in the form of a table, for example matching pennies."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygan.toys import matrix


def test_t42_matching_pennies():
    assert (matrix.max_min(matrix.PENNIES), matrix.min_max(matrix.PENNIES)) == (-1, 1)
    value, p, q = matrix.mixed(matrix.PENNIES)
    assert value == 0
    np.testing.assert_array_equal([p, q], [[0.5, 0.5], [0.5, 0.5]])


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-9, 9)))
def test_t42_max_min_is_never_above_min_max(payoff):
    assert matrix.max_min(payoff) <= matrix.min_max(payoff)
    assert matrix.max_min(payoff) == -matrix.min_max(-payoff.T)  # the same game seen by the other


@given(hnp.arrays(np.float64, (2, 2), elements=st.integers(-9, 9).map(float)))
def test_t42_drawn_moves_close_the_gap(payoff):
    value, p, q = matrix.mixed(payoff)
    assert matrix.max_min(payoff) - 1e-9 <= value <= matrix.min_max(payoff) + 1e-9
    assert min(*p, *q) >= 0
    assert p.sum() == q.sum() == pytest.approx(1)
    assert (p @ payoff).min() == pytest.approx(value) == (payoff @ q).max()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: matrix.max_min([1, 2]), "max_min: payoff (2,), expected rows and columns"),
    (lambda: matrix.min_max(np.zeros((0, 2))), "min_max: payoff (0, 2), expected rows and columns"),
    (lambda: matrix.mixed(np.zeros((2, 3))), "mixed: payoff (2, 3), expected (2, 2)"),
])
def test_bad_tables_are_refused(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
