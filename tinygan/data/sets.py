"""Sets of images by name or by folder."""
from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinygan.files import open_regular

from . import files
from .errors import DataError
from .folder import folder_classes, load_folder, resize
from .names import SIDE, parse, unknown

EMBEDDED = Path(__file__).with_name("digits.npz")


class Images(NamedTuple):
    """Images x (n, height, width, channels), float32 in [-1, 1], and labels (n,), int64, or None."""
    x: np.ndarray
    labels: np.ndarray | None


class Row(NamedTuple):
    """One line of `describe`: shape of an example, number of examples, and whether the data are on this machine."""
    name: str
    shape: tuple[int, ...]
    size: str
    here: bool
    licence: str
    source: str


def load_digits(name: str, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28, 1) and labels (n,), uint8, of the digits that come with the package."""
    from zipfile import BadZipFile
    part = "test" if held_out else "train"
    try:
        with open_regular(EMBEDDED, files.LARGEST) as file, np.load(file, allow_pickle=False) as arrays:
            return arrays[f"{part}_images"][..., None], arrays[f"{part}_labels"]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile, zlib.error) as error:
        raise DataError(f"{name}: {EMBEDDED} is damaged ({type(error).__name__}), install tinygan again") from error


def load_digits14(name: str, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """The digits at half the size, (n, 14, 14, 1): each pixel is the mean of four."""
    x, labels = load_digits(name, held_out)
    return np.rint(x.reshape(-1, 14, 2, 14, 2, 1).mean(axis=(2, 4))).astype(np.uint8), labels


def load_digits16(name: str, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """The digits of 14 x 14 pixels with a black border of one pixel, (n, 16, 16, 1): the side is a power of two."""
    x, labels = load_digits14(name, held_out)
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), labels


LOADERS: dict[str, Callable[[str, bool], tuple[np.ndarray, np.ndarray]]] = {
    "digits": load_digits, "digits14": load_digits14, "digits16": load_digits16, "mnist": files.load_idx,
    "fashion": files.load_idx, "cifar10": files.load_cifar}


def load(name_or_folder: str | os.PathLike, held_out: bool = False, size: int | None = None) -> Images:
    """Load a set of images: `Images(x, labels)`, x (n, height, width, channels) float32 in [-1, 1], labels (n,) int64.

    name_or_folder: "digits", "digits14" or "digits16" (in the package), "mnist", "fashion" or "cifar10" (found here or
    fetched, see `files.obtain`), or a folder of images (see `folder.load_folder`; its labels are None where it has no
    subfolders); photos@64 is the folder photos with size 64. A name comes first: the folder digits is "./digits".
    held_out: the test images instead of the training images; a folder has no test images.
    size: height and width to resize to (default: a named set keeps its size, images of a folder become 32 x 32).
    DataError if the name is unknown, or the data are missing or damaged.

    >>> x, labels = load("digits", held_out=True)
    >>> x.shape, x.dtype, x.min(), x.max(), labels[:5]
    ((2000, 28, 28, 1), dtype('float32'), np.float32(-1.0), np.float32(1.0), array([7, 2, 1, 0, 4]))
    """
    found, own_size = parse(name_or_folder)
    if own_size is not None and size not in (None, own_size):
        raise DataError(f"load: {str(name_or_folder)!r} has a size of its own, and size is {size!r}")
    size = size if own_size is None else own_size
    if size is not None and not (isinstance(size, (int, np.integer)) and 1 <= size <= 1024):
        raise DataError(f"load: size is {size!r}, expected a whole number from 1 to 1024")
    labels: np.ndarray | None
    if isinstance(found, str) and found in LOADERS:
        x, labels = LOADERS[found](found, held_out)
        x = x if size is None else resize(x, size)
    else:
        folder = _folder(name_or_folder, found)
        if held_out:
            raise DataError(f"folder {str(folder)!r}: a folder has no held-out part: load a second folder for it")
        x, labels = load_folder(folder, size or SIDE)
    scaled = x.astype(np.float32, order="C")
    scaled /= 127.5
    scaled -= 1
    return Images(scaled, None if labels is None else labels.astype(np.int64))


def class_names(name_or_folder: str | os.PathLike) -> list[str]:
    """The names of the classes of a folder of images, in the order of their labels; empty where there are none.

    DataError if there is no such folder.
    """
    found, _ = parse(name_or_folder)
    return [] if found in LOADERS else folder_classes(_folder(name_or_folder, found))


def describe() -> list[Row]:
    """Describes all named sets of images, a row each, without reading or fetching them.

    >>> row = describe()[0]
    >>> print(row.name, row.shape, row.size, row.here)
    digits (28, 28, 1) 10,000 + 2,000 held out True
    """
    mnist = "Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits"
    return [
        *(Row(name, shape, "10,000 + 2,000 held out", EMBEDDED.is_file(), "CC BY-SA 3.0", mnist)
          for name, shape in (("digits", (28, 28, 1)), ("digits14", (14, 14, 1)), ("digits16", (16, 16, 1)))),
        Row("mnist", (28, 28, 1), "60,000 + 10,000 held out", files.on_this_machine("mnist"), "CC BY-SA 3.0", mnist),
        Row("fashion", (28, 28, 1), "60,000 + 10,000 held out", files.on_this_machine("fashion"), "MIT",
            "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, 2017"),
        Row("cifar10", (32, 32, 3), "50,000 + 10,000 held out", files.on_this_machine("cifar10"), "none stated",
            "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009"),
    ]


def _folder(given: str | os.PathLike, found: str | Path) -> Path:
    """The existing folder at the path `found` that `given` means, or DataError."""
    text = os.fspath(given)
    if isinstance(found, str):
        raise DataError(f"load: {found!r} is no set of images: draw from it with tinygan.data.{found}(n, rng)")
    if found.is_dir():
        return found
    if found.exists():
        kind = "file" if found.is_file() else "device or a pipe"
        raise DataError(f"load: {text!r} is a {kind}, expected a folder of images")
    if isinstance(given, os.PathLike) or any(mark in text for mark in "/\\~."):
        raise DataError(f"load: folder {text!r} does not exist")
    raise unknown(text)
