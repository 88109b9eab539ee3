"""The picture of the laboratory, fast enough for a film: the plane, and the curves beside it."""
from __future__ import annotations

import io

import numpy as np

from tinygan.lab.curves import Curves
from tinygan.lab.plane import HEIGHT, LEFT, LOW, SIDE, Plane
from tinygan.lab.plane import WIDTH as PLANE
from tinygan.lab.state import Laboratory
from tinygan.plots import default_style

__all__ = ["HEIGHT", "LEFT", "LOW", "PLANE", "SIDE", "Picture"]


class Picture:
    """Draws a laboratory; one object draws every frame of a film.

    mode: "field" for D's output and the arrows, "map" for the way in which G carries noise to samples.
    """

    @default_style()
    def __init__(self):
        self.plane, self.curves, self.mode = Plane(), Curves(), "field"

    def draw(self, lab: Laboratory, scene: str = "") -> np.ndarray:
        """The present state as one image (HEIGHT, width, 4), uint8: the plane, then the curves. scene: a caption."""
        return np.concatenate(self.parts(lab, scene), axis=1)

    @default_style()
    def parts(self, lab: Laboratory, scene: str = "") -> tuple[np.ndarray, np.ndarray]:
        """The plane and the curves as two images; the next call overwrites them."""
        view = lab.look()
        return self.plane.draw(lab, view, scene, self.mode), self.curves.draw(lab)

    def png(self, lab: Laboratory, scene: str = "") -> bytes:
        """`draw` as a PNG: a small file."""
        from PIL import Image
        image = _rgb(self.draw(lab, scene)).quantize(256, dither=Image.Dither.NONE)
        return _file(image, format="PNG", optimize=True)

    def jpegs(self, lab: Laboratory, scene: str = "") -> tuple[bytes, bytes]:
        """`parts` as JPEGs: fast to make, for films."""
        plane, curves = (_file(_rgb(part), format="JPEG", quality=90, subsampling=0) for part in self.parts(lab, scene))
        return plane, curves

    def place(self, x: float, y: float) -> tuple[float, float] | None:
        """The point of the plane at a pixel (counted from the top left); None outside the plane."""
        return self.plane.place(x, y)


def _rgb(pixels):
    from PIL import Image
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3]))


def _file(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()
