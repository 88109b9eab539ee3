"""Names of an earlier release that a module still answers to, with a DeprecationWarning."""
from __future__ import annotations

import sys
import warnings


def old_names(module: str, **names: str) -> None:
    """Lets a module answer to its names of release 0.1 too: `old_names(__name__, old="new")`.

    It sets the module's `__getattr__` (PEP 562) from here, unseen by a type checker, which would else allow any name.
    """
    def find(name):
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is of release 0.1; use {names[name]}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], names[name])
    sys.modules[module].__getattr__ = find  # type: ignore[method-assign]
