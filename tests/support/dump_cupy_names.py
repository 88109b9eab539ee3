"""Write `cupy_names.json`: every public name of the installed CuPy, and the signatures of its functions.

    python tests/support/dump_cupy_names.py           # writes the file
    python tests/support/dump_cupy_names.py --print   # writes to standard output

CuPy imports without a GPU, so this runs anywhere the wheel is installed. Names are listed, nothing is called.
"""

import importlib
import inspect
import json
import re
import sys
import types
from pathlib import Path

FILE = Path(__file__).with_name("cupy_names.json")
SPACES = ["cupy", "cupy.ndarray", "cupy.random", "cupy.random.Generator", "cupy.linalg", "cupy.lib.stride_tricks",
          "cupy.cuda", "cupy.cuda.Stream", "cupy.cuda.Graph", "cupy.cuda.MemoryPool", "cupy.cuda.Event",
          "cupy.cuda.Device", "cupy.cuda.runtime"]


def find(path):
    """The module or class at a dotted path."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        owner, _, name = path.rpartition(".")
        return getattr(find(owner), name)


def names_of(space):
    """The names a user may rely on: of a module the public ones that are its own, of a class the dunders as well."""
    if inspect.isclass(space):
        return sorted(name for name in dir(space) if not name.startswith("_") or re.fullmatch("__.*__", name))

    def own(name):
        value = getattr(space, name)
        imported = isinstance(value, types.ModuleType) and not value.__name__.startswith("cupy")
        return not name.startswith("_") and name != "annotations" and not imported

    return sorted(filter(own, dir(space)))


def signature_of(function):
    """The signature as Python writes it, without `self`, types and defaults ("a, axis=..., *, out=..."), or None."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # a compiled function: Cython writes the signature in the docstring's first line
        found = re.match(r"[\w.]+\((.*)\)( -> .*)?$", (function.__doc__ or "").partition("\n")[0])
        if not found:
            return None
        parts = [part.strip().replace("\\", "") for part in re.split(r",(?![^(]*\))", found[1]) if part.strip()]
        names = [part.partition("=")[0].split()[-1] + "=..." * ("=" in part) for part in parts]
    else:
        bare = [p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else ...)
                for p in signature.parameters.values()]
        names = str(signature.replace(parameters=bare, return_annotation=signature.empty))[1:-1].split(", ")
        names = [name.replace("=Ellipsis", "=...") for name in names if name]
    own = names[1:] if names[:1] == ["self"] else names
    return ", ".join(own[1:] if own[:1] == ["/"] else own)


def dump():
    """The whole record, as it stands in the file."""
    import cupy

    record = {"version": cupy.__version__, "signatures": {}}
    for path, space in [(path, find(path)) for path in SPACES]:  # all found first: CuPy loads some of them lazily
        record[path] = names_of(space)
        for name in record[path]:
            value = getattr(space, name)
            if callable(value) and not name.startswith("__") and getattr(value, "__module__", "") != "numpy":
                signature = signature_of(value)
                if signature is not None and "[" not in signature:  # such as divmod(x1, x2[, out1, out2], ...)
                    record["signatures"][f"{path}.{name}"] = signature
    return record


if __name__ == "__main__":
    text = json.dumps(dump(), sort_keys=True, separators=(",", ":"))
    if sys.argv[1:] == ["--print"]:
        print(text)
    else:
        FILE.write_text(text + "\n")
