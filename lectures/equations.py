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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

LECTURES = Path(__file__).parent
ROOT = LECTURES.parent
LABEL = re.compile(r"^\$\$ \(([a-z0-9-]+)\)$", re.M)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
CITATION = re.compile(r"\((?:equation )?((?:`[a-z0-9-]+`(?:, )?)+)")


class Equation(NamedTuple):
    slug: str
    lecture: str  # its number, two digits
    form: str     # "oracle" or "prose"


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


def table() -> str:
    """The table equation, lecture, functions, test, notebook, in MyST; lectures in parentheses are not written yet."""
    places: dict[str, list[str]] = {}
    for use in uses():
        if use.path:
            places.setdefault(use.slug, []).append(f"[`{use.module.removeprefix('tinygan.')}.{use.path}`]"
                                                   f"(../{use.module.replace('.', '/')}.py)")
    rows = ["| equation | lecture | in the library | compared | notebook |", "|---|---|---|---|---|"]
    for slug, number, form in catalogue().values():
        found, path, steps = places.get(slug, []), lectures().get(number), notebook(number)
        lecture = f"[{number}]({path.name})" if path else f"({number})"
        test = "" if not path else str(len(found)) if form == "oracle" else "prose"
        page = f"[{number}](../notebooks/{steps.stem}.ipynb)" if steps else ""
        label = f"`{slug}` (`{slug}`)" if path else f"`{slug}`"
        rows.append(f"| {label} | {lecture} | {'<br>'.join(found)} | {test} | {page} |")
    return "\n".join(rows)
