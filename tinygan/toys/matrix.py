"""Matrix games: payoff[i, j] is the payment of the second player to the first if they play i and j.

>>> PENNIES
array([[ 1, -1],
       [-1,  1]])
>>> max_min(PENNIES), min_max(PENNIES)      # the player who moves first loses
(-1.0, 1.0)
>>> mixed(PENNIES)                          # but not if both toss their coins
(0.0, array([0.5, 0.5]), array([0.5, 0.5]))
"""
from __future__ import annotations

import numpy as np

PENNIES = np.array([[1, -1], [-1, 1]])


def max_min(payoff) -> float:
    """The payoff that the first player can guarantee if it moves first (`max-min`): max over i of min over j.

    It is never above `min_max`.
    """
    return float(_table("max_min", payoff).min(axis=1).max())


def min_max(payoff) -> float:
    """The most that the second player must pay if it moves first (`min-max`): min over j of max over i."""
    return float(_table("min_max", payoff).max(axis=0).min())


def mixed(payoff) -> tuple[float, np.ndarray, np.ndarray]:
    """The value of a 2x2 game with mixed strategies, and the two strategies (`mixed-value`): max-min equals min-max.

    Without a saddle point, p makes the payoffs of both columns equal, p a + (1 - p) c = p b + (1 - p) d, and q those of
    both rows.
    Source: von Neumann 1928.
    """
    table = _table("mixed", payoff)
    if table.shape != (2, 2):
        raise ValueError(f"mixed: payoff {table.shape}, expected (2, 2)")
    if max_min(table) == min_max(table):
        i, j = int(table.min(axis=1).argmax()), int(table.max(axis=0).argmin())
        return max_min(table), np.eye(2)[i], np.eye(2)[j]
    (a, b), (c, d) = table
    total = a + d - b - c
    p, q = (d - c) / total, (d - b) / total
    return float((a * d - b * c) / total), np.array([p, 1 - p]), np.array([q, 1 - q])


def _table(name, payoff):
    table = np.asarray(payoff, float)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"{name}: payoff {table.shape}, expected rows and columns")
    return table
