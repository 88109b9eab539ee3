"""Tic-tac-toe by minimax: x wants the value of the game large, o wants it small (`minimax`).

A board is nine characters, row by row: "x", "o" or " ". The value is 1 where x wins, -1 where o does, 0 for a draw.

>>> minimax(EMPTY), alpha_beta(EMPTY)       # a draw; seen by looking at 18,297 positions instead of 549,946
(0, (0, 18297))
>>> census(EMPTY)
Census(nodes=549946, x=131184, o=77904, draws=46080)
"""
from __future__ import annotations

import functools
from typing import NamedTuple

EMPTY = " " * 9
LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
OTHER = {"x": "o", "o": "x"}


def winner(board: str) -> str:
    """The player who has three in a line, or ""."""
    for i, j, k in LINES:
        if board[i] == board[j] == board[k] != " ":
            return board[i]
    return ""


def moves(board: str) -> list[int]:
    """The free cells, 0 to 8, row by row; none once the game is over."""
    return [] if winner(board) else [i for i, mark in enumerate(board) if mark == " "]


def put(board: str, cell: int, player: str) -> str:
    """The board after a move."""
    return board[:cell] + player + board[cell + 1:]


def outcome(board: str) -> int:
    """The value of a finished game."""
    return {"x": 1, "o": -1, "": 0}[winner(board)]


@functools.cache
def minimax(board: str, player: str = "x") -> int:
    """The value that x can be sure of, and o too, when it is `player`'s turn (`minimax-value`).

    Each expects the best reply. Each of the 5,478 positions is worked out once: the same board is reached on many ways.
    """
    replies = [minimax(put(board, cell, player), OTHER[player]) for cell in moves(board)]
    if not replies:
        return outcome(board)
    return max(replies) if player == "x" else min(replies)


def alpha_beta(board: str, player: str = "x", alpha: int = -2, beta: int = 2) -> tuple[int, int]:
    """The same value without memory (`minimax-value`), and how many positions were looked at.

    alpha and beta: what x and o are sure of elsewhere. Once alpha >= beta one of them will not let the game come here,
    and the other replies need no look. Source: Knuth & Moore 1975.
    """
    cells, nodes = moves(board), 1
    if not cells:
        return outcome(board), nodes
    for cell in cells:
        value, seen = alpha_beta(put(board, cell, player), OTHER[player], alpha, beta)
        nodes += seen
        if player == "x":
            alpha = max(alpha, value)
        else:
            beta = min(beta, value)
        if alpha >= beta:
            break
    return alpha if player == "x" else beta, nodes


def best_move(board: str, player: str) -> int:
    """The first cell with the highest minimum for the player; a line that can be completed now comes before others."""
    sign = 1 if player == "x" else -1

    def worth(cell):
        after = put(board, cell, player)
        return sign * minimax(after, OTHER[player]), winner(after) == player
    return max(moves(board), key=worth)


class Census(NamedTuple):
    """What the whole tree below a board holds: its positions, counted on every way, and its games by their ends."""

    nodes: int
    x: int
    o: int
    draws: int


@functools.cache
def census(board: str, player: str = "x") -> Census:
    """Counts the tree below a board."""
    parts = [census(put(board, cell, player), OTHER[player]) for cell in moves(board)]
    if not parts:
        return Census(1, *(int(outcome(board) == value) for value in (1, -1, 0)))
    nodes, *ends = (sum(counts) for counts in zip(*parts))
    return Census(1 + nodes, *ends)


def tree(board: str, player: str = "x", depth: int = 9) -> tuple:
    """The game tree as (text, value, branches), to `depth` moves: for `tinygan.plots.game_tree`."""
    below = [tree(put(board, cell, player), OTHER[player], depth - 1) for cell in moves(board)] if depth else []
    return "\n".join(board[i:i + 3].replace(" ", "·") for i in (0, 3, 6)), minimax(board, player), below


def drawn(board: str) -> str:
    """The board in the terminal; a free cell shows its number, 1 to 9.

    >>> print(drawn("x   o    "))
     x | 2 | 3
    ---+---+---
     4 | o | 6
    ---+---+---
     7 | 8 | 9
    """
    marks = [mark if mark != " " else str(i + 1) for i, mark in enumerate(board)]
    return "\n---+---+---\n".join(" " + " | ".join(marks[i:i + 3]) for i in (0, 3, 6))


def play(first: str = "x", ask=input, say=print) -> str:
    """A game in the terminal: you are x, tinygan is o, `first` begins. Returns the winner, or "".

    ask: gets a prompt and returns your answer, the number of a free cell; another answer is asked for again.
    """
    board, player = EMPTY, first
    say(f"You are x, tinygan is o. Type the number of a cell.\n\n{drawn(board)}\n")
    while cells := moves(board):
        cell = _asked(cells, ask, say) if player == "x" else best_move(board, "o")
        board, player = put(board, cell, player), OTHER[player]
        if player == "x" or not moves(board):
            say(f"\n{drawn(board)}\n")
    say({"x": "You win.", "o": "tinygan wins.", "": "A draw."}[winner(board)])
    return winner(board)


def _asked(cells, ask, say) -> int:
    free = {str(cell + 1): cell for cell in cells}
    while (answer := ask("x plays: ").strip()) not in free:
        say(f"{answer!r} is no free cell: type one of {' '.join(free)}")
    return free[answer]
