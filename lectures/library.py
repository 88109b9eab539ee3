"""The book's pages of the library: one for each module, the rooms in which they stand, and one for the names of `tg`.

All text is read from docstrings: plain text with `names`, lists, examples and indented formulas. `rst` turns it into
reStructuredText.
"""
from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import equations

import tinygan

# The rooms of the house, in the order in which a reader meets them, and the modules and folders of tinygan in each. The
# last room has all others.
ROOMS = {
    "The engine: Tensor, operations, gradients": ["tensor", "ops", "check", "diagnosis"],
    "Layers": ["nn"],
    "Objectives and updates": ["objectives", "penalties", "updates", "divergences", "latent"],
    "The game": ["game"],
    "Toy games": ["toys"],
    "The zoo: recipes and their networks": ["zoo"],
    "Data": ["data"],
    "Metrics": ["metrics"],
    "Pictures and notebooks": ["plots", "notebook"],
    "Runs on disk": ["runs"],
    "The command line": ["cli"],
    "The doctor": ["doctor"],
    "The laboratory": ["lab"],
    "Exchange with PyTorch and ONNX": ["exchange"],
    "Grading": ["grading"],
    "Arrays, devices and fast forms": ["backend"],
    "Several processes": ["distributed"],
    "Everything else": [],
}


def modules() -> list[str]:
    """The modules that have a page."""
    return sorted(m.name for m in pkgutil.walk_packages(tinygan.__path__, "tinygan.") if not m.ispkg
                  and "__main__" not in m.name and "build_" not in m.name)


def rooms() -> dict[str, list[str]]:
    """The modules of each room; within a room in the order in which the table names their files and folders."""
    parts = {part: (title, i) for title, names in ROOMS.items() for i, part in enumerate(names)}
    found: dict[str, list[tuple[int, str]]] = {title: [] for title in ROOMS}
    for module in modules():
        title, place = parts.get(module.split(".")[1], (list(ROOMS)[-1], 0))
        found[title].append((place, module))
    return {title: [module for _, module in sorted(names)] for title, names in found.items() if names}


def pages() -> dict[str, str]:
    """The text of each page, by name."""
    found = {name: f"{_heading(_short(name), '=')}.. automodule:: {name}\n   :members:\n" for name in modules()}
    return {"index": _index(), "tg": _names(), **found}


def _index() -> str:
    """The rooms, and in each room its modules, with a line for each."""
    text = [_heading("The library", "="),
            "Its pages are the docstrings of the code. :doc:`tg` lists the names of ``import tinygan as tg``, and "
            ":doc:`/operations` has the rules of each; :doc:`/design` explains how the rooms depend on one another.\n"]
    for title, names in rooms().items():
        folders = dict.fromkeys(name.split(".")[1] for name in names if name.count(".") > 1)
        text += [*[f".. _room-{folder}:\n" for folder in folders], _heading(title, "-"),
                 *[f"{rst(first_paragraph(f'tinygan.{folder}'))}\n" for folder in folders],
                 _table([(f":doc:`{_short(name)} <{name}>`", rst(first_paragraph(name))) for name in names]),
                 ".. toctree::\n   :hidden:\n\n   " + "\n   ".join(names) + "\n"]
    return "\n".join(text)


def _names() -> str:
    """The names of `tinygan`, by the modules that define them: functions and classes first, then rooms."""
    owners: dict[str, list[tuple[str, str]]] = {}
    folders = []
    for name in tinygan.__all__:
        found = inspect.unwrap(getattr(tinygan, name))
        if inspect.ismodule(found):
            is_folder = hasattr(found, "__path__")
            where = f":ref:`tg.{name} <room-{name}>`" if is_folder else f":doc:`tg.{name} <{found.__name__}>`"
            folders.append((where, f"{rst(first_paragraph(found.__name__))} {_contents(found)}"))
        else:
            target = f"{found.__module__}.{found.__qualname__}"
            owners.setdefault(found.__module__, []).append(
                (f":py:obj:`tg.{name} <{target}>`", rst(_first(inspect.getdoc(found) or ""))))
    order = {module: i for i, module in enumerate(name for names in rooms().values() for name in names)}
    text = [_heading("The names of tg", "="),
            "All names of ``import tinygan as tg``. Each leads to its place in the library, with its arguments and "
            "examples.\n"]
    for module in sorted(owners, key=order.__getitem__):
        text += [_heading(_short(module), "-"), f"{rst(first_paragraph(module))}\n",
                 _table(owners[module])]
    return "\n".join([*text, _heading("Rooms", "-"), _table(folders)])


def _contents(module: Any) -> str:
    """Links to the public names of a folder."""
    names = [(name, inspect.unwrap(getattr(module, name))) for name in getattr(module, "__all__", [])]
    return ", ".join(f":py:obj:`{name} <{found.__module__}.{found.__qualname__}>`" for name, found in names
                     if hasattr(found, "__qualname__"))


def first_paragraph(module: str) -> str:
    """The first paragraph of a module's docstring, read without importing the module, which may need an extra."""
    path = Path(tinygan.__file__).parent.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _first(ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "")


def _first(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _short(module: str) -> str:
    return module.removeprefix("tinygan.")


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n"


def _table(rows: list[tuple[str, str]]) -> str:
    lines = [".. list-table::", "   :class: names", "   :widths: 30 70", ""]
    return "\n".join([*lines, *[f"   * - {name}\n     - {text}" for name, text in rows], ""])


def rst(text: str) -> str:
    """A paragraph of a docstring in reStructuredText: `names` as code, citations as links, other signs as they are."""
    text = equations.cite(text, ":eq:`%s`".__mod__)
    return re.sub(r":eq:`[^`]+`|`([^`]+)`|[\\*|_@]", lambda m: f"``{m[1]}``" if m[1] else m[0] if m[0][0] == ":"
                  else "\\" + m[0], text)


def docstring(text: str) -> str:
    """A whole docstring in reStructuredText."""
    done = []
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.lstrip().startswith(">>>"):
            done.append(paragraph)
        elif paragraph.startswith(" "):
            done.append("::\n\n" + paragraph)
        else:
            done.append(re.sub(r"\n(?=- )", "\n\n", rst(paragraph), count=1))
    return "\n\n".join(done)
