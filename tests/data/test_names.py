"""How data are named: sets before folders, ~ and relative paths, sizes; the text that a run keeps; equal places."""
from pathlib import Path

import numpy as np
import pytest

from tinygan.data import DataError, load, load_sequences, names, sets
from tinygan.zoo.sources import SOURCES


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The current folder, which has photos, a link to it and me@8; the home folder, which has photos and seq.npy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    for folder in ("photos", "me@8", "home/photos"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "linked").symlink_to("photos")
    np.save("home/seq.npy", np.zeros((3, 4, 1)))
    return tmp_path


def test_every_set_has_a_name():
    assert set(names.IMAGES) == set(sets.LOADERS)
    assert set(names.DRAWN) == set(SOURCES)


@pytest.mark.parametrize(("text", "kept"), [
    ("digits", "digits"), ("ring", "ring"), ("photos", "photos"), ("./photos/", "photos"), ("photos@64", "photos@64"),
    ("linked@64", "photos@64"), ("~/photos", "home/photos"), ("~/photos@28", "home/photos@28"),
    ("~/seq.npy", "home/seq.npy"), ("me@8", "me@8"), ("me@8@16", "me@8@16"), (Path("photos"), "photos")])
def test_a_run_keeps_a_name_or_the_whole_path(text, kept, place):
    whole = kept if kept in names.NAMES else str(place / kept)
    assert names.locate(text) == names.locate(whole) == whole
    assert names.is_same(str(text), whole)


@pytest.mark.parametrize("text", ["phtos", "none@64", "nothing/at/all", "none.npy", "photos@x", r"C:\photos"])
def test_a_text_that_means_nothing_here_stays(text):
    assert names.locate(text) == text


@pytest.mark.parametrize(("a", "b", "same"), [
    ("photos", "photos@32", True), ("photos", "linked", True), ("photos@28", "./photos/../photos@28", True),
    ("photos", "photos@28", False), ("photos", "~/photos", False), ("digits", "./digits", False),
    ("digits", "digits14", False), ("gone/photos", "./gone/photos", True), ("gone", "photos", False)])
def test_texts_are_the_same_where_the_data_are(a, b, same):
    assert names.is_same(a, b) is names.is_same(b, a) is same


def test_a_set_comes_before_a_folder_and_a_word_says_so(place):
    for name in ("ring", "digits"):
        (place / name).mkdir()
        word = rf"^data '{name}' is the set of this name; for the folder write \./{name}$"
        with pytest.warns(UserWarning, match=word):
            assert names.locate(name) == name
        assert names.locate(f"./{name}") == names.locate(Path(name)) == str(place / name)
        with pytest.raises(DataError, match=rf"'{name}@14': only a folder takes a size; .* write \./{name}@14$"):
            names.parse(f"{name}@14")
        assert names.parse(f"./{name}@14") == (Path(name), 14)
    (place / "ring" / "config.json").touch()  # a run
    assert names.locate("ring") == "ring"  # no warning: it would be an error here


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_text_is_refused(text):
    for read in (names.locate, load):
        with pytest.raises(DataError, match=f"unknown data '{text}', expected one of digits"):
            read(text)


def test_an_unknown_home_is_refused():
    with pytest.raises(DataError, match="'~no-such-user-here/x' cannot be a folder"):
        names.parse("~no-such-user-here/x")


def test_two_sizes_are_refused():
    with pytest.raises(DataError, match="'photos@64' has a size of its own, and size is 14"):
        load("photos@64", size=14)


def test_sequences_are_found_at_home():
    assert load_sequences("~/seq.npy").shape == (3, 4, 1)
