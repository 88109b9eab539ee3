"""Which files of a submission are read: everything has a bound, and no link, pipe or device is opened."""
import errno
import io
import os
import zipfile

import pytest

from tinygan.files import FileError
from tinygan.grading import GradingError, MachineError, handed_in, limits
from tinygan.grading.handed_in import content, files


def read(folder):
    """The places of the files that are read, and what could not be read."""
    failed = []
    return [place for place, _ in files(folder, failed)], failed


def archive(entries, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as room:
        for place, content in entries.items():
            room.writestr(place, content)
    return data.getvalue()


def test_files_in_folders_and_archives(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    for place in ("z.py", "b/A.IPYNB", "b/c/a.ipynb.txt", "b/notes.md", ".hidden.py", "b/__pycache__.py"):
        (tmp_path / place).write_text("x")
    (tmp_path / "b" / "w.zip").write_bytes(archive({
        "in\\of\\windows.py": "x", "__MACOSX/._a.py": "x", "in/of.zip": archive({"inner.py": "x"})}))
    assert read(tmp_path) == (["z.py", "b/A.IPYNB", "b/w.zip/in/of/windows.py", "b/w.zip/in/of.zip/inner.py",
                               "b/c/a.ipynb.txt"], [])


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(
    path.with_name("other.py")), lambda path: path.symlink_to("nowhere"), lambda path: path.mkdir()],
    ids=["pipe", "device", "link", "link to nothing", "folder"])
def test_what_is_no_file_is_not_opened(tmp_path, make):
    (tmp_path / "other.py").write_text("x")
    path = tmp_path / "a.py"
    make(path)
    with pytest.raises(OSError):
        content(path, 100)
    assert read(tmp_path) == (["other.py"], [])
    if not path.is_dir():  # also if it takes the place of a file after the folder was listed
        with pytest.raises(OSError, match=r"no file of its own|No such file"):
            content(path, 100)


def test_a_file_has_a_bound(tmp_path):
    (tmp_path / "a.py").write_bytes(b"x" * (1 << 20))
    assert len(content(tmp_path / "a.py", 1 << 20)) == 1 << 20
    with pytest.raises(FileError, match="more than 0 MB"):
        content(tmp_path / "a.py", (1 << 20) - 1)


@pytest.mark.slow
def test_a_tree_deeper_than_the_stack(tmp_path):
    room = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=room)
        inner = os.open("d", os.O_RDONLY, dir_fd=room)
        os.close(room)
        room = inner
    os.close(room)
    (tmp_path / "a.py").write_text("x")
    try:
        assert read(tmp_path) == (["a.py"], ["more than 20 folders in each other: the inner ones were not read"])
    finally:
        limits.remove(tmp_path / "d")  # pytest would remove it by recursion


def test_more_files_than_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST", 3)
    for i in range(5):
        (tmp_path / f"{i}.py").write_text("x")
    assert read(tmp_path) == (["0.py", "1.py", "2.py"], ["more than 3 files: the others were not read"])
    monkeypatch.setattr(handed_in, "ENTRIES", 3)
    places, failed = read(tmp_path)
    assert len(places) <= 3
    assert failed[0] == "more than 3 files: the others were not read"


def test_more_bytes_than_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "ALL", 5 << 20)
    packed = archive({f"{i}.ipynb": bytes(2 << 20) for i in range(5)})
    assert len(packed) < 100_000
    (tmp_path / "a.zip").write_bytes(packed)
    assert read(tmp_path) == (["a.zip/0.ipynb", "a.zip/1.ipynb"], ["more than 5 MB in all: the others were not read"])


@pytest.mark.parametrize(("data", "reason"), [
    (archive({f"{i}.py": bytes((5 << 20) + 1) for i in range(5)}), "more than 8 MB in all"),
    (archive({f"{i}.py": "abcdef" for i in range(5)}, zipfile.ZIP_STORED).replace(b"abcdef", b"uvwxyz"),
     "more than 3 files"), (archive({"notes.txt": bytes(5 << 20)}, zipfile.ZIP_STORED), "more than 8 MB in all")])
def test_what_holds_no_answer_counts_too(tmp_path, monkeypatch, data, reason):
    """A file that is too large or damaged takes as much time as another, and so does an archive."""
    monkeypatch.setattr(handed_in, "MOST", 3)
    monkeypatch.setattr(handed_in, "ALL", 8 << 20)
    for i in range(2):
        (tmp_path / f"{i}.zip").write_bytes(data)
    places, failed = read(tmp_path)
    assert places == []
    assert reason in failed[-1]


def encrypted(data):
    """The archive, with the mark of encryption at its first entry, as in both of its lists."""
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.index(mark) + at
        data = data[:place] + bytes([data[place] | 1]) + data[place + 1:]
    return data


@pytest.mark.parametrize(("data", "reason", "others"), [
    (encrypted(archive({"a.py": "x", "b.py": "y"})), "a.py cannot be read: ValueError: it is encrypted", ["b.py"]),
    (archive({"a.py": "x"}, zipfile.ZIP_LZMA), "its kind of compression is unknown", []),
    (archive({"a.py": bytes(6 << 20), "b.py": "y"}), "a.py cannot be read: ValueError: more than 5 MB", ["b.py"]),
    (archive({"a.zip": archive({"a.zip": archive({"a.py": "x"})}), "b.py": "y"}), "archive in an archive in an", [
        "b.py"]),
    (b"PK\1\2" * 10_001, "more than 10000 files", []), (b"PK", "File is not a zip file", [])])
def test_an_archive_that_is_hostile_or_damaged(tmp_path, data, reason, others):
    (tmp_path / "w.zip").write_bytes(data)
    places, failed = read(tmp_path)
    assert places == [f"w.zip/{other}" for other in others]
    assert len(failed) == 1
    assert reason in failed[0]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM])
def test_an_error_of_the_machine_is_not_the_students(tmp_path, monkeypatch, number):
    def broken(*_, **__):
        raise OSError(number, os.strerror(number))
    (tmp_path / "a.py").write_text("x")
    with monkeypatch.context() as patch:
        patch.setattr(handed_in, "open_regular", broken)
        with pytest.raises(MachineError, match=os.strerror(number)):
            read(tmp_path)
    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(MachineError, match=os.strerror(number)):
        read(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("x")
    scandir = os.scandir

    def refused(path):
        if path == tmp_path / "inner":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)
    monkeypatch.setattr(os, "scandir", refused)
    assert read(tmp_path) == (["a.py"], ["a folder cannot be read: Permission denied"])


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/"), lambda path: path.write_text("x")])
def test_a_submission_is_a_folder(tmp_path, make):
    make(tmp_path / "work")
    with pytest.raises(GradingError, match="work is "):
        read(tmp_path / "work")
