"""The history of a game: a column for each recorded quantity, eight bytes a number."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

COLUMNS = ("step", "d_value", "d_real", "d_fake", "d_gradient", "g_value", "g_gradient")


class Column(Sequence):
    """A growing sequence of numbers: it reads like a list, and NumPy takes it as an array.

    A list stores a Python object for each number and needs four times as much memory.

    >>> column = Column([0.5])
    >>> column.append(2)
    >>> column[-1], len(column), np.mean(column)
    (2.0, 2, np.float64(1.25))
    """

    def __init__(self, numbers: Iterable[float] = (), dtype=np.float64):
        self._room = np.array(numbers, dtype)
        self._count = len(self._room)

    def append(self, number: float) -> None:
        """Adds a number at the end."""
        if self._count == len(self._room):  # a new array, an eighth larger: views of the old one stay valid
            self._room = np.append(self._room, np.zeros(16 + self._count // 8, self._room.dtype))
        self._room[self._count] = number
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index):
        return self._room[:self._count][index].tolist()

    def __iter__(self):
        return iter(self[:])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self._room[:self._count], dtype)

    def __eq__(self, other) -> bool:
        return self[:] == list(other)

    def __repr__(self) -> str:
        return repr(self[:])


def empty() -> dict[str, Column]:
    """A history without rows; the column `step` holds whole numbers."""
    return {name: Column(dtype=np.int64 if name == "step" else np.float64) for name in COLUMNS}
