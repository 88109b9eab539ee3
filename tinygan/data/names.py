"""How data are named: a set by its name, a folder of images or a .npy file by its path.

One rule holds on the command line, in Python and in the config of a run. The name of a set comes first: `digits` is the
set, `./digits` is a folder. A path may begin with ~, the home folder; a relative one begins in the current folder.
photos@64 is the folder photos with images of 64 x 64 pixels, unless there is a folder named photos@64.
"""
from __future__ import annotations

import difflib
import os
import warnings
from pathlib import Path

from .errors import DataError

IMAGES = ("digits", "digits14", "digits16", "mnist", "fashion", "cifar10")
DRAWN = ("ring", "grid", "gaussian", "moons", "sines", "shapes")  # functions of these names draw the examples
NAMES = (*IMAGES, *DRAWN)
SIDE = 32  # pixels of the images of a folder without a size


def parse(given: str | os.PathLike) -> tuple[str | Path, int | None]:
    """The name of a set, or the path of a folder or a file, and the size that the text gives to the images of a folder.

    A name is a str, a path is a Path; nothing need be there. A Path is never the name of a set. DataError if the text
    cannot be a path, or gives a size to a set. A warning if a folder has the name of the set.
    """
    if not isinstance(given, (str, os.PathLike)):
        raise DataError(f"load: expected a name or a folder, found {type(given).__name__}")
    text, is_text = os.fspath(given), isinstance(given, str)
    if not text.strip():
        raise unknown(text)
    front, _, side = text.rpartition("@")
    try:
        path, folder = Path(text).expanduser(), Path(front).expanduser()
        sized = not path.exists() and is_text and front and side.isdecimal()
        if is_text and text in NAMES:
            if path.is_dir() and not (path / "config.json").exists():  # a run is no data
                warnings.warn(f"data {text!r} is the set of this name; for the folder write ./{text}", stacklevel=1)
            return text, None
        if not (sized and (front in NAMES or folder.is_dir())):
            return path, None
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, no home folder, a null byte
        raise DataError(f"load: {text[:80]!r} cannot be a folder ({type(error).__name__})") from error
    if front in NAMES:
        raise DataError(f"load: {text!r}: only a folder takes a size; for a folder write ./{text}")
    return folder, int(side)


def is_named(given: str | os.PathLike) -> bool:
    """Whether data have a name of the library; others are a folder or a file of the user."""
    return given in NAMES


def unknown(text: str) -> DataError:
    """The error of a text that is neither a name nor a path."""
    close = difflib.get_close_matches(text, NAMES, 1, 0.8)
    return DataError(f"load: unknown data {text[:80]!r}, expected one of {', '.join(IMAGES)}, or a folder of images"
                     + (f"; did you mean {close[0]}?" if close else ""))


def locate(given: str | os.PathLike) -> str:
    """The text that a run keeps: the name of a set, or the whole path, with its size; unchanged if nothing is there."""
    found, size = parse(given)
    if isinstance(found, str) or not found.exists():
        return os.fspath(given)
    return str(found.resolve()) + ("" if size is None else f"@{size}")


def is_same(a: str, b: str) -> bool:
    """Whether two texts mean the same set, or the same folder or file in the same size."""
    (x, size), (y, other) = parse(a), parse(b)
    if isinstance(x, str) or isinstance(y, str):
        return x == y
    same = os.path.samefile(x, y) if x.exists() and y.exists() else x.resolve() == y.resolve()
    return same and (size or SIDE) == (other or SIDE)
