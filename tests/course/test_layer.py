"""The page "Write a layer": its Python blocks run, and print the text blocks that stand under them."""
import contextlib
import io
import re
import sys
from pathlib import Path

LECTURES = Path(__file__).parents[2] / "lectures"
sys.path.append(str(LECTURES))
import equations  # noqa: E402

PAGE = LECTURES / "layer.md"


def test_its_code_runs_and_prints_what_is_shown():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        equations.run(PAGE, {})
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert printed.getvalue() == "".join(shown)
    assert len(shown) == 3


def test_the_messages_of_its_table_are_those_of_the_library():
    table = re.findall(r"^\| (?:a warning: )?`(?:\.\.\. )?(.*?)(?: \.\.\.)?` \|", PAGE.read_text(), re.M)
    sources = " ".join((LECTURES.parent / "tinygan" / f"{name}.py").read_text() for name in ("check", "diagnosis"))
    plain = re.sub(r'"\s*f?"|\s+', lambda m: "" if '"' in m[0] else " ", sources)
    assert len(table) == 6
    for message in ("this path is cut", "an array is kept where its Tensor is needed?", "this point is a kink",
                    "whose input is exactly 0", "f gives two values for the same inputs",
                    "has no influence on the output at this point"):
        assert message in plain
        assert any(message in row for row in table)
