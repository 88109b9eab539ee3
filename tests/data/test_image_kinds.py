"""tinygan.data: every kind of image in a folder, by colours, depth, transparency and orientation."""
import zlib

import numpy as np
import pytest
from pictures import flat, level, png, save
from PIL import Image

from tinygan.data import DataError, load


def sixteen_bits(path):
    save(path, np.full((8, 8), 40_000, np.uint16))


def thirty_two_bits(path):
    save(path, np.full((8, 8), 40_000, np.int32))


def cmyk(path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path)


def palette(path):
    save(path, flat((0, 0, 255)), mode="P")


def transparent(path):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(path)


def half_transparent_grey(path):
    Image.new("LA", (8, 8), (0, 127)).save(path)


def transparent_palette(path):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 9, 9, 9])
    image.save(path, transparency=0)


def bits(path):
    Image.new("1", (8, 8), 1).save(path)


def animated(path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("lime", "red")]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)


def declared(mode, shown, colour):
    """Makes an image whose left half, of level 0, is transparent only by the PNG's tRNS."""
    def make(path):
        a = np.zeros((24, 24), np.uint16)
        a[:, 12:] = shown
        if mode == "I;16":  # early versions of Pillow cannot write it
            rows = b"".join(b"\0" + row.tobytes() for row in a.astype(">u2"))
            path.write_bytes(png(24, 24, (16, 0), [
                (b"tRNS", colour.to_bytes(2, "big")), (b"IDAT", zlib.compress(rows))]))
        else:
            Image.fromarray(a.astype(np.uint8)).convert(mode).save(path, transparency=colour)
    return make


def few_bits(path):
    """Four bits a pixel: level 10 of 15 is transparent in the left half, and level 15 shows in the right half."""
    rows = b"".join(b"\0" + b"\xaa" * 6 + b"\xff" * 6 for _ in range(24))
    path.write_bytes(png(24, 24, (4, 0), [(b"tRNS", b"\0\x0a"), (b"IDAT", zlib.compress(rows))]))


def deep_colour(path):
    """Sixteen bits a channel: the left half is transparent."""
    rows = b"".join(b"\0" + b"\x12\x34\x50\0\x99\x99" * 12 + b"\x80\0" * 36 for _ in range(24))
    path.write_bytes(png(24, 24, (16, 2), [(b"tRNS", b"\x12\x34\x50\0\x99\x99"), (b"IDAT", zlib.compress(rows))]))


def deep_grey_with_alpha(path):
    rows = b"".join(b"\0" + b"\x80\0\xff\xff" * 4 for _ in range(4))
    path.write_bytes(png(4, 4, (16, 4), [(b"IDAT", zlib.compress(rows))]))


def one_pixel(path):
    save(path, flat((1, 2, 3), 1, 1))


@pytest.mark.parametrize(("make", "ending", "want"), [
    (sixteen_bits, "png", [40_000 >> 8]), (sixteen_bits, "tif", [40_000 >> 8]), (thirty_two_bits, "tif", [40_000 >> 8]),
    (cmyk, "jpg", [255, 0, 0]), (cmyk, "tif", [255, 0, 0]), (palette, "png", [0, 0, 255]),
    (transparent, "png", [255, 255, 255]), (half_transparent_grey, "png", [128]),
    (transparent_palette, "png", [255, 255, 255]), (bits, "png", [255]), (bits, "bmp", [255]),
    (animated, "gif", [0, 255, 0]), (animated, "png", [0, 255, 0]), (animated, "tif", [0, 255, 0]),
    (animated, "webp", [0, 255, 0]), (deep_grey_with_alpha, "png", [128]),
    (one_pixel, "png", [1, 2, 3]), (one_pixel, "ppm", [1, 2, 3]),
])
def test_kinds_of_images(tmp_path, make, ending, want):
    make(tmp_path / f"image.{ending}")
    images = load(tmp_path, size=4)
    assert images.x.shape == (1, 4, 4, len(want))
    assert level(images) == want
    assert np.ptp(images.x, axis=(1, 2)).max() == 0


def test_floating_point_images_are_skipped(tmp_path):
    Image.new("F", (8, 8), 0.5).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="1 not readable as images"):
        load(tmp_path)


@pytest.mark.parametrize(("make", "seen"), [
    (declared("1", 255, 0), [255]), (declared("L", 90, 0), [90]), (declared("I;16", 300, 0), [300 >> 8]),
    (declared("RGB", 90, (0, 0, 0)), [90] * 3), (few_bits, [255]), (deep_colour, [128] * 3)])
@pytest.mark.parametrize("size", [8, 24])
def test_the_colour_that_a_png_declares_transparent_is_white(tmp_path, make, seen, size):
    make(tmp_path / "a.png")
    x = np.rint((load(tmp_path, size=size).x[0] + 1) * 127.5)
    assert x.shape == (size, size, len(seen))
    assert (x[:, 0] == 255).all()
    assert (x[:, -1] == seen).all()


def test_any_other_colour_is_not_transparent(tmp_path):
    for name, make in {"a": declared("L", 90, 1), "b": declared("I;16", 300, 44), "c": declared("L", 90, 255)}.items():
        make(tmp_path / f"{name}.png")   # 44 is the low byte of 300
    lightest = load(tmp_path, size=24).x.max(axis=(1, 2, 3))
    assert np.rint((lightest + 1) * 127.5).tolist() == [90, 1, 90]

@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_photographs_are_turned_upright(tmp_path, kind):
    dark_left = np.repeat(np.array([[0, np.iinfo(kind).max]], kind), 16, axis=0).repeat(8, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6   # to be turned clockwise by a quarter
    Image.fromarray(dark_left).save(tmp_path / "a.png", exif=exif)
    x = load(tmp_path, size=16).x[0, ..., 0]
    assert (x[:7] < -0.5).all()   # the left half is now above
    assert (x[-7:] > 0.5).all()
