"""The contract between lectures and library: where an equation stands, its oracle, and the functions that cite it.

An equation is `$$ ... $$ (slug)` in a lecture; the Python block after it defines its oracle, named like the slug with
underscores. A docstring, lecture or notebook cites an equation in parentheses, (`slug`). `equations.csv` names every
equation, the lecture it belongs to, and whether it has an oracle or is prose. An equation whose lecture is not written
yet is pending. `tests/course/test_equations.py` checks all this, and the book prints `table()`.
"""
from __future__ import annotations

import ast
import csv
import functools
import importlib
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

LECTURES = Path(__file__).parent
ROOT = LECTURES.parent
LABEL = re.compile(r"^\$\$ \(([a-z0-9-]+)\)$", re.M)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
FORMULA = re.compile(r"^\$\$\n((?:(?!\$\$).*\n)+)\$\$ \(([a-z0-9-]+)\)$", re.M)
CITATION = re.compile(r"\((?:equation )?((?:`[a-z0-9-]+`(?:, )?)+)")


class Equation(NamedTuple):
    slug: str
    lecture: str  # its number, two digits
    form: str     # "oracle" or "prose"


@functools.cache
def catalogue() -> dict[str, Equation]:
    """Every equation of the course, by slug."""
    with open(LECTURES / "equations.csv", newline="") as rows:
        return {row["slug"]: Equation(**row) for row in csv.DictReader(rows)}


def lectures() -> dict[str, Path]:
    """The lectures that are written, by number."""
    return {path.name[:2]: path for path in sorted(LECTURES.glob("[0-9][0-9]-*.md"))}


def notebook(number: str) -> Path | None:
    """The source of a lecture's notebook."""
    return next((ROOT / "notebooks" / "src").glob(f"{number}-*.py"), None)


def cited(text: str) -> list[str]:
    """The words in the place of a citation: (`slug`, `slug`)."""
    return [slug for group in CITATION.findall(text) for slug in re.findall("[a-z0-9-]+", group)]


def run(lecture: Path, names: dict[str, Any]) -> dict[str, Any]:
    """Executes all Python blocks of a lecture in turn; returns its names, `names` among them."""
    text, names = lecture.read_text(), dict(names)
    for block in BLOCK.finditer(text):
        line = text[:block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], str(lecture), "exec"), names)
    return names


@functools.cache
def oracles() -> dict[str, Callable]:
    """The oracle of each equation that has one, by slug. A lecture's blocks may use the oracles of those before it."""
    found: dict[str, Callable] = {}
    for path in lectures().values():
        names = run(path, {name(slug): oracle for slug, oracle in found.items()})
        found |= {slug: names[name(slug)] for slug in LABEL.findall(path.read_text()) if name(slug) in names}
    return found


def name(slug: str) -> str:
    """The name of a slug's oracle."""
    return slug.replace("-", "_")


class Use(NamedTuple):
    """A docstring that cites an equation: that of a module (path ""), a class or a function."""

    slug: str
    module: str
    path: str

    @property
    def function(self) -> Any:
        return functools.reduce(getattr, filter(None, self.path.split(".")), importlib.import_module(self.module))


def uses() -> Iterator[Use]:
    """Every citation in the library's docstrings. A name in parentheses that the module itself knows is no citation."""
    known = catalogue()
    for file in sorted((ROOT / "tinygan").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(file.read_text())
        local = {getattr(node, "name", getattr(node, "arg", "")) for node in ast.walk(tree)} | {p.stem for p in
                                                                                                file.parent.iterdir()}
        for path, node in [("", tree), *_definitions(tree)]:
            for slug in dict.fromkeys(cited(ast.get_docstring(node) or "")):
                if slug in known or slug not in local:
                    yield Use(slug, module, path)


def _definitions(node, path="") -> Iterator[tuple[str, Any]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            yield f"{path}{child.name}", child
            yield from _definitions(child, f"{path}{child.name}.")


def written(slug: str) -> bool:
    """Whether a word is an equation of a lecture that exists."""
    return slug in catalogue() and catalogue()[slug].lecture in lectures()


def cite(text: str, form: Callable[[str], str]) -> str:
    """A text with its citations (`slug`) of written equations in another form."""
    def one(match):
        return "(" + re.sub("`([a-z0-9-]+)`", lambda m: form(m[1]) if written(m[1]) else m[0], match[1])
    return CITATION.sub(one, text)


def _link(use: Use) -> str:
    """A link to a function's place in the book; to its module's page if its name is private, since it has no place."""
    whole = f"{use.module}.{use.path}"
    short = whole.removeprefix("tinygan.")
    private = any(part.startswith("_") for part in use.path.split("."))
    return f"[`{short}`](../{use.module.replace('.', '/')}.py)" if private else f"{{py:obj}}`{short} <{whole}>`"


def table() -> str:
    """Every equation in the order of numbers, in MyST: a table for each lecture, with formulas and functions."""
    places: dict[str, list[str]] = {}
    for use in uses():
        if use.path:
            places.setdefault(use.slug, []).append(_link(use))
    lines = []
    for number, path in lectures().items():
        text = path.read_text()
        if formulas := FORMULA.findall(text):
            title, steps = text.partition("\n")[0].removeprefix("# "), notebook(number)
            notes = f", [notebook {number}](../notebooks/{steps.stem}.ipynb)" if steps else ""
            lines += [f"### {title}", "", f"[Lecture {number}]({path.name}){notes}", "", "````{list-table}",
                      ":class: equations", ":widths: 20 80", ""]
            for formula, slug in formulas:
                code = ", ".join(places.get(slug, [])) or "Prose: no function computes it."
                cell = f"$$\n{formula}$$\n\n{code}"
                lines += [f"* - (`{slug}`)", "", f"    `{slug}`", "  - " + textwrap.indent(cell, "    ")[4:]]
            lines += ["````", ""]
    return "\n".join(lines)
