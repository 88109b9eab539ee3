"""The one error of tinygan.data."""


class DataError(ValueError):
    """Data that is unknown, missing or damaged: one line with what was asked for, what was found, what was expected."""
