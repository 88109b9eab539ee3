"""Write `cupy_names.json`: every public name of the installed CuPy, and the parameters of its functions.

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
          "cupy.cuda", "cupy.cuda.Stream", "cupy.cuda.Graph", "cupy.cuda.MemoryPool"]


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


def parameters_of(function):
    """The names of a function's parameters without `self`, stars kept, or None where they are unknown."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # a compiled method: Cython writes the signature in the docstring's first line
        line = (function.__doc__ or "").partition("\n")[0]
        found = re.match(r"[\w.]+\((.*)\)( -> .*)?$", line)
        if not found:
            return None
        names = [part.partition("=")[0].split()[-1] for part in found[1].split(",") if part.strip()]
    else:
        stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
        names = [stars.get(parameter.kind, "") + name for name, parameter in signature.parameters.items()]
    return [name for name in names if name not in ("self", "*", "/")]


def dump():
    """The whole record, as it stands in the file."""
    import cupy

    record = {"version": cupy.__version__, "parameters": {}}
    for path, space in [(path, find(path)) for path in SPACES]:  # all found first: CuPy loads some of them lazily
        record[path] = names_of(space)
        for name in record[path]:
            value = getattr(space, name)
            if name.startswith("__") or path == "cupy.cuda" or isinstance(value, (type, cupy.ufunc)):
                continue
            if callable(value) and (parameters := parameters_of(value)) is not None:
                record["parameters"][f"{path}.{name}"] = parameters
    return record


if __name__ == "__main__":
    text = json.dumps(dump(), sort_keys=True, separators=(",", ":"))
    if sys.argv[1:] == ["--print"]:
        print(text)
    else:
        FILE.write_text(text + "\n")
