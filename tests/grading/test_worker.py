"""The process of a student's code, seen from inside: derivatives, cells, replaced functions."""
import numpy as np
import pytest

import tinygan as tg

pytest.importorskip("resource")  # of POSIX
from tinygan.grading.worker import _line, _snapshot, derived, run_cell


def test_pull_backs_of_pull_backs():
    f = lambda x, y: x * x * y
    x, y, g, h = tg.Tensor([2.0], True), tg.Tensor([3.0], True), tg.Tensor([1.0], True), tg.Tensor([1.0, 10.0])
    assert derived(f, 0)(x, y).numpy().tolist() == [12]
    assert derived(f, 1)(x, y, g).numpy().tolist() == [12, 4]  # 2 x y, x^2
    # of 2 x y g + 10 x^2 g: 2 y g + 20 x g, 2 x g, 2 x y + 10 x^2
    assert derived(f, 2)(x, y, g, h).numpy().tolist() == [46, 4, 52]
    with pytest.raises(TypeError, match="returns a float, expected a Tensor"):
        derived(lambda x: 1.0, 1)(x, g)


def test_what_was_replaced_is_noticed(monkeypatch):
    untouched = _snapshot()
    untouched()
    monkeypatch.setattr(np, "exp", np.log)
    with pytest.raises(RuntimeError, match=r"^numpy\.exp was replaced: leave the library as it is$"):
        untouched()


@pytest.mark.parametrize("text", [
    "a = 3", "%matplotlib inline\na = 3", "a = 3\n!ls", "%%time\na = 3", "%%capture out\n%load_ext x\na = 3",
    "%time a = 3", "%%prun -q\na = 3", "?a\na = 3\na?\na??", "files = !ls\na = 3 if files is None else 0",
    "if True:\n    %cd ..\n    a = 3", ">>> a = 3", "get_ipython().run_line_magic('matplotlib', 'inline')\na = 3",
    "get_ipython().system('ls')\na = 3", "async def f():\n    return 3\na = await f()",
    "%x\nimport asyncio\na = await asyncio.sleep(0, 3)",
    'text = """\n%x\n!y\n"""\n%pip install x\na = text.count("%") + 2'])
def test_what_runs_in_a_notebook_runs_here(text):
    names = {}
    run_cell(text, "<answer>", names)
    assert names["a"] == 3


@pytest.mark.parametrize("text", ["%%bash\na = 3", "%%writefile a.py\na = 3", "%%timeit\na = 3", "%timeit a = 3"])
def test_what_defines_nothing_in_a_notebook_defines_nothing_here(text):
    names = {}
    run_cell(text, "<answer>", names)
    assert "a" not in names


@pytest.mark.parametrize(("text", "error", "line"), [
    ("a = (1\n", SyntaxError, ""), ("%x\na = = 1", SyntaxError, ""), ("%x\n1 / 0", ZeroDivisionError, 2),
    ("%%time\n\n1 / 0", ZeroDivisionError, 3), ("x = 1\n%time 1 / 0", ZeroDivisionError, 1), ("a\0", Exception, "")])
def test_an_error_in_a_cell_keeps_its_line(text, error, line):
    with pytest.raises(error) as caught:
        run_cell(text, "<answer>", {})
    assert _line(caught.value) == (f"line {line} of answer" if line else "")
