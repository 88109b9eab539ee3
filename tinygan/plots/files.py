"""Pictures as files: PNGs and films, enlarged and titled. Only drawing imports PIL."""
from __future__ import annotations

from contextlib import ExitStack

import numpy as np

from tinygan.files import open_regular
from tinygan.plots.style import load_matplotlib

VIEW = 640  # pixels of the longer side to which a small image is enlarged, about
LARGEST_FRAME = 2**25  # pixels, and bytes of the file, of a picture that becomes part of a film


def titled(image, title: str) -> np.ndarray:
    """Enlarges a small image (h, w, 3), uint8, and writes a line above it."""
    from PIL import Image, ImageDraw, ImageFont
    picture = enlarged(image)
    page = Image.new("RGB", (picture.width, picture.height + 28), "white")
    page.paste(picture, (0, 28))
    font = ImageFont.truetype(f"{load_matplotlib().get_data_path()}/fonts/ttf/DejaVuSans.ttf", 16)
    ImageDraw.Draw(page).text((4, 4), title, "black", font)
    return np.asarray(page)


def save_png(file, image) -> None:
    """Writes an image (h, w, 3), uint8, as a PNG; a small image is enlarged, so that its pixels are visible."""
    enlarged(image).save(file, "PNG")


def save_gif(file, frames, seconds: float = 6.0, hold: float = 2.0) -> None:
    """Writes frames (images, or paths of PNGs) as a GIF of about `seconds`; the last frame stays for `hold` more."""
    pictures = [_indexed(frame) for frame in frames]
    each = max(40, int(1000 * seconds / len(pictures)))
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], loop=0,
                     duration=[each] * (len(pictures) - 1) + [each + int(1000 * hold)])


def _indexed(frame):
    """A frame (an image, or the path of a PNG) as a PIL image with its own palette; its file is closed."""
    from PIL import Image
    with ExitStack() as opened:
        if isinstance(frame, np.ndarray):
            picture = enlarged(frame)
        else:
            file = opened.enter_context(open_regular(frame, LARGEST_FRAME))
            picture = opened.enter_context(Image.open(file, formats=("PNG",)))
            if picture.width * picture.height > LARGEST_FRAME:
                raise ValueError(f"{frame} has {picture.width} x {picture.height} pixels")
        return picture.convert("P", palette=Image.Palette.ADAPTIVE)


def enlarged(image):
    """An image (h, w, 3), uint8, as a PIL image, enlarged if it is small."""
    from PIL import Image
    picture = Image.fromarray(image)
    factor = max(1, round(VIEW / max(image.shape[:2])))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
