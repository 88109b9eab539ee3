"""The text of metrics: medians and quartiles, each in its row and its column."""
import numpy as np
import pytest

from tinygan.runs import report

RUNS = [{"fcd": fcd, "modes": modes} for fcd, modes in [(9., 8), (1., 7), (100., 6), (3., 5), (4., 8)]]
REAL, NOISE = {"fcd": 0.12345678, "modes": 10}, {"fcd": 512345.678, "modes": 2}


def test_quartiles_are_not_the_extremes():
    assert report.quartiles(RUNS) == {"fcd": (3, 4, 9), "modes": (6, 7, 8)}
    assert report.quartiles(RUNS[:1]) == {"fcd": (9, 9, 9), "modes": (8, 8, 8)}
    assert list(report.quartiles([{"b": 1.0, "a": 2.0}])) == ["b", "a"]


def test_quartiles_are_python_numbers():
    [numbers] = report.quartiles([{"a": np.float32(2)}]).values()
    assert [type(number) for number in numbers] == [float] * 3


def test_one_run_is_a_number_and_several_are_a_median_with_quartiles():
    assert report.text(RUNS, "fcd") == "4 (3 to 9)"
    assert report.text(RUNS[:1], "fcd") == "9"
    assert report.text([{"a": 1234.5678}, {"a": 1234.5678}], "a") == "1235 (1235 to 1235)"


def cells(table):
    """The cells of a table by row and column: the text that begins under a column's name."""
    head, *rows = table.splitlines()
    names = ["run" if "quartiles" not in head else "median (quartiles)", "real data", "noise", "better"]
    starts = [*(head.index(name) for name in names), None]
    return {row.split()[0]: {name: row[start:end].strip() for name, start, end in zip(names, starts, starts[1:])}
            for row in rows}


def test_a_table_of_several_runs():
    assert cells(report.table(RUNS, REAL, NOISE)) == {
        "fcd": {"median (quartiles)": "4 (3 to 9)", "real data": "0.1235", "noise": "5.123e+05", "better": "lower"},
        "modes": {"median (quartiles)": "7 (6 to 8)", "real data": "10", "noise": "2", "better": "higher"}}


def test_a_table_of_one_run_with_what_has_no_scale():
    run = {"fcd": 9.0, "label_swap": 0.75, "mine": 1.0}
    assert cells(report.table([run], REAL, {"fcd": 5})) == {
        "fcd": {"run": "9", "real data": "0.1235", "noise": "5", "better": "lower"},
        "label_swap": {"run": "0.75", "real data": "", "noise": "", "better": "higher"},
        "mine": {"run": "1", "real data": "", "noise": "", "better": ""}}


@pytest.mark.parametrize("rows", [[("a", "bbb", "c"), ("dd", "e", "")], [("", ""), ("x", "y")]])
def test_columns_are_as_wide_as_their_widest_cell(rows):
    lines = report.columns(rows).split("\n")
    assert len(lines) == len(rows)
    start = 0
    for i in range(len(rows[0])):
        width = max(len(row[i]) for row in rows)
        assert [line[start:start + width].ljust(width) for line in lines] == [row[i].ljust(width) for row in rows]
        start += width + 2
    assert all(line == line.rstrip() for line in lines)


FEW = [{"fcd": 1.0, "modes": 10}, {"fcd": 2.0, "modes": 10}, {"fcd": 6.0, "modes": 8}]


def test_quartiles_of_runs():
    assert report.quartiles(FEW) == {"fcd": (1.5, 2, 4), "modes": (9, 10, 10)}
    assert report.text(FEW, "fcd") == "2 (1.5 to 4)"
    assert report.text(FEW[2:], "fcd") == "6"


def test_a_table_has_a_line_a_figure_with_its_scale():
    lines = report.table(FEW, {"fcd": 1.125, "modes": 10}, {"fcd": 117.9128}).splitlines()
    assert lines[0].split() == ["median", "(quartiles)", "real", "data", "noise", "better"]
    assert lines[1].split() == ["fcd", "2", "(1.5", "to", "4)", "1.125", "117.9", "lower"]
    assert lines[2].split() == ["modes", "10", "(9", "to", "10)", "10", "higher"]
    assert lines[1].index("1.125") == lines[0].index("real data")
    assert report.table(FEW[:1], {}, {}).splitlines()[1].split() == ["fcd", "1", "lower"]
