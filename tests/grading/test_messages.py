"""Messages between the grader and the process of a student's code: exact, bounded, and of numbers alone."""
import io

import numpy as np
import pytest

from tinygan.grading.messages import HEAD, kinds, packed, receive, unpack


def reader(data):
    """A function that returns the next n bytes of data; EOFError at its end."""
    pipe = io.BytesIO(data)

    def read(n):
        part = pipe.read(n)
        if len(part) < n:
            raise EOFError
        return part
    return read


def test_messages_go_through_a_pipe():
    arrays = [np.arange(6.0).reshape(2, 3).T, np.array(3, np.int8), np.zeros((0, 2), np.float32)]
    read = reader(packed("gr\u00fc\u00dfe", arrays) + packed(""))
    text, body = receive(read)
    assert text == "gr\u00fc\u00dfe"
    for a, b in zip(unpack(kinds(arrays), body), arrays, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert receive(read) == ("", b"")
    with pytest.raises(EOFError):
        receive(read)


@pytest.mark.parametrize(("head", "body"), [(HEAD + 1, 0), (0, 801), (1 << 63, 0), (0, 1 << 63)])
def test_a_message_that_is_too_long_is_refused_before_it_is_read(head, body):
    lengths = head.to_bytes(8, "little") + body.to_bytes(8, "little")
    with pytest.raises(ValueError, match=f"a message of {head} and {body} bytes, expected at most {HEAD} and 800"):
        receive(reader(lengths), HEAD, 800)


@pytest.mark.parametrize("described", [
    [["|O", [1]]], [["<U4", [1]]], [[">f8", [1]]], [["<f8", [2]]], [["<f8", [10**12]]], [["<f8", [-1]]],
    [["<f8", [-1, -1, 1]]], [["<f8", [True]]], [["<f8", [1.0]]], [["<f4", [1]]], [["<f8", [0]]], [], [["<f16", [1]]],
    [["<f8", [0, 1 << 63]], ["<f8", [1]]], [["<f8", [1]], ["<f8", [1]]]])
def test_arrays_that_do_not_match_their_description(described):
    """Every dtype but numbers', every shape but counts, and bytes that are left over."""
    with pytest.raises((ValueError, OverflowError)):
        unpack(described, bytes(8))
