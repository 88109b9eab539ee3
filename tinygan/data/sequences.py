"""The user's own sequences, from a .npy file."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .errors import DataError


def load_sequences(path: str | os.PathLike) -> np.ndarray:
    """The array of a .npy file: sequences (n, time, features) of numbers, two steps or more, as float32.

    Networks learn best if the features lie between about -1 and 1. DataError if the file cannot be read or holds
    something else.
    """
    try:
        with np.errstate(over="ignore"):
            file = Path(path).expanduser()
            x = np.load(file, mmap_mode="r", allow_pickle=False)  # a map: no memory for what a header only claims
    except Exception as error:  # damaged bytes raise anything
        reason = getattr(error, "strerror", None) or "it is damaged, or no array of numbers"
        raise DataError(f"file {os.fspath(path)!r} cannot be read: {reason}") from error
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fiu" or x.ndim != 3 or not x.size:
        found = f"{x.dtype} of shape {x.shape}" if isinstance(x, np.ndarray) else "several arrays"
        raise DataError(f"file {os.fspath(path)!r}: expected numbers (n, time, features), found {found}")
    if x.shape[1] < 2:
        raise DataError(f"file {os.fspath(path)!r}: its sequences are too short: 1 step, expected at least 2")
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise DataError(f"file {os.fspath(path)!r} holds NaN or infinity")
    return x
