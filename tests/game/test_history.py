"""The history of a game: columns of numbers that take little memory."""
import copy
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan.game.history import COLUMNS, Column, empty


@given(st.lists(st.floats(allow_nan=False) | st.integers(-9, 9), max_size=80))
def test_a_column_is_a_list_of_numbers(numbers):
    column = Column()
    for number in numbers:
        column.append(number)
    assert column == numbers
    assert (list(column), len(column), column[-3:]) == (numbers, len(numbers), numbers[-3:])
    assert repr(column) == repr([float(number) for number in numbers])
    assert all(type(number) is float for number in column)
    np.testing.assert_array_equal(np.array(column), np.array(numbers, float))
    assert copy.deepcopy(column) == column == Column(numbers) != [*numbers, 0]


def test_who_draws_a_column_does_not_hold_it():
    column = Column([1, 2], np.int64)
    drawn = np.asarray(column)
    for number in range(100):
        column.append(number)
    column[0:1][0] = drawn[0] = 5
    assert (column[0], len(column), drawn.tolist()) == (1, 102, [5, 2])
    with pytest.raises(IndexError):
        column[102]


def test_a_row_of_the_history_takes_eight_bytes_a_column():
    history = empty()
    tracemalloc.start()
    for step in range(20_000):
        for name in COLUMNS:
            history[name].append(step + 0.5 * (name != "step"))
    held = tracemalloc.get_traced_memory()[0] / 20_000
    tracemalloc.stop()
    assert 8 * len(COLUMNS) < held < 9.2 * len(COLUMNS)
