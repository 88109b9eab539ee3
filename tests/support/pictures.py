"""Image files for the tests of folders of images."""
import struct
import zlib

import numpy as np
from PIL import Image


def save(path, array, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).convert(mode).save(path, **options)


def flat(colour, height=8, width=8):
    """An image of one colour: a grey level, or a triple."""
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, *np.shape(colour)))


def level(images, i=0):
    """The mean 0-255 level of each channel of one loaded image."""
    return np.round((images.x[i].mean(axis=(0, 1)) + 1) * 127.5).astype(int).tolist()


def png(width, height, kind, chunks):
    """The bytes of a PNG. kind: (bits, colour type); chunks: pairs (name, content)."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    header = struct.pack(">IIBBBBB", width, height, *kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*pair) for pair in [(b"IHDR", header), *chunks, (b"IEND", b"")])


def png_header(width, height):
    """A PNG that claims a size and holds next to nothing."""
    return png(width, height, (8, 0), [(b"IDAT", b"\x78\x9c")])
