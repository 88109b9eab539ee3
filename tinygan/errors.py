"""The base class of the errors that tinygan raises for mistakes of the user, and the hint that ends some of them."""
from __future__ import annotations

from collections.abc import Iterable


class TinyganError(Exception):
    """A mistake of the user, or in a file that the user named: one line with the value given and what was expected.

    The command line prints this line and ends with exit status 2. Error classes of the library inherit from it.
    """


def did_you_mean(text: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint with the known name that is most like a text, to end a message; `otherwise` where none is like it.

    >>> did_you_mean("digts", ["digits", "ring"]), did_you_mean("x", ["ring"], "; there is ring")
    ('; did you mean digits?', '; there is ring')
    """
    import difflib
    small = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(text.casefold(), small, 1)
    return f"; did you mean {small[close[0]]}?" if close else otherwise
