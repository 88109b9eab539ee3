"""A contact sheet: some images of a set side by side, with gaps, and with the names of their classes."""
from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, ROWS = 10, 10  # images in a row; rows without classes
CLASSES = 20  # rows with classes: one each
SMALLEST, LARGEST = 64, 128  # pixels of the side of an image on the sheet
GAP, MARGIN, LINE = 4, 12, 26  # pixels between images, at the edges, and for a line of text


def contact_sheet(x, labels=None, names: Sequence[str] = ()) -> np.ndarray:
    """A picture (h, w, 3), uint8, of images x (n, side, side, 1 or 3) in [-1, 1], spread evenly over the set.

    labels (n,): a row for each class, under its number, its name and its count. names: of the classes.

    >>> contact_sheet(np.zeros((300, 32, 32, 1))).shape
    (726, 700, 3)
    """
    from PIL import Image, ImageDraw
    groups = [("", np.arange(len(x)))] if labels is None else [
        (_heading(k, names, (labels == k).sum()), np.flatnonzero(labels == k)) for k in range(labels.max() + 1)]
    most = COLUMNS * ROWS if labels is None else COLUMNS
    shown = [(title, _spread(rows, most)) for title, rows in groups[:CLASSES]]
    side = x.shape[1] * max(1, SMALLEST // x.shape[1]) if x.shape[1] <= LARGEST else LARGEST
    count = sum(len(rows) for _, rows in shown)
    lines = [f"{count:,} of {len(x):,} images, {x.shape[1]} x {x.shape[2]} pixels"
             + (f"; {CLASSES} of {len(groups)} classes" if len(groups) > CLASSES else "")]
    height = sum((LINE if title else 0) + -(-len(rows) // COLUMNS) * (side + GAP) for title, rows in shown)
    page = Image.new("RGB", (2 * MARGIN + COLUMNS * (side + GAP) - GAP, MARGIN + LINE + height - GAP + MARGIN), "white")
    draw, font = ImageDraw.Draw(page), _font()
    draw.text((MARGIN, MARGIN), lines[0], "black", font)
    y = MARGIN + LINE
    for title, rows in shown:
        if title:
            draw.text((MARGIN, y + 4), title, "black", font)
            y += LINE
        for i, row in enumerate(rows):
            page.paste(_picture(x[row], side), (MARGIN + i % COLUMNS * (side + GAP), y + i // COLUMNS * (side + GAP)))
        y += -(-len(rows) // COLUMNS) * (side + GAP)
    return np.asarray(page)


def _heading(number, names, count) -> str:
    name = "".join(c if c.isprintable() else "?" for c in names[number])[:60] if names else ""
    return f"class {number}{f': {name}' * bool(name)}, {count:,} image{'s' * int(count != 1)}"


def _spread(rows, most):
    """At most so many of the rows, evenly spread, the first and the last among them."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _picture(image, side) -> Any:
    from PIL import Image
    pixels = np.clip(np.rint((image + 1) * 127.5), 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    return picture.resize((side, side), Image.Resampling.NEAREST if side >= len(image) else Image.Resampling.BICUBIC)


def _font() -> Any:
    """The font of matplotlib, which knows the letters of most languages; without it, the one of Pillow."""
    from PIL import ImageFont
    place = importlib.util.find_spec("matplotlib")
    try:
        folder = Path(str(place and place.origin)).with_name("mpl-data")
        return ImageFont.truetype(str(folder / "fonts/ttf/DejaVuSans.ttf"), 15)
    except (OSError, ImportError):  # another layout of matplotlib; a Pillow without FreeType
        return ImageFont.load_default()
