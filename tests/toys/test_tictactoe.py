"""T41: tic-tac-toe; and the program that plays, through all games."""
import itertools

import numpy as np
import pytest

from tinygan import plots
from tinygan.toys.tictactoe import (
    EMPTY,
    OTHER,
    Census,
    alpha_beta,
    best_move,
    census,
    minimax,
    moves,
    outcome,
    play,
    put,
    tree,
    winner,
)


def positions():
    """Every board that can come up when x begins, with the player whose turn it is."""
    found, todo = {EMPTY: "x"}, [EMPTY]
    while todo:
        board = todo.pop()
        for cell in moves(board):
            after = put(board, cell, found[board])
            if after not in found:
                found[after] = OTHER[found[board]]
                todo.append(after)
    return found


POSITIONS = positions()


def test_t41_the_value_of_tic_tac_toe():
    minimax.cache_clear()
    assert minimax(EMPTY) == 0
    assert minimax.cache_info().currsize == len(POSITIONS) == 5478
    assert alpha_beta(EMPTY) == (0, 18_297)


@pytest.mark.slow
def test_t41_every_way_to_play():
    """Counted move by move, without the memory that `census` uses."""
    count = {1: 0, 0: 0, -1: 0}
    nodes, todo = 0, [(EMPTY, "x")]
    while todo:
        board, player = todo.pop()
        nodes += 1
        cells = moves(board)
        if cells:
            todo += [(put(board, cell, player), OTHER[player]) for cell in cells]
        else:
            count[outcome(board)] += 1
    assert census(EMPTY) == Census(nodes, count[1], count[-1], count[0]) == (549_946, 131_184, 77_904, 46_080)
    assert sum(count.values()) == 255_168


def test_t41_positions_up_to_symmetry():
    def least(board):
        square = np.array(list(board)).reshape(3, 3)
        return min("".join(np.rot90(s, i).ravel()) for s in (square, square.T) for i in range(4))
    assert len({least(board) for board in POSITIONS}) == 765


def test_t41_no_game_is_lost():
    """From every position the move keeps the value of the position; so all 255,168 games are covered, and more."""
    for board, player in POSITIONS.items():
        assert alpha_beta(board, player)[0] == minimax(board, player)
        if moves(board):
            after = put(board, best_move(board, player), player)
            assert minimax(after, OTHER[player]) == minimax(board, player)
    for me, ends in {"x": {0, 1}, "o": {0, -1}}.items():
        for first in "xo":
            assert outcomes(EMPTY, first, me) == ends


def outcomes(board, player, me):
    """The outcomes of the games in which `me` plays its best move and the other tries every move."""
    cells = [best_move(board, player)] if player == me and moves(board) else moves(board)
    if not cells:
        return {outcome(board)}
    return set().union(*(outcomes(put(board, cell, player), OTHER[player], me) for cell in cells))


def test_a_line_that_can_be_completed_is_completed():
    for board, player in POSITIONS.items():
        if any(winner(put(board, cell, player)) for cell in moves(board)):
            assert winner(put(board, best_move(board, player), player)) == player


def test_the_tree():
    text, value, branches = tree("xoxoo x  ")
    assert text == "xox\noo·\nx··"
    assert (value, [branch[1] for branch in branches]) == (-1, [-1, -1, -1])
    assert [len(branch[2]) for branch in branches] == [2, 2, 2]
    assert tree(EMPTY, depth=0)[2] == []

    def size(node):
        return 1 + sum(size(branch) for branch in node[2])
    assert size(tree("xo       ")) == census("xo       ").nodes
    image = plots.game_tree(tree("xoxoo x  "))
    assert image.dtype == np.uint8
    assert {(142, 202, 230), (238, 238, 238), (244, 169, 168)} & set(map(tuple, image.reshape(-1, 3))) == {
        (238, 238, 238), (244, 169, 168)}  # draws and games that o wins, none that x wins


@pytest.mark.parametrize("first", ["x", "o"])
def test_a_game_in_the_terminal(first):
    said = []
    answers = itertools.cycle("987654321")
    result = play(first, ask=lambda prompt: next(answers), say=said.append)
    assert result in ("", "o")
    assert said[-1] == {"o": "tinygan wins.", "": "A draw."}[result]
    assert said[0].startswith("You are x")


def test_bad_answers_are_asked_again_in_one_line():
    said, answers = [], iter(["", "x", "10", "0", "-1", "1.0", " 5 ", "5", "3"])
    with pytest.raises(StopIteration):
        play("x", ask=lambda prompt: next(answers), say=said.append)
    complaints = [line for line in said if "is not a free cell" in line]
    assert len(complaints) == 7  # the second 5 is taken
    assert complaints[0] == "'' is not a free cell: type one of 1 2 3 4 5 6 7 8 9"
    assert complaints[-1].startswith("'5' is not a free cell: type one of ")
    assert all("\n" not in line for line in complaints)
