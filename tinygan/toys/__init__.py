"""Toy games: two players of one number each, tables of payoffs, tic-tac-toe."""
