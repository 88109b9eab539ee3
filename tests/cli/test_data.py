"""`tinygan data`: the data sets, and which of them are on this machine."""
from helpers import fails
from pictures import flat, save

from tinygan.cli import main


def test_data_are_listed(capsys):
    assert main(["data"]) == 0
    assert "fashion" in capsys.readouterr().out


def test_a_folder_is_described_with_the_numbers_and_names_of_its_classes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, count in {"1": 1, "10": 3, "2": 2}.items():
        for i in range(count):
            save(tmp_path / "set" / name / f"{i}.png", flat(i))
    assert main(["data", "set@8"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["set@8:", "6", "images", "of", "8x8x1,", "3", "classes"],
        ["0", "1", "1", "images"], ["1", "10", "3", "images"], ["2", "2", "2", "images"]]
    assert main(["data", "set/2"]) == 0
    assert capsys.readouterr().out == "set/2: 2 images of 32x32x1, no classes\n"
    assert "unknown data 'sett'" in fails(capsys, "data", "sett")
