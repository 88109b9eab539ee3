"""`tinygan play`: plays tic-tac-toe in the terminal."""
from __future__ import annotations

from tinygan.toys import tictactoe

ABOUT = "play tic-tac-toe against minimax: you are x"


def add(parser) -> None:
    parser.add_argument("--first", choices=("x", "o"), default="x", help="the player who begins (default: x)")


def run(options):
    try:
        tictactoe.play(options.first)
    except (EOFError, KeyboardInterrupt) as stop:
        print("\nThe game is left unfinished.")
        if isinstance(stop, KeyboardInterrupt):
            raise
