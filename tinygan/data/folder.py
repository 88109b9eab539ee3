"""A folder of the user's own images, and the resizing of images."""
from __future__ import annotations

import logging
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygan.files import open_regular

from . import memory
from .errors import DataError
from .progress import bar

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")   # no format that starts other programs, such as EPS
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
LEVELS = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}   # of 0-255 in one level of these PNGs, as Pillow decodes them
LARGEST = 2 ** 26   # pixels: a larger image would take hundreds of megabytes to decode
LONGEST = 2 ** 29   # bytes of an image file: that many pixels of 16 bits a channel
MOST_ENTRIES = 10 ** 6   # files and folders in a folder of images
UNREAD = (".heic", ".heif", ".avif")   # pictures of telephones, which Pillow alone does not read
FEW, SHOWN = 3, 8   # names of skipped files, and of classes, in a message


class Contents(NamedTuple):
    """The images x (n, size, size, 1 or 3) of a folder, uint8; their labels (n,) and the names of their classes.

    labels is None, and names is empty, where there are no classes.
    """
    x: np.ndarray
    labels: np.ndarray | None
    names: list[str]


def load_folder(folder: Path, size: int = 32, classes: bool = False) -> Contents:
    """Loads all images of a folder and its subfolders, in the order of paths.

    If all images lie in subfolders, the first-level subfolders are classes, numbered in the order of their names as
    texts ("1", "10", "2"; as torchvision does); subfolders without an image do not count, and links to folders do.
    If some images lie beside the subfolders, there are no classes. classes: use only images with a class, whose labels
    are needed; a warning counts the others.
    Each image is cropped to its central square and resized. All become grey if most are grey, otherwise RGB.
    Transparency becomes white; an animation becomes its first frame. Hidden files are ignored. The log `tinygan.data`
    gets a line about it. Unreadable and too large files are skipped with one warning. DataError if no image is left,
    or if the folder is too large.
    """
    paths = survey(folder)
    memory.check_images(folder, len(paths), size)
    skipped: dict[str, list[str]] = {}
    x = np.empty((len(paths), size, size, 3), np.uint8)
    sides: list[int] = []
    greys: list[bool] = []
    groups: list[Path] = []
    for path, group in bar(paths, desc=folder.name, leave=False):
        try:
            image, side = _decode(path, size)
        except Exception as error:   # a decoder raises anything on damaged bytes
            why = "too large" if isinstance(error, _TooLargeError) else "not readable as images"
            skipped.setdefault(why, []).append(_below(path, folder))
            continue
        greys.append(image.mode == "L")
        x[len(groups)] = np.asarray(image.convert("RGB"))
        groups.append(group)
        sides.append(side)
    if not groups:
        raise DataError(f"folder {str(folder)!r}: expected images, found " + (
            f"files: {_listed(skipped)}" if skipped else "no file"))
    if skipped:
        phone = any(name.lower().endswith(UNREAD) for names in skipped.values() for name in names)
        warnings.warn(f"folder {str(folder)!r}: skipped {sum(map(len, skipped.values()))} of {len(paths)} files "
                      f"({_listed(skipped)})" + ("; HEIC and AVIF are not read: save these as JPEG" * phone),
                      stacklevel=4)
    x = _grey(x[:len(groups)], greys) if sum(greys) > len(greys) / 2 else x[:len(groups)]
    kinds = sorted({*groups} - {folder}, key=lambda group: group.name)
    inside = np.array([group != folder for group in groups])
    if classes and kinds and not inside.all():
        warnings.warn(f"folder {str(folder)!r}: {(~inside).sum():,} of {len(x):,} images lie in no subfolder, have no "
                      "class, and are left out; to use them, move each into the subfolder of its class, such as "
                      f"{_below(kinds[0], folder)}", stacklevel=4)
        x, sides, groups = x[inside], np.array(sides)[inside].tolist(), [group for group in groups if group != folder]
    logging.getLogger("tinygan.data").info("folder %r: %s", str(folder), _report(x, sides, groups, folder))
    if not kinds or folder in groups:
        return Contents(x, None, [])
    return Contents(x, np.array([kinds.index(group) for group in groups]), [group.name for group in kinds])


def _report(x, sides, groups, folder) -> str:
    """The number of the images, how they were made equal, and their classes, in a line."""
    size, least, most, several = x.shape[1], min(sides), max(sides), len(x) > 1
    before = f"{least}" if least == most else f"{least} to {most}"
    counts = Counter(group.name for group in groups if group != folder)
    loose = len(groups) - sum(counts.values())
    if not counts:
        about = ""
    elif loose:
        about = (f"; {loose:,} lie in the folder itself and {len(groups) - loose:,} in its subfolders: all are used, "
                 "without classes")
    else:
        listed = [f"{name!r} {count:,}" for name, count in sorted(counts.items())]
        more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
        about = f"; {len(listed)} class{'es' * (len(listed) > 1)}: {', '.join(listed[:SHOWN])}{more}"
    return (f"{len(x):,} image{'s' * several} in {'grey' if x.shape[3] == 1 else 'colour'}, {'each ' * several}cropped "
            f"to its central square ({before} pixels a side) and scaled to {size} x {size}{about}")


def _listed(skipped: dict[str, list[str]]) -> str:
    """The counts of skipped files by reason, with the first names."""
    return "; ".join(f"{len(names):,} {why}: {', '.join(map(repr, names[:FEW]))}"
                     + (f" and {len(names) - FEW:,} more" if len(names) > FEW else "")
                     for why, names in skipped.items())


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _grey(x, greys) -> np.ndarray:
    """RGB images (n, h, w, 3) as grey ones (n, h, w, 1); `greys` are grey already."""
    from PIL import Image
    return np.stack([image[..., 0] if grey else np.asarray(Image.fromarray(image).convert("L"))
                     for image, grey in zip(x, greys)])[..., None]


def survey(folder: Path) -> list[tuple[Path, Path]]:
    """The files of a folder, each with its first-level subfolder, or with the folder itself; none is opened."""
    paths = [(path, group) for group, files in _groups(folder) for path in files]
    return paths + [(path, folder) for path in _visible(folder) if _is_file(path)]


def folder_classes(folder: Path) -> list[str]:
    """The names of a folder's classes; the number of a class is its place in the list. Empty if an image has none."""
    if any(_is_image(path) for path in _visible(folder) if _is_file(path)):
        return []
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


def _decode(path: Path, size: int) -> tuple[Any, int]:
    """The image in a file as a square PIL image of mode L or RGB, and the side of the square in the file."""
    from PIL import Image, ImageOps
    with warnings.catch_warnings(), open_regular(path, LONGEST) as file:
        warnings.simplefilter("ignore")   # on damaged metadata; too large images are counted below
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise _TooLargeError from error
        with image:
            coding = str(image.tile[0][3]) if image.tile else ""   # Pillow forgets it when it decodes the file
            grey, side = image.mode in GREY or coding == "LA;16B", min(image.size)
            image.draft(image.mode, (2 * size, 2 * size))   # lets a JPEG decode at a fraction of its size
            if image.width * image.height > LARGEST:
                raise _TooLargeError
            if image.mode == "F":
                raise ValueError("floating-point pixels have no agreed range")
            ImageOps.exif_transpose(image, in_place=True)
            small = _square(_eight_bits(image, coding), size)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("L" if grey else "RGB"), side


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
