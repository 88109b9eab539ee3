"""The capture of a stream, for the strict foreign array: launches are noted and undone, then replayed by a graph.

As on a device, nothing is computed while a stream is captured: when the capture ends, every array that was there before
has its values back, and the new ones hold none (NaN). A replay makes the noted calls again, on the same arrays and with
the same numbers as the capture: so a number that should have changed shows as a wrong result, and so does an array that
was new in each step.
"""
import numpy as np
from foreign_calls import count


class Recording:
    """The launches on a stream since its capture began."""

    def __init__(self):
        self.calls, self.before, self.born, self.pools, self.valid = [], {}, {}, [], True

    def touched(self, arrays):
        """Called before a launch, with its NumPy arguments: keeps their values, to restore them."""
        for array in arrays:
            root = _root(array)
            if id(root) not in self.born and id(root) not in self.before:
                self.before[id(root)] = root, root.copy()

    def launched(self, call, made):
        """Called after a launch, with a function that repeats it (new arrays go into a list), and its new arrays."""
        self.calls.append((call, made))

    def allocated(self, array, pool):
        """Called with a new array, and a weak reference to the pool that its memory is from."""
        if pool is None:
            raise RuntimeError("foreign: an array of a capture lies in the common pool, where others get its memory "
                               "while the graph still writes to it")
        self.born[id(_root(array))] = array
        self.pools.append(pool)

    def undo(self):
        """Nothing was computed."""
        for root, values in self.before.values():
            root[...] = values
        for array in self.born.values():
            array[...] = np.nan if array.dtype.kind in "fc" else 99

    def graph(self):
        """The graph that repeats the launches."""
        graph = object.__new__(Graph)
        graph._recording = self
        return graph


class Graph:
    """Launches with their arguments, made by the end of a capture."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("currently this class cannot be initiated by the user and must be created via stream "
                                  "capture")

    def launch(self, stream=None):
        """Makes all launches, as one."""
        if not all(pool() for pool in self._recording.pools):
            raise RuntimeError("foreign: the memory of the graph was freed")
        count(launched=1)
        for call, made in self._recording.calls:
            again = []
            call(again)
            for place, value in zip(made, again, strict=True):
                place._array[...] = value._array

    def upload(self, stream=None):
        """On a device: makes the first launch shorter."""


def _root(array):
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array
