"""The base class of the errors that tinygan raises for mistakes of the user."""


class TinyganError(Exception):
    """A mistake of the user, or in a file that the user named: one line with the value given and what was expected.

    The command line prints this line and ends with exit status 2. Error classes of the library inherit from it.
    """
