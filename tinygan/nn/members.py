"""Finds the parameters and modules in the attributes of a module, also in lists, tuples and dicts."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from types import SimpleNamespace

import numpy as np

from tinygan.tensor import Tensor

PLAIN = {int, float, bool, str, bytes, range, type(None), np.ndarray}  # types of attributes without parameters: most


def collect(name: str, value, kinds: tuple[type, ...], found: list) -> list:
    """Adds to `found` the pairs (name, member) of those kinds in the value of an attribute, at any depth."""
    if isinstance(value, kinds):
        found.append((name, value))
    elif isinstance(value, (dict, list, tuple)):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            collect(f"{name}.{key}" if name else str(key), member, kinds, found)
    elif (type(value) not in PLAIN or _is_object_array(value)) and any(isinstance(v, kinds) for v in _inside(value)):
        raise TypeError(f"{name} is a {type(value).__name__}, in which layers and parameters are not found; write a "
                        "list or a dict")
    return found


def _is_object_array(value):
    return type(value) is np.ndarray and value.dtype.hasobject


def _inside(value):
    """The members of a set, a deque, another container, a dataclass, a namespace or an array of objects."""
    if isinstance(value, np.ndarray):
        return value.flat
    if isinstance(value, SimpleNamespace) or is_dataclass(value):
        return getattr(value, "__dict__", {}).values()
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, Collection) else ()


def check_class(cls, kinds: tuple[type, ...]) -> None:
    """TypeError where a class of modules keeps layers or parameters at a place at which they are not found."""
    for name, value in vars(cls).items():
        if (type(value) not in PLAIN or _is_object_array(value)) and collect(name, value, kinds, []):
            raise TypeError(f"{cls.__name__}: {name} belongs to the class, so all its networks would share it; write "
                            f"self.{name} = ... in __init__")
    if vars(cls).get("__slots__"):
        raise TypeError(f"{cls.__name__}: layers and parameters in __slots__ are not found; leave __slots__ out")


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
