"""Names of an earlier release that a module still answers to, with a DeprecationWarning."""
from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any


def old_names(module: str, **names: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module whose names were others in release 0.1: `__getattr__ = old_names(__name__, a="b")`.

    names: the new name, by the old one.
    """
    def find(name):
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is of release 0.1; use {names[name]}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], names[name])
    return find
