"""Writes files completely or not at all, and reads JSON from files that may be damaged.

On Windows a file cannot be replaced while another program (a spreadsheet, a virus scanner) holds it open.
"""
from __future__ import annotations

import io
import json
import math
import os
import time
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinygan.files import open_regular

LONGEST_JSON = 1_000_000  # characters: a config has hundreds, and the names of its classes
LONGEST_NUMBER = 100  # characters: the state of a random generator has numbers of 39 digits
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds between the tries to replace a file that is held open


def write(path, content, keep: Path | None = None) -> None:
    """Writes a file completely or not at all: a temporary file is synced, then renamed. keep: path for the old file.

    If another program holds the file open, the content gets the name `aside(path)`, with a warning, until a later
    write replaces the file. An OSError names the file.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)  # in a folder of others it may be a link to any file
        with open(unfinished, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            _keep(path, keep)
        if _replaced(unfinished, path):
            with suppress(PermissionError):  # held open too; it is the older one now
                aside(path).unlink(missing_ok=True)
        else:
            os.replace(unfinished, aside(path))
            warnings.warn(f"{path} cannot be replaced while another program holds it open; its new content is in "
                          f"{aside(path).name}", stacklevel=2)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        error.filename = os.fspath(path)  # a full disk names no file
        raise
    _sync_folder(path.parent)


def render(path, save, *content) -> None:
    """Writes a file by `write` with what save(file, *content) puts into it."""
    file = io.BytesIO()
    save(file, *content)
    write(path, file.getbuffer())


def reason(error: OSError) -> str:
    """The reason of an error of the system, with the name of the file."""
    where = f" ({os.path.basename(error.filename)})" if isinstance(error.filename, str) and error.filename else ""
    return f"{error.strerror or error}{where}"


def aside(path) -> Path:
    """The name of new content whose file is held open: history.csv becomes history.new.csv."""
    path = Path(path)
    return path.with_name(f"{path.stem}.new{path.suffix}")


def newest(path) -> Path:
    """The file to read: `path`, or `aside(path)` if that is newer."""
    path = Path(path)
    return max((place for place in (path, aside(path)) if place.exists()), key=os.path.getmtime, default=path)


def read_text(path, limit: int = LONGEST_JSON) -> str:
    """The text in the newest content of an untrusted file of at most `limit` bytes; OSError or ValueError."""
    with open_regular(newest(path), limit) as file:
        return file.read().decode("utf-8-sig")  # an editor may have put a byte order mark before it


def _keep(path, name):
    """Gives the old file a second name, unless another program holds a file of that name open."""
    with suppress(PermissionError):
        name.unlink(missing_ok=True)
        try:
            os.link(path, name)  # a rename would leave a moment without a file at `path`
        except OSError:  # a file system without links
            os.replace(path, name)


def _replaced(new, path) -> bool:
    """Replaces the file, after some tries; False if another program holds it open."""
    for pause in (*PAUSES, None):
        try:
            os.replace(new, path)
            return True
        except PermissionError:
            if pause is not None:
                time.sleep(pause)
    return False


def _sync_folder(folder):
    """Syncs a folder, so that new names survive a power cut (Windows has no way to do that)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def json_object(text: str) -> dict[str, Any]:
    """Parses a JSON object from an untrusted text; ValueError for anything else, such as NaN or a key twice."""
    if len(text) > LONGEST_JSON:
        raise ValueError(f"it is longer than {LONGEST_JSON} characters")
    try:
        value = json.loads(text, object_pairs_hook=_unlike, parse_int=_whole, parse_float=_finite,
                           parse_constant=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found a {type(value).__name__}")
    return value


def _unlike(pairs):
    value = dict(pairs)
    if len(value) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"it has the key {key!r:.99} twice")
    return value


def _whole(text):
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def _finite(text):
    if not math.isfinite(value := float(text)):
        raise ValueError(f"it holds the number {text:.20}, expected finite ones")
    return value
