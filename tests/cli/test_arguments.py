"""Arguments of the command line: seeds, numbers, recipes, paths."""
from pathlib import Path

import pytest

from tinygan.cli import arguments, main


@pytest.mark.parametrize(("text", "seeds"), [
    ("0-9", list(range(10))), ("7", [7]), ("1,4,7-8", [1, 4, 7, 8]), ("3-3,3", [3])])
def test_seeds(text, seeds):
    assert arguments.seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-2-3", "-1", "1,,2", "0.5", "0,3-1", "0,1-2-3"])
def test_what_names_no_seeds_is_refused(text, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "ring", "--seeds", text])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"tinygan sweep: argument --seeds: {text!r} is no list of seeds, expected a text such as "
                     "0-9 or 1,4,7-8"]


def test_paths_begin_at_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert arguments.path("~/runs/x") == Path("/home/me/runs/x")
    assert arguments.path("runs/~x") == Path("runs/~x")


def test_codes_for_the_terminal_are_spelt_out(capsys):
    assert arguments.printable("a\x1b[2Jb\n c\x9b é\U0001f600") == r"a\x1b[2Jb c\x9b é😀"
    main(["sample", "run\x1b[2J"])
    assert capsys.readouterr().err == "tinygan sample: run\\x1b[2J: there is no run here (no config.json)\n"
