"""Finds the parameters and modules in the attributes of a module, also in lists, tuples and dicts."""
from __future__ import annotations

import numpy as np

from tinygan.tensor import Tensor

PLAIN = {int, float, bool, str, type(None), np.ndarray}  # types of attributes that hold no parameters: most of them


def collect(name: str, value, kinds: tuple[type, ...], found: list) -> list:
    """Adds to `found` the pairs (name, member) of those kinds in the value of an attribute, at any depth."""
    if isinstance(value, kinds):
        found.append((name, value))
    elif isinstance(value, (dict, list, tuple)):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            collect(f"{name}.{key}" if name else str(key), member, kinds, found)
    elif isinstance(value, (set, frozenset)) and any(isinstance(v, kinds) for v in value):
        raise TypeError(f"{name} is a set, which has no order; write a list of its layers or parameters")
    return found


def first_of(value, kind: type, module: type):
    """A member of that kind in a module, or in the value of an attribute, at any depth; None if there is none."""
    if isinstance(value, kind):
        return value
    members = vars(value) if isinstance(value, module) else value
    if isinstance(members, (dict, list, tuple)):
        for member in members.values() if isinstance(members, dict) else members:
            if (found := first_of(member, kind, module)) is not None:
                return found
    return None


def replaced(value, new: dict):
    """The value of an attribute with the Tensors that are keys of `new` replaced, at any depth."""
    if isinstance(value, Tensor):
        return new.get(value, value)
    if isinstance(value, dict):
        return {key: replaced(v, new) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        members = [replaced(v, new) for v in value]
        return members if isinstance(value, list) else getattr(value, "_make", tuple)(members)
    return value


def is_setting(value) -> bool:
    """Whether `repr` shows the value of an attribute: numbers, words, and tuples of them."""
    return isinstance(value, (int, float, str)) or (isinstance(value, tuple) and all(map(is_setting, value)))
