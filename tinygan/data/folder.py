"""A folder of the user's own images, and the resizing of images."""
from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.files import open_regular

from .errors import DataError
from .files import mute
from .names import SIDE

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")   # no format that starts other programs, such as EPS
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
LEVELS = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}   # of 0-255 in one level of these PNGs, as Pillow decodes them
LARGEST = 2 ** 26   # pixels: a larger image would take hundreds of megabytes to decode
LONGEST = 2 ** 29   # bytes of an image file: that many pixels of 16 bits a channel
MOST_ENTRIES = 10 ** 6   # files and folders in a folder of images
MOST_NUMBERS = 2 ** 32   # in all images together: as float32, 16 GiB


def load_folder(folder: Path, size: int = 32) -> tuple[np.ndarray, np.ndarray | None]:
    """The images of a folder, (n, size, size, 1 or 3) uint8, in the order of paths, and their labels (n,) or None.

    First-level subfolders are classes, numbered in the order of their names as texts ("1", "10", "2"; as torchvision
    does); subfolders without an image do not count, and links to folders do. `folder_classes` has the names.
    Each image is cropped to its central square and resized. All become grey if most are grey, otherwise RGB.
    Transparency becomes white; an animation becomes its first frame. Hidden files are ignored. Unreadable and too large
    files are skipped with one warning. DataError if no image is left, or if the folder is too large.
    """
    from tqdm.auto import tqdm
    paths = [(path, group) for group, files in _groups(folder) for path in files]
    paths += [(path, folder) for path in _visible(folder) if _is_file(path)]
    if len(paths) * size * size * 3 > MOST_NUMBERS:
        raise DataError(f"folder {str(folder)!r}: {len(paths):,} files of {size} x {size} pixels do not fit into the "
                        f"memory; use a smaller size, such as {folder.name}@{SIDE // 2}, or fewer files")
    skipped: Counter[str] = Counter()
    found = []
    for path, group in tqdm(paths, desc=folder.name, leave=False, disable=mute()):
        try:
            found.append((_decode(path, size), group))
        except _TooLargeError:
            skipped["too large"] += 1
        except Exception:   # a decoder raises anything on damaged bytes
            skipped["not readable as images"] += 1
    classes = sorted({group for _, group in found} - {folder}, key=lambda group: group.name)
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


def folder_classes(folder: Path) -> list[str]:
    """The names of a folder's classes; the number of a class is its place in the list."""
    return [group.name for group, files in _groups(folder) if any(_is_image(path) for path in files)]


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
    with warnings.catch_warnings(), open_regular(path, LONGEST) as file:
        warnings.simplefilter("ignore")   # on damaged metadata; too large images are counted below
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise _TooLargeError from error
        with image:
            coding = str(image.tile[0][3]) if image.tile else ""   # Pillow forgets it when it decodes the file
            grey = image.mode in GREY or coding == "LA;16B"
            image.draft(image.mode, (2 * size, 2 * size))   # lets a JPEG decode at a fraction of its size
            if image.width * image.height > LARGEST:
                raise _TooLargeError
            if image.mode == "F":
                raise ValueError("floating-point pixels have no agreed range")
            ImageOps.exif_transpose(image, in_place=True)
            small = _square(_eight_bits(image, coding), size)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("L" if grey else "RGB")


def _eight_bits(image: Any, coding: str) -> Any:
    """The image with 8 bits a channel: RGBA where a part may be transparent; otherwise its own colours.

    coding: Pillow's name for the bits of a pixel in the file, in which the transparent colour of a PNG is given.
    """
    from PIL import Image
    if image.mode in ("P", "PA", "LA", "La", "RGBa"):
        return image.convert("RGBA")   # knows the transparent entries of a palette
    if image.mode == "1":
        image = image.convert("L")   # with its transparent colour
    colour, pixels = image.info.get("transparency"), None
    if image.mode.startswith("I"):   # 16 bits a pixel, whatever the container claims
        pixels = np.clip(np.asarray(image), 0, 65535)
        image = Image.fromarray((pixels >> 8).astype(np.uint8))
    if colour is None or image.mode not in ("L", "RGB"):
        return image
    pixels = np.asarray(image) if pixels is None else pixels
    seen = pixels != np.floor(np.multiply(colour, LEVELS.get(coding, 1)))
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray(np.uint8(255) * (seen if seen.ndim == 2 else seen.any(axis=2))))
    return image


def _square(image: Any, size: int) -> Any:
    from PIL import Image
    left, top = (image.width - image.height) / 2, (image.height - image.width) / 2
    box = (max(left, 0), max(top, 0), image.width - max(left, 0), image.height - max(top, 0))
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)


def _is_image(path: Path) -> bool:
    try:
        return _decode(path, 1) is not None
    except Exception:   # as in `load_folder`
        return False


def _groups(folder: Path) -> list[tuple[Path, list[Path]]]:
    """The first-level subfolders, each with all files below it."""
    around = map(_place, [folder, *folder.resolve().parents])   # a link back to one of these is no class
    seen, left = {*around}, [MOST_ENTRIES]
    return [(group, _files_below(group, {*seen}, left)) for group in _visible(folder, left) if group.is_dir()]


def _place(folder: Path) -> tuple[int, int] | Path:
    """The number of a folder on its disk, the same for all its paths; its resolved path if folders have no number."""
    status = folder.stat()
    return (status.st_dev, status.st_ino) if status.st_ino else folder.resolve()


def _visible(folder: Path, left: list[int] | None = None) -> list[Path]:
    """The entries of a folder that are not hidden, in the order of their names. left: how many more may be seen."""
    found, left = [], left or [MOST_ENTRIES]
    try:
        for entry in folder.iterdir():
            left[0] -= 1
            if left[0] < 0:
                raise DataError(f"folder {str(folder)!r}: more than {MOST_ENTRIES:,} files and folders")
            if not _hidden(entry):
                found.append(entry)
    except OSError as error:
        raise DataError(f"folder {str(folder)!r:.999} cannot be read ({error.strerror})") from error
    return sorted(found, key=lambda entry: entry.name)   # paths on Windows compare without regard to case


def _files_below(folder: Path, seen: set, left: list[int]) -> list[Path]:
    """The files of a folder and its subfolders, linked ones too; each folder once, as links can form a loop."""
    found, todo = [], [folder]
    try:
        while todo:
            entry = todo.pop()
            if _is_file(entry):
                found.append(entry)
            elif entry.is_dir() and (place := _place(entry)) not in seen:
                seen.add(place)
                todo += reversed(_visible(entry, left))
    except OSError as error:  # the path is too long, or the folder has gone
        raise DataError(f"folder {str(folder)!r:.999} cannot be read ({error.strerror})") from error
    return found


def _is_file(entry: Path) -> bool:
    return entry.is_file() or (entry.is_symlink() and not entry.exists())   # a broken link counts as a damaged file


def _hidden(entry: Path) -> bool:
    return entry.name.startswith((".", "__"))   # such as .git, .DS_Store, __MACOSX
