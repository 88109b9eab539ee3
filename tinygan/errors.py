"""The base class of the errors that tinygan raises for a mistake of its user."""


class TinyganError(Exception):
    """A mistake of the user, or in what the user named: one line with what came and what was expected.

    Every error class of the library that the command line answers with one line and exit status 2 inherits from it.
    """
