"""Files of a run: written complete or not at all, and read as files that may have been damaged."""
import json
import os
from pathlib import Path

import pytest
from helpers import one_line

from tinygan.runs import files
from tinygan.runs.files import LONGEST_JSON, aside, json_object, newest, read_text, render, write


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
    ('{"a": ' * 10_000, "nested too deeply|Expecting value"),  # Python 3.14 reads it to its end
    (" " * LONGEST_JSON + "{}", f"longer than {LONGEST_JSON} characters"),
])
def test_anything_else_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        json_object(text)
    one_line(caught)


@pytest.fixture
def held(monkeypatch):
    """Names of files that another program holds open, as on Windows: they are neither replaced nor removed."""
    names, replace, unlink = set(), os.replace, Path.unlink

    def free(place):
        if Path(place).name in names:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
    monkeypatch.setattr(os, "replace", lambda old, new: (free(old), free(new), replace(old, new)))
    monkeypatch.setattr(Path, "unlink", lambda path, **options: (free(path), unlink(path, **options)))
    monkeypatch.setattr(files, "PAUSES", (0.0, 0.0))
    return names


def test_a_file_that_is_held_open_is_tried_for_a_second_or_two():
    assert list(files.PAUSES) == sorted(files.PAUSES)
    assert files.PAUSES[0] > 0
    assert 1 < sum(files.PAUSES) < 3


def test_new_content_of_a_file_that_is_held_open_gets_another_name(tmp_path, held):
    path = tmp_path / "history.csv"
    write(path, b"old")
    held.add("history.csv")
    for content in (b"newer", b"newest"):
        with pytest.warns(UserWarning, match="held|holds") as caught:
            write(path, content)
        assert one_line(caught) == (f"{path} cannot be replaced while another program holds it open; its new content "
                                    "is in history.new.csv")
        assert (path.read_bytes(), newest(path).read_bytes()) == (b"old", content)
    held.clear()
    write(path, b"last")
    assert newest(path) == path
    assert path.read_bytes() == b"last"
    assert os.listdir(tmp_path) == ["history.csv"]


def test_new_content_under_another_name_may_be_held_open_too(tmp_path, held):
    """As in a spreadsheet that shows history.new.csv; the file itself is the newest again."""
    path = tmp_path / "config.json"
    write(path, b"{}")
    held.add("config.json")
    with pytest.warns(UserWarning, match="holds it open"):
        write(path, b'{"steps": 2}')
    assert read_text(path) == '{"steps": 2}'
    held.symmetric_difference_update({"config.json", "config.new.json"})
    write(path, b'{"steps": 3}')
    assert aside(path).exists()
    assert read_text(path) == '{"steps": 3}'


def test_a_file_that_is_held_open_for_a_moment_is_replaced(tmp_path, held, monkeypatch):
    write(tmp_path / "a", b"old")
    held.add("a")
    monkeypatch.setattr(files.time, "sleep", lambda _: held.clear())
    write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert not aside(tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["b", "a"])
def test_the_one_before_is_not_needed_to_write_a_new_one(name, tmp_path, held):
    a, b = tmp_path / "a", tmp_path / "b"
    for content in (b"1", b"2"):
        write(a, content, keep=b)
    held.add(name)
    if name == "b":
        write(a, b"3", keep=b)
    else:
        with pytest.warns(UserWarning, match="its new content is in a.new"):
            write(a, b"3", keep=b)
    assert newest(a).read_bytes() == b"3"
    assert b.read_bytes() == (b"1" if name == "b" else b"2")


def test_what_a_function_saves_is_written(tmp_path):
    render(tmp_path / "a", lambda file, *parts: [file.write(part) for part in parts], b"1", b"2")
    assert (tmp_path / "a").read_bytes() == b"12"
    assert newest(tmp_path / "nothing") == tmp_path / "nothing"
