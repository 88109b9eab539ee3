"""The page with every operation (`lectures/operations.py`) is complete, and agrees with the source."""
import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from tinygan.ops import OPS, case, op, registry
from tinygan.tensor import record

sys.path.append(str(Path(__file__).parents[2] / "lectures"))
import operations

ROWS = {row.function.__name__: row for row in operations.rows()}


def planted(a, b, scale=2.0):
    """a b scale, *planted*.

    Not on the page.
    """
    scale = float(scale)
    if scale < 0:
        raise ValueError("planted: scale is negative")
    product = np.multiply(a, b)
    return record(product * scale,
                  (a, lambda g, y, a, b: g * b * scale),
                  (b, lambda g, y, a, b: _beside(g, a) * scale))


def _beside(g, a):
    """Not on the page either."""
    return g * a


def composed(x):
    """Of others."""
    return tg.exp(x) * tg.relu(x)


def bent(x):
    """A rule with a name, behind a helper."""
    return _bent(x)


def _bent(x):
    def slope(g, y, x):
        return g * 3
    return record(3 * x, (x, slope))


@pytest.fixture
def garden(monkeypatch):
    """A copy of the table of operations, in which a test may plant."""
    monkeypatch.setattr(registry, "OPS", dict(OPS))
    return registry.OPS


def test_every_operation_has_a_row():
    assert list(ROWS) == list(OPS)


@pytest.mark.parametrize("name", OPS)
def test_an_operation_has_a_rule_for_each_of_its_tensors(name):
    """An operation on a list has one rule for all; a composed one calls operations and no `record`."""
    row = ROWS[name]
    assert row.value
    assert row.summary
    if "record(" in inspect.getsource(row.function) or not row.parts:
        assert len(row.rules) == (1 if OPS[name].takes_list else max(len(case.shapes) for case in OPS[name].cases))
        assert all(row.rules.values())
    else:
        assert set(row.parts) <= set(OPS)
        assert not row.rules


def test_the_rows_of_two_operations():
    """Value and rules in their usual form; `unwrap` is left out."""
    assert (ROWS["exp"].value, ROWS["exp"].rules) == ("np.exp(x)", {"x": "g * y"})
    assert (ROWS["div"].value, ROWS["div"].rules) == ("np.divide(a, b)", {
        "a": "unbroadcast(g / b, a.shape)", "b": "unbroadcast(-g * y / b, b.shape)"})


def test_a_planted_operation_appears(garden):
    op(case((2,), (2,)))(planted)
    row = operations.rows()[-1]
    assert row.value == "product = np.multiply(a, b)\nproduct * scale"
    assert row.rules == {"a": "g * b * scale", "b": "_beside(g, a) * scale"}
    table = operations.table()
    assert "**`planted`**`(a, b, scale=2.0)`\n  - a b scale, \\*planted\\*." in table
    assert "a: g * b * scale\n" in table
    assert "Not on the page" not in table


def test_a_short_function_stands_in_place_of_its_call(garden, monkeypatch):
    op(case((2,), (2,)))(planted)
    monkeypatch.setattr(_beside, "__module__", "tinygan.ops.planted")
    row = operations.rows()[-1]
    assert row.rules == {"a": "g * b * scale", "b": "g * a * scale"}
    assert row.helpers == []


def test_a_rule_with_a_name_is_shown_with_its_lines(garden):
    op(case((2,)))(bent)
    row = operations.rows()[-1]
    assert (row.value, row.rules) == ("3 * x", {"x": "slope\ndef slope(g, y, x):\n    return g * 3"})


def test_a_composed_operation_has_the_chain_rule(garden):
    op(case((2,)))(composed)
    row = operations.rows()[-1]
    assert (row.value, row.rules) == ("tg.exp(x) * tg.relu(x)", {})
    assert operations.table().count("by the chain rule, from operators") == 1


@pytest.mark.slow
def test_it_is_in_the_book(book):
    page = (book / "operations.html").read_text()
    for name in OPS:
        assert f">{name}</span></code></strong>" in page
    assert "the table of operations" not in page
