"""Tic-tac-toe by minimax: x maximises the value of the game, o minimises it (`minimax`).

A board is nine characters, row by row: "x", "o" or " ". The value is 1 if x wins, -1 if o wins, 0 for a draw.

>>> minimax(EMPTY), alpha_beta(EMPTY)       # a draw; 18,297 positions are visited instead of 549,946
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
    """The player with three marks in a line, or ""."""
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
    """The value of the game with best play of both sides, if it is `player`'s turn (`minimax-value`).

    Each of the 5,478 positions is computed once, although many orders of moves lead to the same board.
    """
    replies = [minimax(put(board, cell, player), OTHER[player]) for cell in moves(board)]
    if not replies:
        return outcome(board)
    return max(replies) if player == "x" else min(replies)


def alpha_beta(board: str, player: str = "x", alpha: int = -2, beta: int = 2) -> tuple[int, int]:
    """The same value without memory (`minimax-value`), and the number of positions that were visited.

    alpha and beta: the values that x and o can already guarantee with other moves. If alpha >= beta, one of them avoids
    this position, so the other replies are not visited. Source: Knuth & Moore 1975.
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
    """The first cell with the highest minimax value for the player; a move that completes a line comes first."""
    sign = 1 if player == "x" else -1

    def preference(cell):
        after = put(board, cell, player)
        return sign * minimax(after, OTHER[player]), winner(after) == player
    return max(moves(board), key=preference)


class Census(NamedTuple):
    """The counts of the game tree below a board: all positions, and the games that x wins, that o wins, and draws."""

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
    """The game tree as (text, value, branches) to a depth of `depth` moves, for `tinygan.plots.game_tree`."""
    below = [tree(put(board, cell, player), OTHER[player], depth - 1) for cell in moves(board)] if depth else []
    return "\n".join(board[i:i + 3].replace(" ", "·") for i in (0, 3, 6)), minimax(board, player), below


def drawn(board: str) -> str:
    """The board as text for the terminal; a free cell shows its number, 1 to 9.

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
    """Plays a game in the terminal: you are x, tinygan is o, `first` begins. Returns the winner, or "".

    ask: a function from a prompt to your answer, the number of a free cell; after another answer it is called again.
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
        say(f"{answer!r} is not a free cell: type one of {' '.join(free)}")
    return free[answer]
