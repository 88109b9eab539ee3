"""A folder of the user's own images, and the resizing of images."""
from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError
from .files import mute

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")   # no format that starts other programs, such as EPS
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
LARGEST = 2 ** 26   # pixels: a larger image would take hundreds of megabytes to decode


def load_folder(folder: Path, size: int = 32) -> tuple[np.ndarray, np.ndarray | None]:
    """The images of a folder, (n, size, size, 1 or 3) uint8, in the order of paths, and their labels (n,) or None.

    First-level subfolders are classes, numbered in the order of their names; subfolders without an image do not count.
    Each image is cropped to its central square and resized. All become grey if most are grey, otherwise RGB.
    Transparency becomes white; an animation becomes its first frame. Hidden files are ignored. Unreadable and too large
    files are skipped with one warning. DataError if no image is left.
    """
    from tqdm.auto import tqdm
    entries = _visible(folder)
    paths = [(path, group) for group in entries if group.is_dir() for path in _files_below(group)]
    paths += [(path, folder) for path in entries if path.is_file()]
    skipped: Counter[str] = Counter()
    found = []
    for path, group in tqdm(paths, desc=folder.name, leave=False, disable=mute()):
        try:
            found.append((_decode(path, size), group))
        except _TooLargeError:
            skipped["too large"] += 1
        except Exception:   # a decoder raises anything on damaged bytes
            skipped["not readable as images"] += 1
    classes = sorted({group for _, group in found} - {folder})
    if classes:
        skipped["outside the class folders"] = sum(group == folder for _, group in found)
        found = [(image, group) for image, group in found if group != folder]
    left = ", ".join(f"{count} {why}" for why, count in skipped.items() if count)
    if not found:
        raise DataError(f"folder {str(folder)!r}: expected images, found " + (f"files: {left}" if left else "no file"))
    if left:
        warnings.warn(f"folder {str(folder)!r}: skipped {skipped.total()} of {len(paths)} files ({left})", stacklevel=3)
    mode = "L" if sum(image.mode == "L" for image, _ in found) > len(found) / 2 else "RGB"
    x = np.stack([np.asarray(image.convert(mode)) for image, _ in found]).reshape(len(found), size, size, -1)
    return x, np.array([classes.index(group) for _, group in found]) if classes else None


def resize(x: np.ndarray, size: int) -> np.ndarray:
    """Crops images x (n, h, w, 1 or 3) uint8 to their central squares and resizes them: (n, size, size, ...)."""
    from PIL import Image
    out = np.empty((len(x), size, size, x.shape[3]), np.uint8)
    for i in range(len(x)):
        image = Image.fromarray(np.ascontiguousarray(x[i, :, :, 0] if x.shape[3] == 1 else x[i]))
        out[i] = np.asarray(_square(image, size)).reshape(out.shape[1:])
    return out


class _TooLargeError(Exception):
    pass


def _decode(path: Path, size: int) -> Any:
    """The image in a file as a square PIL image of mode L or RGB."""
    from PIL import Image, ImageOps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # on damaged metadata; too large images are counted below
        try:
            image = Image.open(path, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise _TooLargeError from error
        with image:
            grey = image.mode in GREY
            image.draft(image.mode, (2 * size, 2 * size))   # lets a JPEG decode at a fraction of its size
            if image.width * image.height > LARGEST:
                raise _TooLargeError
            if image.mode == "F":
                raise ValueError("floating-point pixels have no agreed range")
            if image.mode.startswith("I"):   # 16 bits a pixel, whatever the container claims
                small = Image.fromarray((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
            elif image.mode in ("P", "PA", "LA", "La", "RGBa"):
                small = image.convert("RGBA")
            else:
                small = image.convert("L") if image.mode == "1" else image
            small = ImageOps.exif_transpose(_square(small, size))
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("L" if grey else "RGB")


def _square(image: Any, size: int) -> Any:
    from PIL import Image
    left, top = (image.width - image.height) / 2, (image.height - image.width) / 2
    box = (max(left, 0), max(top, 0), image.width - max(left, 0), image.height - max(top, 0))
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not _hidden(entry))
    except OSError as error:
        raise DataError(f"folder {str(folder)!r} cannot be read ({error.strerror})") from error


def _files_below(folder: Path) -> list[Path]:
    found = []
    for entry in _visible(folder):
        if entry.is_file():
            found.append(entry)
        elif entry.is_dir() and not entry.is_symlink():   # a link may lead back to a parent folder
            found += _files_below(entry)
    return found


def _hidden(entry: Path) -> bool:
    return entry.name.startswith((".", "__"))   # such as .git, .DS_Store, __MACOSX
