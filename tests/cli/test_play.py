"""`tinygan play`: tic-tac-toe in the terminal, and the ways to leave it."""
import io

import pytest

from tinygan.cli import main


@pytest.mark.parametrize("first", ["x", "o"])
def test_play_a_game_of_tic_tac_toe(first, monkeypatch, capsys):
    answers = io.StringIO("5\n5\nnonsense\n" + "".join(f"{cell}\n" for cell in 2 * "123456789"))
    monkeypatch.setattr("sys.stdin", answers)
    assert main(["play", "--first", first]) == 0
    out = capsys.readouterr().out
    assert "'nonsense' is not a free cell: type one of " in out
    assert out.splitlines()[-1] in ("A draw.", "tinygan wins.")


class Interrupted(io.StringIO):
    """A terminal where Ctrl-C is pressed."""

    def readline(self, *_):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("stdin", "status"), [(io.StringIO("5\n"), 0), (io.StringIO(), 0), (Interrupted(), 130)])
def test_a_game_that_is_left_ends_cleanly(stdin, status, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["play"]) == status
    captured = capsys.readouterr()
    assert captured.out.endswith("\nThe game is left unfinished.\n")
    assert captured.err == ""
