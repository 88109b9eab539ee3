"""Untrusted files: regular ones of a bounded size are opened, everything else is refused at once."""
import io
import os
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import one_line

from tinygan import files
from tinygan.errors import TinyganError
from tinygan.files import FileError, open_regular, read_array

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")


def refused(path, limit=100, **options):
    with pytest.raises(FileError) as caught:
        open_regular(path, limit, **options)
    assert isinstance(caught.value, TinyganError)
    assert isinstance(caught.value, OSError)
    return one_line(caught)


def test_a_file_is_read_to_its_last_byte(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one\r\ntwo\r\n" * 10)
    for place in (path, str(path)):
        with open_regular(place, 100) as file:
            assert file.read() == path.read_bytes()
            file.seek(-5, os.SEEK_END)
            assert (file.read(3), file.readline(), file.read()) == (b"two", b"\r\n", b"")
    assert file.closed


def test_a_file_that_is_missing_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        open_regular(tmp_path / "a", 1)
    assert caught.value.filename == str(tmp_path / "a")
    assert "null" in refused("a\0b")


def test_both_sizes_are_named(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1235)
    assert f"{tmp_path / 'a'} has 1,235 bytes, expected at most 1,234 bytes" in refused(tmp_path / "a", 1234)
    open_regular(tmp_path / "a", 1235).close()


def test_a_sparse_file_of_a_terabyte_is_refused_by_its_size(tmp_path):
    with open(tmp_path / "a", "wb") as file:
        try:
            file.truncate(2**40)
        except OSError:
            pytest.skip("this file system has no such file")
    assert "1,099,511,627,776 bytes" in refused(tmp_path / "a", 2**30)


def test_a_file_that_grows_while_it_is_read_is_cut(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10)
    for read in (lambda file: file.read(), lambda file: file.read(50), lambda file: list(file),
                 lambda file: file.readinto(bytearray(50))):
        with open_regular(path, 20) as file:
            with open(path, "ab") as other:
                other.write(b"y" * 30)
            with pytest.raises(FileError, match="has more, expected at most 20 bytes"):
                read(file)
        os.truncate(path, 10)


def test_a_folder_is_no_file(tmp_path):
    assert f"{tmp_path} is a folder, expected a file" in refused(tmp_path)


@posix
def test_what_would_wait_or_never_end_is_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "history.csv")
    os.symlink("/dev/zero", tmp_path / "zero")
    assert refused(tmp_path / "history.csv") == f"{tmp_path / 'history.csv'} is a pipe (FIFO), expected a file"
    for device in ("/dev/zero", "/dev/null", tmp_path / "zero"):
        assert refused(device) == f"{device} is a device, expected a file"
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(tmp_path)  # the name of a socket is short
        bound.bind("s")
        assert refused("s") == "s is a socket, expected a file"


@posix
def test_a_file_that_becomes_a_pipe_before_it_is_opened_is_refused(tmp_path, monkeypatch):
    regular, pipe = tmp_path / "a", tmp_path / "b"
    regular.touch()
    os.mkfifo(pipe)
    before = len(os.listdir("/dev/fd"))
    stat = os.stat
    monkeypatch.setattr(files.os, "stat", lambda path, **options: stat(regular, **options))
    assert "is a pipe (FIFO)" in refused(pipe)
    assert len(os.listdir("/dev/fd")) == before


@posix
def test_a_read_that_would_wait_raises(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a")
    keep = os.open(tmp_path / "a", os.O_RDWR)  # a writer that writes nothing
    monkeypatch.setattr(files.stat, "S_ISREG", lambda mode: True)
    with open_regular(tmp_path / "a", 10) as file, pytest.raises(FileError, match="no bytes to read now"):
        file.raw.readinto(bytearray(1))
    os.close(keep)


@posix
def test_links_are_followed_unless_they_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    os.symlink("a", tmp_path / "b")
    os.symlink("c", tmp_path / "c")
    with open_regular(tmp_path / "b", 1) as file:
        assert file.read() == b"x"
    assert refused(tmp_path / "b", follow=False) == f"{tmp_path / 'b'} is a link, expected a file"
    open_regular(tmp_path / "a", 1, follow=False).close()
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "c", 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the files of Linux's /proc")
def test_a_file_whose_size_is_untrue_has_its_bound():
    path = Path("/proc/self/pagemap")
    assert path.stat().st_size == 0
    with open_regular(path, 1000) as file, pytest.raises(FileError, match="has more, expected at most 1,000 bytes"):
        file.read()


def test_a_platform_without_the_flags_of_posix(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_FLAGS", os.O_RDONLY)
    monkeypatch.delattr(files.os, "O_NOFOLLOW", raising=False)
    (tmp_path / "a").write_bytes(b"x")
    with open_regular(tmp_path / "a", 1, follow=False) as file:
        assert file.read() == b"x"


# Headers of arrays

def npy(shape, descr="<f8", content=b"", version=(1, 0), text=None):
    """The bytes of an .npy file with any header."""
    header = (text or f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}").encode()
    return (np.lib.format.magic(*version) + len(header).to_bytes(2 if version == (1, 0) else 4, "little") + header
            + content)


def test_an_array_is_read(tmp_path):
    for a in (np.arange(6.0).reshape(2, 3).T, np.zeros((0, 5), np.int8), np.array(3, ">u4"), np.ones(3, np.float16)):
        file = io.BytesIO()
        np.save(file, a)
        size = file.tell()
        file.seek(0)
        found = read_array(file, size)
        assert (found.dtype, found.shape) == (a.dtype, a.shape)
        np.testing.assert_array_equal(found, a)
    content = npy((2,), content=bytes(16), version=(2, 0))
    assert read_array(io.BytesIO(content), len(content)).tolist() == [0, 0]


@pytest.mark.parametrize("content", [
    npy((2**40,)), npy((2**62, 2**62)), npy((-1,)), npy((-2, -1), content=bytes(16)), npy((0, 2**70)), npy((True,),
    content=bytes(8)), npy((1.0,)), npy("'a'"), npy((1,), content=bytes(7)), npy((1,), content=bytes(9)),
    npy((1,), "|O", bytes(8)), npy((1,), "<U2", bytes(8)), npy((1,), "<c8", bytes(8)), npy((1,), "|V8", bytes(8)),
    npy((1,), [("a", "<f8")], bytes(8)), npy((0,), "<U1000000000"), npy((1,), content=bytes(8), version=(9, 9)),
    npy((1,), text="(" * 900), npy((1,), text="[" * 100 + "]" * 100), npy((1,), text=" " * 10**5, version=(2, 0)),
    npy((1,), text="__import__('os').getpid()"), npy((0,) * 65), b"\x93NUMPY", b"", bytes(200)], ids=range(25))
def test_a_header_that_is_wrong_is_refused_without_memory(content):
    import tracemalloc
    tracemalloc.start()
    with pytest.raises(ValueError):
        read_array(io.BytesIO(content), len(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e7
