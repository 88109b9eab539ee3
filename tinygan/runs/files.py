"""Writes files completely or not at all, and reads JSON from files that may be damaged."""
from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

LONGEST_JSON = 1_000_000  # characters: a config has hundreds, and the names of its classes


def write(path, content, keep: Path | None = None) -> None:
    """Writes a file completely or not at all: a temporary file is synced, then renamed. keep: path for the old file."""
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            keep.unlink(missing_ok=True)
            try:
                os.link(path, keep)  # a rename would leave a moment without a file at `path`
            except OSError:  # a file system without links
                os.replace(path, keep)
        os.replace(unfinished, path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Syncs a folder, so that new names survive a power cut (Windows has no way to do that)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def json_object(text: str) -> dict[str, Any]:
    """Parses a JSON object from an untrusted text; ValueError for anything else."""
    if len(text) > LONGEST_JSON:
        raise ValueError(f"it is longer than {LONGEST_JSON} characters")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found a {type(value).__name__}")
    return value
