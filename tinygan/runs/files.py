"""Files of a run: written complete or not at all, and read as files that may have been damaged."""
from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

LONGEST_JSON = 100_000  # characters: a config has hundreds


def write(path, content, keep: Path | None = None) -> None:
    """Writes a file complete or not at all: a temporary one, synced, then renamed. keep: the old one's new name."""
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
                os.link(path, keep)  # so that at every moment there is a file at `path`
            except OSError:  # a file system without links
                os.replace(path, keep)
        os.replace(unfinished, path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Makes new names in a folder last through a power cut, where the system has a way to (Windows has none)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in the text of an untrusted file; ValueError for anything else."""
    if len(text) > LONGEST_JSON:
        raise ValueError(f"it is longer than {LONGEST_JSON} characters")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found a {type(value).__name__}")
    return value
