"""Every message of an error or a warning that the tests assert, sorted: `python tests/support/messages.py`.

They are read from the tests' source: the values of `match=`, of a parameter called `message` (or `text`, if it is
compared), and the text that is compared with the line of a failed command. `...` stands for the values in a message.
"""
import ast
import re
from collections.abc import Iterator
from pathlib import Path

NAMES = ("message", "messages", "expected_message", "why")
REGEX = [(r"\\n|\[\^\\n\]\*|\.\*|\.\+|\\d\+|\\S\+|\[[^\]]*\](?:\{\d+\}|\*|\+)", "..."), (r"\\(.)", r"\1"),
         (r"^\^|\$$", "")]


def literal(node) -> str | None:
    """The text of a string, with `...` for the parts that an f-string or a call inserts; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "..." for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = literal(node.left), literal(node.right)
        return None if parts == (None, None) else "".join("..." if p is None else p for p in parts)
    return None


def messages(source: str) -> Iterator[str]:
    """The messages that the source of a test file asserts."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "match" and (text := literal(node.value)):
            yield plain(text)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
            yield from in_parameters(node)
        elif isinstance(node, ast.Compare) and (text := compared(node)):
            yield text


def in_parameters(call) -> Iterator[str]:
    """The messages among the parameters of `pytest.mark.parametrize`."""
    names = [c.value for c in ast.walk(call.args[0]) if isinstance(c, ast.Constant)]
    names = [name.strip() for name in ",".join(map(str, names)).split(",")]
    for row in getattr(call.args[1], "elts", []):
        values = row.elts if isinstance(row, ast.Tuple) else [row]
        yield from (text for name, value in zip(names, values) if name in NAMES and (text := literal(value)))


def compared(node) -> str | None:
    """The text that is compared with a caught error's message or with the line of a command that fails."""
    sides = [node.left, *node.comparators]
    said = [ast.unparse(side) for side in sides]
    if any(re.search(r"\bfails\(|one_line\(|caught\.value|error\.value|^line$|^text$|^said$", side) for side in said):
        return next((text for side in sides if (text := literal(side))), None)
    return None


def plain(pattern: str) -> str:
    """A regular expression as the message it stands for."""
    for found, new in REGEX:
        pattern = re.sub(found, new, pattern)
    return pattern


def collected() -> dict[str, list[str]]:
    """The messages of each test file, each once."""
    tests = Path(__file__).parents[1]
    files = sorted(tests.rglob("test_*.py"))
    return {path.relative_to(tests).as_posix(): sorted(set(messages(path.read_text()))) for path in files}


if __name__ == "__main__":
    found = collected()
    for name, texts in found.items():
        print(*[name, *(f"    {text!r}" for text in texts)] if texts else [], sep="\n")
    print(len({text for texts in found.values() for text in texts}), "messages")
