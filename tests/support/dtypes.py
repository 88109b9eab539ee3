"""The dtypes of the arrays that a function makes, on the foreign device and on NumPy."""
import foreign_array
import numpy as np

from tinygan.ops import conv, elementwise, linear, normalise, reduce, shape
from tinygan.tensor import record


def born_on_foreign(monkeypatch, play):
    """The dtypes of all floating point arrays that are made on the foreign device while `play` runs."""
    seen, wrap = set(), foreign_array.wrap

    def watched(value, *args, **kwargs):
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
            seen.add(value.dtype.name)
        return wrap(value, *args, **kwargs)

    monkeypatch.setattr(foreign_array, "wrap", watched)
    play()
    monkeypatch.undo()
    return seen


def born_on_numpy(monkeypatch, play):
    """The dtypes of all recorded values and of all results of pull-backs while `play` runs."""
    seen = set()

    def watched(value, *paths):
        def ruled(rule):
            def rule_(*args):
                part = rule(*args)
                seen.add(part.dtype.name)
                return part
            return rule_
        seen.add(np.asarray(value).dtype.name)
        return record(value, *[(x, ruled(rule)) for x, rule in paths])

    for module in (conv, elementwise, linear, normalise, reduce, shape):
        monkeypatch.setattr(module, "record", watched)
    play()
    monkeypatch.undo()
    return seen
