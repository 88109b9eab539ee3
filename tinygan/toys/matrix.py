"""Games in a table: payoff[i, j] is what the first player gets from the second, when they play i and j.

>>> PENNIES
array([[ 1, -1],
       [-1,  1]])
>>> max_min(PENNIES), min_max(PENNIES)      # who has to show first loses
(-1.0, 1.0)
>>> mixed(PENNIES)                          # unless both toss their coins
(0.0, array([0.5, 0.5]), array([0.5, 0.5]))
"""
from __future__ import annotations

import numpy as np

PENNIES = np.array([[1, -1], [-1, 1]])


def max_min(payoff) -> float:
    """What the first player is sure to get when it shows its row (`max-min`): max over i of min over j; never above
    `min_max`."""
    return float(_table("max_min", payoff).min(axis=1).max())


def min_max(payoff) -> float:
    """What the second player is sure to pay at most when it shows its column (`min-max`): min over j of max over i."""
    return float(_table("min_max", payoff).max(axis=0).min())


def mixed(payoff) -> tuple[float, np.ndarray, np.ndarray]:
    """The value of a 2x2 game in which moves may be drawn, and the two laws (`mixed-value`): max-min and min-max meet.

    Without a saddle point, p makes both columns cost the same, p a + (1 - p) c = p b + (1 - p) d, and q both rows.
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
