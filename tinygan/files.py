"""Opens untrusted files: only regular ones, and no more bytes of them than the reader expects.

A pipe would wait for ever, a device such as /dev/zero has no end, and the size of some files in /proc is untrue.
"""
from __future__ import annotations

import io
import math
import os
import stat
from typing import IO, BinaryIO, cast

import numpy as np

from tinygan.errors import TinyganError

# Windows has only the first; Python opens no inheritable file, so O_CLOEXEC needs no mention.
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_LONGEST_HEADER = 1000  # bytes of an .npy header, a literal of Python that takes far more memory to parse
_KINDS = (stat.S_ISFIFO, "a pipe (FIFO)"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"), \
    (stat.S_ISLNK, "a link")


class FileError(TinyganError, OSError):
    """A path that is not a regular file, or a file with more bytes than any of its kind."""


def open_regular(path: str | os.PathLike, limit: int, follow: bool = True) -> BinaryIO:
    """Opens an existing regular file to read its bytes; FileError for a pipe, a device, or more than `limit` bytes.

    follow: whether the path may be a link to such a file. A file that grows beyond the limit while it is read raises
    FileError too. Other errors of the system, as for a file that does not exist, are OSErrors.
    """
    name = os.fspath(path)
    try:
        _check(name, os.stat(path, follow_symlinks=follow), limit)  # before it is opened: that can start a device
        descriptor = os.open(path, _FLAGS | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except ValueError as error:
        raise FileError(f"{name!r:.99} cannot be a file ({error})") from error
    try:
        _check(name, os.fstat(descriptor), limit)  # another file may have taken the name
        return cast(BinaryIO, io.BufferedReader(_Bounded(descriptor, name, limit)))
    except BaseException:
        os.close(descriptor)
        raise


def array_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype, bool]:
    """Shape, dtype and Fortran order in the header of an .npy file of `size` bytes, all of which the array needs.

    ValueError for any other file, and for an array that does not hold numbers.
    """
    version = np.lib.format.read_magic(file)
    width = {(1, 0): 2, (2, 0): 4}.get(version, 0)
    start = file.read(width)
    length = int.from_bytes(start, "little")
    if not 0 < length <= _LONGEST_HEADER:
        raise ValueError(f"its .npy header has version {version[0]} and {length} bytes")
    read = np.lib.format.read_array_header_1_0 if width == 2 else np.lib.format.read_array_header_2_0
    try:
        shape, fortran, dtype = read(io.BytesIO(start + file.read(length)))
    except Exception as error:  # of the parser, for a literal that is none
        raise ValueError(f"its .npy header is damaged: {error!s:.99}") from error
    rest = size - 8 - width - length  # 8: the magic string and the version
    if dtype.kind not in "fiu" or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise ValueError(f"it holds {dtype} of shape {shape}"[:99] + ", expected numbers")
    if math.prod(shape) * dtype.itemsize != rest:
        raise ValueError(f"it holds {rest} bytes for {dtype} of shape {shape}"[:99])
    return shape, dtype, fortran


def read_array(file: IO[bytes], size: int) -> np.ndarray:
    """The array in an .npy file of `size` bytes; ValueError, as `array_header`, before memory is taken for it."""
    shape, dtype, fortran = array_header(file, size)
    content = bytearray(math.prod(shape) * dtype.itemsize)
    if file.readinto(content) != len(content):  # type: ignore[attr-defined]
        raise ValueError("it ends too early")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


class _Bounded(io.FileIO):
    """A raw file that raises FileError beyond `limit` bytes, or where a read would wait."""

    def __init__(self, descriptor, path, limit):
        super().__init__(descriptor)
        self._path, self._limit = path, limit

    def readinto(self, buffer):
        count = super().readinto(buffer)
        if count is None:
            raise FileError(f"{self._path} has no bytes to read now, expected a file")
        if self.tell() > self._limit:
            raise FileError(_too_large(self._path, "more", self._limit))
        return count

    read, readall = io.RawIOBase.read, io.RawIOBase.readall  # type: ignore[assignment]  # they call readinto


def _check(path, status, limit):
    """FileError if a status is not that of a regular file with at most `limit` bytes."""
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "a device")
        raise FileError(f"{path} is {kind}, expected a file")
    if status.st_size > limit:
        raise FileError(_too_large(path, f"{status.st_size:,} bytes", limit))


def _too_large(path, found, limit):
    return f"{path} has {found}, expected at most {limit:,} bytes: is it the right file? If so, make it smaller"
