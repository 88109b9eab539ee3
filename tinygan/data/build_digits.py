"""Build digits.npz, the embedded digits, from MNIST's four IDX files.

Run as `python -m tinygan.data.build_digits FOLDER [OUT]`: FOLDER holds the files, plain or as .gz; OUT is the file to
write (default: the one in the package). The same input gives the same bytes: the archive's dates are fixed.
"""
from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from .errors import DataError
from .files import IDX_SHAPES, SHA256, read_idx
from .sets import EMBEDDED


def select(images: np.ndarray, labels: np.ndarray, each: int) -> np.ndarray:
    """The indices, ascending, of the first `each` examples of every class."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[:each] for c in np.unique(labels)]))


def read(folder: Path, file: str) -> np.ndarray:
    """One of the four arrays, verified."""
    for path in (folder / file, folder / f"{file}.gz"):
        if path.is_file():
            try:
                return read_idx(path, IDX_SHAPES[file], SHA256["mnist"][file])
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
    raise DataError(f"{folder} holds neither {file} nor {file}.gz")


def write(arrays: dict[str, np.ndarray], out: Path) -> None:
    """Write an .npz whose bytes depend on the arrays alone."""
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            # Deflate, because every Python reads it; LZMA would save 14 % and some Pythons are built without it.
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main(arguments: list[str]) -> None:
    """Build the file: the first 1,000 training images of each class, in their order, and 2,000 test images."""
    folder, out = Path(arguments[0]), Path(arguments[1]) if arguments[1:] else EMBEDDED
    images, labels = read(folder, "train-images-idx3-ubyte"), read(folder, "train-labels-idx1-ubyte")
    rows = select(images, labels, 1000)
    write({"train_images": images[rows], "train_labels": labels[rows],
           "test_images": read(folder, "t10k-images-idx3-ubyte")[:2000],
           "test_labels": read(folder, "t10k-labels-idx1-ubyte")[:2000]}, out)
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python -m tinygan.data.build_digits FOLDER [OUT]")
    try:
        main(sys.argv[1:])
    except (DataError, OSError) as error:
        sys.exit(f"build_digits: {error}")
