"""Progress bars, in one place: on terminals of any width, and in processes without a terminal."""
from __future__ import annotations

import os
import sys
from typing import Any

WIDTH = 80  # columns of a terminal that gives none


def mute() -> bool | None:
    """tqdm's `disable` for a bar on a terminal: None, or True in a process without a stream for it (pythonw)."""
    return sys.stderr is None or getattr(sys.stderr, "closed", False) or None


def width() -> int | None:
    """The number of columns for a bar where the terminal gives 0, as in some consoles; None: tqdm measures it."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):  # no terminal: tqdm writes a bar without a width
        return None
    return None if columns else WIDTH


def bar(iterable=None, **options) -> Any:
    """A progress bar of tqdm over an iterable, or with `total`, that the terminal's width does not remove."""
    from tqdm.auto import tqdm
    columns = width()
    return tqdm(iterable, **{"disable": mute(), "dynamic_ncols": columns is None, "ncols": columns, **options})
