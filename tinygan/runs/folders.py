"""Folders of runs: a fresh one, and the latest one of a recipe."""
from __future__ import annotations

import warnings
from pathlib import Path

from tinygan.runs.config import RunError
from tinygan.runs.files import json_object, read_text

MOST_RUNS = 1000  # that are opened to find the latest one of a recipe


def fresh_folder(root, name: str) -> Path:
    """Makes the folder root/name, or root/name-2, -3, ... : the first that does not exist."""
    k = 1
    while True:
        folder = Path(root) / (name if k == 1 else f"{name}-{k}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if not folder.exists():  # a file stands in the place of root
                raise
        k += 1


def latest_folder(root, recipe: str) -> Path:
    """The newest run of a recipe under root, by what its config records; warns of a config that is damaged."""
    files = sorted(Path(root).glob("*/config.json"), key=_modified, reverse=True)
    for file in files[:MOST_RUNS]:
        try:
            if json_object(read_text(file)).get("recipe") == recipe:
                return file.parent
        except (OSError, ValueError) as error:
            warnings.warn(f"--resume: passed over {file}, which cannot be read: {error}", stacklevel=2)
    raise RunError(f"--resume: there is no run of {recipe!r} " + (
        f"among the newest {MOST_RUNS:,} under {root}" if len(files) > MOST_RUNS else f"under {root}")
        + "; name one with --out")


def _modified(file: Path):
    """Sorts files by time, those of one time by name."""
    try:
        return file.stat().st_mtime, file.parent
    except OSError:  # a broken link
        return 0.0, file.parent
