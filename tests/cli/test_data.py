"""`tinygan data`: the data sets, and which of them are on this machine; a folder, and its contact sheet."""
import numpy as np
import pytest
from helpers import fails
from pictures import flat, save
from PIL import Image

from tinygan.cli import main


@pytest.fixture
def place(tmp_path):
    """The current folder, with images of three classes in `set`."""
    for name, count in {"1": 1, "10": 3, "2": 2}.items():
        for i in range(count):
            save(tmp_path / "set" / name / f"{i}.png", flat(40 * i))
    return tmp_path


def test_data_are_listed(capsys):
    assert main(["data"]) == 0
    assert "fashion" in capsys.readouterr().out


def test_a_folder_is_described_with_the_numbers_and_names_of_its_classes(place, capsys):
    assert main(["data", "set@8"]) == 0
    note, *lines = capsys.readouterr().out.splitlines()
    assert note.startswith("folder 'set': 6 images in grey, each cropped to its central square (8 pixels a side) and")
    assert [line.split() for line in lines] == [
        ["set@8:", "6", "images", "of", "8x8x1,", "3", "classes"],
        ["0", "1", "1", "image"], ["1", "10", "3", "images"], ["2", "2", "2", "images"],
        ["contact", "sheet:", "set@8-sheet.png"]]
    assert main(["data", "set/2"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["set/2: 2 images of 32x32x1, no classes",
                                                        "contact sheet: 2-sheet.png"]
    assert "unknown data 'sett', expected one of digits" in (line := fails(capsys, "data", "sett"))
    assert line.endswith("; did you mean set?")


def test_a_contact_sheet_replaces_no_file(place, capsys):
    (place / "set-sheet.png").write_text("mine")
    for number in (2, 3):
        assert main(["data", "set"]) == 0
        assert f"contact sheet: set-sheet-{number}.png\n" in capsys.readouterr().out
    assert (place / "set-sheet.png").read_text() == "mine"
    with Image.open("set-sheet-3.png") as picture:
        assert np.asarray(picture).std() > 1
    assert main(["data", "set", "-o", "own.png"]) == 0
    assert fails(capsys, "data", "set", "--out", "own.png") == (
        "tinygan data: --out: own.png exists already; remove it, or choose another name")
    assert "--out: own.txt ends in '.txt', expected .png" in fails(capsys, "data", "set", "--out", "own.txt")
    assert "--out: a contact sheet needs images" in fails(capsys, "data", "--out", "x.png")


def test_names_of_folders_cannot_command_the_terminal(tmp_path, capsys):
    name = "a\x1b[2J\nb"
    for i in range(2):
        save(tmp_path / name / f"\x9b{i}" / "x.png", flat(i))
    assert main(["data", name]) == 0
    said = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "contact sheet: a__2J_b-sheet.png" in said
