"""Every identity, T1 to T42, has a test that bears its name, wherever its subject is tested."""
import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_every_identity_has_a_test():
    found = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (start := re.match(r"test((_t\d+)+)_", node.name)):
                found.update(int(number) for number in re.findall(r"\d+", start[1]))
    assert found == set(range(1, 43))
