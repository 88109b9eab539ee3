"""Finds and reads the files in a student's folder: notebooks, Python files, and those in archives.

A submission is untrusted, so everything has a bound: bytes of a file, of an archive and of all files, entries, depth.
Links, pipes and devices are not read. If the machine fails (too many open files, no memory), the error is a
MachineError: it costs no points.
"""
from __future__ import annotations

import errno
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tinygan.files import FileError, open_regular
from tinygan.grading import GradingError, MachineError

LARGEST, NOTEBOOK, ALL = 5 << 20, 32 << 20, 128 << 20  # bytes of a Python file; of a notebook or archive; of all files
MOST, ENTRIES, DEEPEST, NESTED = 100, 10_000, 20, 2  # files that are read, names, folders in folders, archives in those
BROKEN = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)


def files(folder: Path, failed: list[str]) -> Iterator[tuple[str, bytes]]:
    """The place and the bytes of each notebook and Python file, at most `MOST`; `failed` gets what cannot be read."""
    if folder.is_symlink():
        raise GradingError(f"{folder.name} is a link")
    if not folder.is_dir():
        raise GradingError(f"{folder.name} is no folder")
    budget = Budget()
    for path in _paths(folder, failed):
        place = path.relative_to(folder).as_posix()
        if not kind(place):
            continue
        try:
            budget.open()
            data = budget.spend(content(path, LARGEST if kind(place) == ".py" else NOTEBOOK))
            yield from _unpacked(place, data, budget, failed) if kind(place) == ".zip" else [(place, data)]
        except Spent as error:
            failed.append(str(error))
            return
        except MachineError:
            raise
        except Exception as error:  # a damaged archive raises errors of many classes
            failed.append(f"{place} cannot be read: {type(error).__name__}: {error}")


class Spent(Exception):
    """A submission has more files, or more bytes, than are read."""


class Budget:
    """The bounds on all files of a submission together."""

    def __init__(self):
        self.files, self.bytes = 0, 0

    def open(self):
        """Counts a file, also a damaged one, which takes as long; raises Spent if it is one too many."""
        self.files += 1
        if self.files > MOST:
            raise Spent(f"more than {MOST} files: the others were not read")

    def spend(self, data):
        """Counts the bytes that were read, also of a file that is too large; raises Spent if they are too many."""
        self.bytes += len(data)
        if self.bytes > ALL:
            raise Spent(f"more than {ALL >> 20} MB in all: the others were not read")
        return data


def content(path: Path, limit: int) -> bytes:
    """The bytes of a file of a submission; FileError if it is a link, no regular file, or larger than the limit."""
    try:
        with open_regular(path, limit, follow=False) as file:
            return file.read()
    except FileError as error:
        large = path.is_file() and path.stat().st_size > limit
        raise FileError(f"more than {limit >> 20} MB" if large else f"{path.name} is no file of its own") from error
    except OSError as error:
        raise machines(error) from None


def machines(error: OSError) -> OSError | MachineError:
    """The error, or a MachineError in its place if the machine and not the submission has the fault."""
    return MachineError(f"{error.strerror}") if error.errno in BROKEN else error


def _paths(folder, failed) -> Iterator[Path]:
    """The files of a folder and its subfolders, by name, without recursion: a tree can be deeper than the stack."""
    rooms, seen = [(folder, 0)], 0
    while rooms and seen <= ENTRIES:
        room, depth = rooms.pop()
        names = []
        try:
            with os.scandir(room) as entries:
                for entry in entries:
                    seen += 1
                    if visible(entry.name):
                        names.append((entry.name, entry.is_dir(follow_symlinks=False),
                                      entry.is_file(follow_symlinks=False)))
                    if seen > ENTRIES:
                        failed.append(f"more than {ENTRIES} files: the others were not read")
                        break
        except OSError as error:
            if isinstance(machines(error), MachineError):
                raise machines(error) from None
            failed.append(f"a folder cannot be read: {error.strerror}")
        names.sort()
        inner = [name for name, is_folder, _ in names if is_folder]
        if inner and depth == DEEPEST:
            failed.append(f"more than {DEEPEST} folders in each other: the inner ones were not read")
            inner = []
        rooms += [(room / name, depth + 1) for name in reversed(inner)]
        yield from (room / name for name, _, is_file in names if is_file)


def _unpacked(place, data, budget, failed, depth=1) -> Iterator[tuple[str, bytes]]:
    """The files in an archive, and in archives in it. Of an entry, no more bytes are unpacked than are expected."""
    if data.count(b"PK\1\2") > ENTRIES:  # each entry has this mark
        raise ValueError(f"more than {ENTRIES} files")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/")  # some programs of Windows write so
            inner = f"{place}/{name}"
            if not all(map(visible, PurePosixPath(name).parts)) or not kind(name):
                continue
            try:
                if entry.flag_bits & 1:
                    raise ValueError("it is encrypted")
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others reserve much memory
                    raise ValueError("its kind of compression is unknown")
                limit = LARGEST if kind(name) == ".py" else NOTEBOOK
                budget.open()
                with archive.open(entry) as file:
                    found = budget.spend(file.read(limit + 1))
                if len(found) > limit:
                    raise ValueError(f"more than {limit >> 20} MB")
                if kind(name) != ".zip":
                    yield inner, found
                elif depth < NESTED:
                    yield from _unpacked(inner, found, budget, failed, depth + 1)
                else:
                    raise ValueError("an archive in an archive in an archive")
            except Spent:
                raise
            except Exception as error:
                failed.append(f"{inner} cannot be read: {type(error).__name__}: {error}")


def visible(name) -> bool:
    """Whether a file or folder is a student's, and not a copy that Jupyter, macOS or Python made."""
    return not name.startswith((".", "__"))


def kind(place) -> str:
    """".ipynb", ".py", ".zip" or ""; browsers add .txt or .json to a notebook that they save."""
    suffix = PurePosixPath(place.lower().removesuffix(".txt").removesuffix(".json")).suffix
    return suffix if suffix in (".ipynb", ".py", ".zip") else ""
