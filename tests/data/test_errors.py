"""The one error of data."""
from tinygan.data import DataError


def test_the_error_is_a_value_error():
    assert issubclass(DataError, ValueError)
