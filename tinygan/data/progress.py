"""Progress bars, in one place: on terminals of any size, and in processes without a terminal."""
from __future__ import annotations

import os
import sys
from typing import Any

COLUMNS, ROWS = 80, 24  # of a terminal that gives 0, as some consoles do: tqdm would show nothing


def mute() -> bool | None:
    """tqdm's `disable` for a bar on a terminal: None, or True in a process without a stream for it (pythonw)."""
    return sys.stderr is None or getattr(sys.stderr, "closed", False) or None


def bar(iterable=None, **options) -> Any:
    """A progress bar of tqdm over an iterable, or with `total`, on standard error."""
    from tqdm.auto import tqdm
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # no terminal: tqdm writes a bar without a width
        columns, rows = COLUMNS, ROWS
    size = {"dynamic_ncols": True} if columns and rows else {"ncols": columns or COLUMNS, "nrows": rows or ROWS}
    return tqdm(iterable, **{"disable": mute(), **size, **options})
