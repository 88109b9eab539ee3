"""Every operation on one page, value and pull-back rules side by side, read from the functions of the table `OPS`.

An operation ends in `record(value, (input, rule), ...)`. The page shows the lines that make the value, without those
that check the inputs, and the body of each rule; short functions beside the operation stand in place of their calls. An
operation without a `record` is composed of others, and the chain rule differentiates it. Nothing is listed by hand:
`operations.md` has the words, and `conf.py` puts `table()` into it.
"""
from __future__ import annotations

import ast
import inspect
import itertools
import re
import sys
import textwrap
from typing import Any, NamedTuple

from tinygan.ops import registry

SHORT = 70  # characters up to which the body of a function stands in place of its call


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
    """The part of an operation that the page shows."""
    summary = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    owner, tree, call = _recorded(function) or (function, _tree(function), None)
    code = _Plain(owner)
    value = [line for node in _value(tree, call) for line in code.lines(code.visit(node))]
    rules = {ast.unparse(key): [code.visit(node) for node in rule] for key, *rule in _rules(tree, call)} if call else {}
    value = _used(value, list(itertools.chain(*rules.values())))
    called = _called(owner, [*value, *itertools.chain(*rules.values())])
    return Row(function, summary, "\n".join(map(ast.unparse, value)),
               {key: "\n".join(map(ast.unparse, rule)) for key, rule in rules.items()},
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
        name = _name(node.value) if isinstance(node, ast.Return) else ""
        helper = inspect.unwrap(function.__globals__.get(name, str))
        if inspect.isfunction(helper) and not _is_operation(helper) and (found := _recorded(helper)):
            return found
    return None


def _value(tree, call) -> list[Any]:
    """The statements that make a value, up to `record` or to the end: not those that only check or prepare inputs."""
    parameters, kept = {a.arg for a in tree.args.args}, []
    for node in tree.body:
        if call and any(n is call for n in ast.walk(node)):
            return [*kept, call.args[0]]
        named = _names([node], ast.Store)
        prepares = call and isinstance(node, ast.Assign) and named and named <= parameters
        checks = isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _name(node.value))
        if not (prepares or checks or isinstance(node, ast.FunctionDef) or _leaves(node)):
            kept.append(node.value if isinstance(node, ast.Return) else node)
    return kept


def _used(value, rules) -> list[Any]:
    """The lines of a value without those whose names neither it nor a rule uses, and without a name for the last."""
    *lines, last = value
    if lines and isinstance(lines[-1], ast.Assign) and ast.unparse(lines[-1].targets[0]) == ast.unparse(last):
        last = lines.pop().value
    kept = [last]
    for node in reversed(lines):
        named = _names([node], ast.Store)
        if not named or named & _names([*kept, *rules], ast.Load):
            kept.insert(0, node)
    return kept


def _names(nodes, context) -> set[str]:
    """The names that code stores (`ast.Store`) or loads (`ast.Load`)."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def _rules(tree, call):
    """For each input its rule: a lambda's body, or a name and the function within the operation that it stands for."""
    for path in call.args[1:]:
        key, rule = (path.value.elt if isinstance(path, ast.Starred) else path).elts
        name = rule.id if isinstance(rule, ast.Name) else _name(rule)
        inner = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
        yield (key, rule.body) if isinstance(rule, ast.Lambda) else (key, rule, *inner)


class _Plain(ast.NodeTransformer):
    """Code without checks and without `unwrap` (x stands for `unwrap(x)`), and with the bodies of
    short functions in place of their calls."""

    def __init__(self, function):
        self.function, self.known = function, function.__globals__

    def visit_Call(self, node):
        self.generic_visit(node)
        module = getattr(self.known.get(_name(node)), "__module__", "")
        if (module == "tinygan.tensor" and len(node.args) == 1) or module == registry.__name__:
            return node.args[-1]
        body = self._body(node)
        return body[0].value if len(body) == 1 and len(ast.unparse(body[0])) <= SHORT else node

    def lines(self, node) -> list[Any]:
        """The lines that make a value; if it calls a function beside the operation, the lines of that body."""
        plain = isinstance(node, ast.Call) and all(isinstance(a, (ast.Name, ast.Constant)) for a in node.args)
        body = self._body(node) if plain else []
        return [*body[:-1], body[-1].value] if body else [node]

    def _body(self, call) -> list[Any]:
        """The body of a function beside the operation, with a call's arguments in it; none where this is not plain."""
        helper = inspect.unwrap(self.known.get(_name(call), str))
        if helper is self.function or not _is_beside(helper) or _is_operation(helper):
            return []
        tree = _tree(helper)
        body, names = _without_docstring(tree), [a.arg for a in tree.args.args]
        stored = _names([tree], ast.Store)
        if (not isinstance(body[-1], ast.Return) or not all(isinstance(node, ast.Assign) for node in body[:-1])
                or len(names) != len(call.args) or call.keywords or stored & {*names, *_names(call.args, ast.Load)}
                or any(isinstance(a, ast.Starred) for a in call.args) or "record" in map(_name, ast.walk(tree))):
            return []
        code, filled = _Plain(helper), _Filled(dict(zip(names, call.args)))
        return [filled.visit(code.visit(node)) for node in body]

    def visit_If(self, node):
        self.generic_visit(node)
        return None if _leaves(node) else node


class _Filled(ast.NodeTransformer):
    """Code with other code in place of names."""

    def __init__(self, code):
        self.code = code

    def visit_Name(self, node):
        return self.code.get(node.id, node)


def _leaves(node) -> bool:
    """Whether a statement is a check or a special case: an `if` that ends in an error or a value."""
    return isinstance(node, ast.If) and (not node.body or isinstance(node.body[-1], (ast.Return, ast.Raise)))


def _called(function, nodes) -> list[Any]:
    """The functions in the files of operations that code calls by name."""
    names = dict.fromkeys(_name(n) for node in nodes for n in ast.walk(node))
    found = [inspect.unwrap(function.__globals__[name]) for name in names if name in function.__globals__]
    return list(filter(_is_beside, found))


def _is_beside(function) -> bool:
    """Whether a function is defined in the files of operations."""
    return inspect.isfunction(function) and function.__module__.startswith("tinygan.ops.")


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
             ":widths: 15 26 27 32", "", "* - operation", "  - meaning", "  - value", "  - rules"]
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
    """A docstring's line in Markdown: `names` stay, signs that have a meaning in Markdown are escaped."""
    parts = re.split("(`[^`]*`)", text)
    return "".join(part if i % 2 else re.sub(r"([*_\[\]<>|~])", r"\\\1", part) for i, part in enumerate(parts))


def _source(function) -> str:
    """A function without its decorators and its docstring."""
    tree = _tree(function)
    tree.body, tree.decorator_list = _without_docstring(tree), []
    return ast.unparse(tree)


def _without_docstring(tree) -> list[Any]:
    return tree.body[ast.get_docstring(tree) is not None:]
