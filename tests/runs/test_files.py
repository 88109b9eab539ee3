"""Files of a run: written complete or not at all, and read as files that may have been damaged."""
import json
import os

import pytest
from helpers import one_line

from tinygan.runs.files import LONGEST_JSON, json_object, write


def test_a_file_is_written_and_written_again(tmp_path):
    for content in (b"first", b"", b"a longer one"):
        write(tmp_path / "a", content)
        assert (tmp_path / "a").read_bytes() == content
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced on Windows")
def test_who_reads_a_file_meanwhile_reads_one_that_is_complete(tmp_path):
    write(tmp_path / "a", b"old" * 10_000)
    with open(tmp_path / "a", "rb") as reader:
        assert reader.read(1) == b"o"
        write(tmp_path / "a", b"new")
        assert reader.read() == b"ld" + b"old" * 9_999
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_has_its_name_only_when_it_is_complete_on_the_disk(tmp_path, monkeypatch):
    events, fsync, replace = [], os.fsync, os.replace

    def look(old, new):
        events.append(("renamed", os.path.getsize(old), (tmp_path / "a").exists()))
        replace(old, new)
    monkeypatch.setattr(os, "fsync", lambda descriptor: events.append("synced") or fsync(descriptor))
    monkeypatch.setattr(os, "replace", look)
    write(tmp_path / "a", b"12345")
    assert events[:2] == ["synced", ("renamed", 5, False)]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_there_was(step, tmp_path, monkeypatch):
    write(tmp_path / "a", b"old")

    def refuse(*_):
        raise OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(OSError, match="No space left on device"):
            write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_folder_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "a", b"1")


@pytest.mark.parametrize("links", [True, False])
def test_the_one_before_is_kept_under_another_name(links, tmp_path, monkeypatch):
    if not links:
        def refuse(*_):
            raise OSError(1, "Operation not permitted")
        monkeypatch.setattr(os, "link", refuse)
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, b"1", keep=b)
    assert not b.exists()
    for new in (2, 3):
        write(a, b"%d" % new, keep=b)
        assert (a.read_bytes(), b.read_bytes()) == (b"%d" % new, b"%d" % (new - 1))
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_at_every_moment_there_is_a_file_of_that_name(tmp_path, monkeypatch):
    a, replace, seen = tmp_path / "a", os.replace, []
    write(a, b"1")
    monkeypatch.setattr(os, "replace", lambda old, new: seen.append(a.read_bytes()) or replace(old, new))
    for new in (b"2", b"3"):  # the second time there is one before the one before
        write(a, new, keep=tmp_path / "b")
    assert seen == [b"1", b"2"]


@pytest.mark.parametrize("value", [{}, {"a": [1, {"b": None}], "ä": "ö"}])
def test_an_object_is_read(value):
    assert json_object(json.dumps(value)) == value
    assert json_object(json.dumps(value, ensure_ascii=False, indent=2)) == value


@pytest.mark.parametrize(("text", "message"), [
    ("[1]", "expected an object, found a list"),
    ("null", "expected an object, found a NoneType"),
    ('"{}"', "expected an object, found a str"),
    ("", "Expecting value"),
    ('{"a": 1', "Expecting ',' delimiter"),
    ('{"a": ' * 10_000, "nested too deeply"),
    (" " * LONGEST_JSON + "{}", f"longer than {LONGEST_JSON} characters"),
])
def test_anything_else_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        json_object(text)
    one_line(caught)
