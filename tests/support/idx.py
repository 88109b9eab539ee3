"""IDX files, as MNIST has them, and folders of them."""
import gzip
import struct


def idx(array):
    return struct.pack(f">{1 + array.ndim}i", 0x800 + array.ndim, *array.shape) + array.tobytes()


def put(where, contents, pack=False):
    where.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (where / (file + ".gz" * pack)).write_bytes(gzip.compress(content) if pack else content)


def packed(contents, level=9):
    return {f"{file}.gz": gzip.compress(content, level) for file, content in contents.items()}
