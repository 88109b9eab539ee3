"""The user's own sequences, from a .npy file."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tinygan.files import FileError, open_regular, read_array

from .errors import DataError

LARGEST = 2**33  # bytes: all examples are in memory


def load_sequences(path: str | os.PathLike) -> np.ndarray:
    """The array of a .npy file: sequences (n, time, features) of numbers, two steps or more, as float32.

    Networks learn best if the features lie between about -1 and 1. DataError if the file cannot be read or holds
    something else.
    """
    try:
        with open_regular(Path(path).expanduser(), LARGEST) as file:
            x = read_array(file, os.fstat(file.fileno()).st_size)
    except FileError as error:
        raise DataError(error) from error
    except Exception as error:  # damaged bytes raise anything
        reason = getattr(error, "strerror", None) or f"it is damaged, or no array of numbers: {error!s:.200}"
        raise DataError(f"file {os.fspath(path)!r} cannot be read: {reason}") from error
    if x.ndim != 3 or not x.size:
        raise DataError(f"file {os.fspath(path)!r}: expected numbers (n, time, features), found {x.dtype} of shape "
                        f"{x.shape}")
    if x.shape[1] < 2:
        raise DataError(f"file {os.fspath(path)!r}: its sequences are too short: 1 step, expected at least 2")
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise DataError(f"file {os.fspath(path)!r} holds NaN or infinity")
    return x
