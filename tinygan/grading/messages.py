"""Messages between the grader and the process of a student's code: a text and arrays, as raw bytes; nothing is pickled.

The grader trusts no message: heads are short, bodies have a bound, and arrays must be what their description names.
"""
from __future__ import annotations

import struct

import numpy as np

HEAD = 64 << 10  # bytes of the text of an answer
DTYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")


def packed(text: str, arrays=()) -> bytes:
    """A message: the lengths, the text, the bytes of the arrays."""
    head, body = text.encode(), b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)
    return struct.pack("<QQ", len(head), len(body)) + head + body


def receive(read, head: int = 1 << 30, body: int = 1 << 30) -> tuple[str, bytes]:
    """Reads a message of `packed`, of at most so many bytes; ValueError if it is longer, before it is read.

    read: a function that returns the next n bytes, or raises EOFError.
    """
    lengths = struct.unpack("<QQ", read(16))
    if lengths[0] > head or lengths[1] > body:
        raise ValueError(f"a message of {lengths[0]} and {lengths[1]} bytes, expected at most {head} and {body}")
    return read(lengths[0]).decode(), read(lengths[1])


def kinds(arrays) -> list:
    """The description of arrays in a message: dtype and shape of each."""
    return [[a.dtype.str, list(a.shape)] for a in arrays]


def unpack(described, body) -> list[np.ndarray]:
    """The arrays of a message; ValueError if they do not match their description exactly."""
    arrays, start = [], 0
    for dtype, shape in described:
        if dtype[:1] not in ("<", "|") or dtype[1:] not in DTYPES:
            raise ValueError(f"an array of dtype {str(dtype)[:20]}")
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"an array of shape {str(shape)[:20]}")
        count = int(np.prod(shape, dtype=object))
        arrays.append(np.frombuffer(body, dtype, count, start).reshape(shape).copy())
        start += arrays[-1].nbytes
    if start != len(body):
        raise ValueError(f"{len(body)} bytes for arrays of {start}")
    return arrays
