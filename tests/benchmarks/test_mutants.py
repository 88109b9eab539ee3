"""The mutation tester: the changes that have a meaning, the tests that a mutant meets, the table."""
import ast

import pytest
from mutants import Meaning, equal, stages, table

SOURCE = """def f(x: int) -> int:
    if x < 0:
        raise ValueError(f"x is {x - 1}")
    return x + 1
"""


@pytest.mark.parametrize(("before", "after", "same"), [
    ("x: int", "x: str", True), ("-> int", "-> str", True), ("x - 1", "x - 2", True),
    ("x + 1", "x + 2", False), ("x < 0", "x <= 0", False), ("ValueError", "TypeError", False)])
def test_text_has_no_meaning(before, after, same):
    first, second = (ast.dump(Meaning().visit(ast.parse(text))) for text in (SOURCE, SOURCE.replace(before, after)))
    assert (first == second) is same


def test_a_mutant_meets_its_own_tests_first_and_cheap_ones_before_others():
    times = {"tests/nn/test_norm.py::slow": 4.0, "tests/nn/test_norm.py::fast": 1.0,
             "tests/nn/test_norm.py::blind": 0.5,
             "tests/nn/test_norm.py::fails": None, "tests/zoo/test_style.py::fast": 2.0,
             "tests/zoo/test_style.py::long": 60.0, "tests/zoo/test_style.py::blind": 1.0}
    lines = {"tinygan/nn/norm.py": {2: ["", *(test for test in times if "blind" not in test)]}}
    found = stages({"file": "tinygan/nn/norm.py", "line": 2}, SOURCE, times, lines, budget=10)
    assert [tests for tests, _, _ in found] == [
        ["tests/nn/test_norm.py::fast", "tests/nn/test_norm.py::slow", "tests/nn/test_norm.py::blind"],
        ["tests/zoo/test_style.py::fast"]]


def test_equal_programs_do_not_count(capsys):
    (file, old, new), reason = next(iter(equal().items()))
    mutant = {"file": file, "line": 1, "old": old, "new": new, "tests": 1, "result": "survived"}
    table([mutant, {**mutant, "new": "another"}, {**mutant, "result": "killed"}])
    printed = capsys.readouterr().out
    assert reason in printed
    assert "1 killed, 0 late, 1 survived, 1 equal, 0 gone" in printed
    assert "50.0%" in printed
