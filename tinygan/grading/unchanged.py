"""Proves that grading a submission changed no file of the library and of the course."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import tinygan
from tinygan.grading import GradingError


class ChangedError(GradingError):
    """A file of the library or of the course changed while a submission was graded."""


class Watch:
    """The files of the library, the course's `source/` and its settings, as they are now."""

    def __init__(self, course: Path):
        self.places = [Path(tinygan.__file__).parent, course / "source", course / "nbgrader_config.py"]
        self.before = self._digests()

    def check(self, student: str) -> None:
        """ChangedError that names the first file that is not as before."""
        after = self._digests()
        for file in sorted(self.before.keys() | after.keys()):
            if self.before.get(file) != after.get(file):
                change = "is new" if file not in self.before else "is gone" if file not in after else "was changed"
                raise ChangedError(f"{file} {change} while the submission of {student} was graded: restore it, look at "
                                   "that submission, and grade again; the submissions after it were not graded")

    def _digests(self):
        return {str(file): _digest(file) for place in self.places for file in _files(place)}


def _files(place):
    if not place.is_dir():
        return [place] if place.exists() else []
    return [Path(room, file) for room, _, files in os.walk(place) for file in files
            if not file.endswith(".pyc") and os.path.basename(room) != "__pycache__"]


def _digest(file):
    """The size and the SHA-256 of the content; a link also counts by its target."""
    target = os.readlink(file) if file.is_symlink() else ""
    try:
        data = file.read_bytes()
    except FileNotFoundError:  # a link to nothing
        data = b""
    return target, len(data), hashlib.sha256(data).hexdigest()
