"""Every operation on one page, value and pull-back rules side by side, read from the functions of the table `OPS`.

An operation ends in `record(value, (input, rule), ...)`. The page shows the lines that make the value, without those
that check the inputs, and the body of each rule. An operation without a `record` is composed of others, and the chain
rule differentiates it. Nothing is listed by hand: `operations.md` has the words, and `conf.py` puts `table()` into it.
"""
from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from typing import Any, NamedTuple

from tinygan.ops import registry


class Row(NamedTuple):
    """An operation on the page: code as text, a text for each rule, and the functions beside it that this code calls.

    A composed operation has no rule; `parts` are the operations that it calls by name.
    """

    function: Any
    summary: str
    value: str
    rules: dict[str, str]
    parts: list[str]
    helpers: list[Any]


def rows() -> list[Row]:
    """The operations in the order of the table."""
    return [row(inspect.unwrap(op.function)) for op in registry.OPS.values()]


def row(function) -> Row:
    """What the page shows of an operation."""
    summary = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    owner, tree, call = _recorded(function) or (function, _tree(function), None)
    code = _Plain(owner)
    value = [code.visit(node) for node in _value(tree, call)]
    rules = {ast.unparse(key): code.visit(rule) for key, rule in _rules(tree, call)} if call else {}
    called = _called(owner, [*value, *rules.values()])
    return Row(function, summary, "\n".join(map(ast.unparse, value)),
               {key: ast.unparse(rule) for key, rule in rules.items()},
               [] if call else [f.__name__ for f in called if _is_operation(f)],
               [f for f in called if not _is_operation(f)])


def _tree(function) -> ast.FunctionDef:
    """The definition of a function as a tree."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    return definition


def _recorded(function):
    """The `record` call with the most rules and the function in which it stands: this one, or one that it returns."""
    tree = _tree(function)
    calls = [node for node in ast.walk(tree) if _name(node) == "record"]
    if calls:
        return function, tree, max(calls, key=lambda call: len(call.args))
    for node in ast.walk(tree):
        helper = function.__globals__.get(_name(node.value)) if isinstance(node, ast.Return) else None
        if helper and not _is_operation(helper) and (found := _recorded(inspect.unwrap(helper))):
            return found
    return None


def _value(tree, call) -> list[Any]:
    """The statements that make a value, up to `record` or to the end: not those that only check or prepare inputs."""
    parameters, kept = {a.arg for a in tree.args.args}, []
    for node in tree.body:
        if call and any(n is call for n in ast.walk(node)):
            return kept if isinstance(call.args[0], ast.Name) and kept else [*kept, call.args[0]]
        named = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        prepares = call and isinstance(node, ast.Assign) and named and named <= parameters
        checks = isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _name(node.value))
        if not (prepares or checks or isinstance(node, ast.FunctionDef) or _leaves(node)):
            kept.append(node.value if isinstance(node, ast.Return) else node)
    return kept


def _rules(tree, call):
    """Pairs (input, rule), the rule a lambda's body or a function that is defined within the operation."""
    for path in call.args[1:]:
        key, rule = (path.value.elt if isinstance(path, ast.Starred) else path).elts
        name = rule.id if isinstance(rule, ast.Name) else _name(rule)
        inner = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
        yield key, rule.body if isinstance(rule, ast.Lambda) else inner[0]


class _Plain(ast.NodeTransformer):
    """Code without what takes the array out of a Tensor, and without checks: x for `unwrap(x)`."""

    def __init__(self, function):
        self.known = function.__globals__

    def visit_Call(self, node):
        self.generic_visit(node)
        module = getattr(self.known.get(_name(node)), "__module__", "")
        takes_out = (module == "tinygan.tensor" and len(node.args) == 1) or module == registry.__name__
        return node.args[-1] if takes_out else node

    def visit_If(self, node):
        self.generic_visit(node)
        return None if _leaves(node) else node


def _leaves(node) -> bool:
    """Whether a statement is a check or a special case: an `if` that ends in an error or a value."""
    return isinstance(node, ast.If) and (not node.body or isinstance(node.body[-1], (ast.Return, ast.Raise)))


def _called(function, nodes) -> list[Any]:
    """The functions in the files of operations that code calls by name."""
    names = dict.fromkeys(_name(n) for node in nodes for n in ast.walk(node))
    found = [inspect.unwrap(function.__globals__[name]) for name in names if name in function.__globals__]
    return [f for f in found if inspect.isfunction(f) and f.__module__.startswith("tinygan.ops.")]


def _is_operation(function) -> bool:
    return inspect.unwrap(function) in [inspect.unwrap(op.function) for op in registry.OPS.values()]


def _name(node) -> str:
    """The name that a call calls; "" for anything else."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def table() -> str:
    """The page in MyST: a table for each file of operations, then the source of the functions that their lines call."""
    files: dict[str, list[Row]] = {}
    for one in rows():
        files.setdefault(one.function.__module__, []).append(one)
    families = sorted(files.items(), key=lambda item: -len(item[1]))  # the largest first
    helpers = dict.fromkeys(f for _, family in families for one in family for f in one.helpers)
    return "\n\n".join([*[_family(*item) for item in families], "## Functions that these lines call",
                        "````{container} helpers", *[_code(_source(f)) for f in helpers], "````"])


def _family(module: str, family: list[Row]) -> str:
    title = re.split("[.:]", sys.modules[module].__doc__ or module)[0].replace("\n", " ")
    path = module.replace(".", "/") + ".py"
    lines = [f"## {title}: [`{path}`](../{path})", "", "````{list-table}", ":class: operations", ":header-rows: 1",
             ":widths: 15 26 27 32", "", "* - operation", "  - ", "  - value", "  - rules"]
    for one in family:
        name, parts = one.function.__name__, ", ".join(f"`{part}`" for part in one.parts)
        rules = _code("\n".join(f"{key}: {rule}" for key, rule in one.rules.items()))
        cells = [f"**`{name}`**`{inspect.signature(one.function)}`", _escaped(one.summary), _code(one.value),
                 rules if one.rules else f"by the chain rule, from {parts or 'operators'}"]
        lines += [("  - " if i else "* - ") + textwrap.indent(cell, "    ")[4:] for i, cell in enumerate(cells)]
    return "\n".join([*lines, "````"])


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _escaped(text: str) -> str:
    """A docstring's line in Markdown: `names` stay, signs that would mean something there stand for themselves."""
    parts = re.split("(`[^`]*`)", text)
    return "".join(part if i % 2 else re.sub(r"([*_\[\]<>|~])", r"\\\1", part) for i, part in enumerate(parts))


def _source(function) -> str:
    """A function without its decorators and its docstring."""
    tree = _tree(function)
    tree.body, tree.decorator_list = tree.body[ast.get_docstring(tree) is not None:], []
    return ast.unparse(tree)
