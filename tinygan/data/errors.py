"""The one error of tinygan.data."""
from tinygan.errors import TinyganError


class DataError(TinyganError, ValueError):
    """Data that is unknown, missing or damaged: one line with what was asked for, what was found, what was expected."""
