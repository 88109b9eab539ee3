"""Split cells, helpers in other cells, lost names: which text is the answer, and what the note says."""
import time

import numpy as np
import pytest

from tinygan.grading.cells import HANDED_OUT, LONGEST, answers, known

STUBS = {"add-answer": "def add(x):\n    raise NotImplementedError",
         "sub-answer": "class Sub:\n    def __call__(self, x):\n        raise NotImplementedError"}
ADD, SUB = "def add(x):\n    return x + 1", "class Sub:\n    def __call__(self, x):\n        return x - 1"
HAND_OUT = (HANDED_OUT, "from x import public\nimport math\n")
A, B = "add-answer", "sub-answer"


def works(text, name="add"):
    """Whether a text defines what the stub asks for."""
    names = {"display": print}
    exec(compile(text, "<answer>", "exec", dont_inherit=True), names)
    value = names[name]
    return value(1) == 2 if name == "add" else value()(2) == 1


@pytest.mark.parametrize(("cells", "note"), [
    ([(A, ADD)], ""),
    ([(A, "def half(x):\n    return x + 1"), (A, "def add(x):\n    return half(x)")], "the next 1 of your cells"),
    ([(A, "def add(x):"), (A, "    return x + 1")], "the next 1 of your cells"),
    ([(A, "def add(x):\n    y = x"), ("", "\n    # more\n\n    y += 1"), ("", "    return y")], "the next 2 of"),
    ([(A, STUBS[A]), ("", ADD)], "the next 1 of your cells"),
    ([(A, ""), ("", "# mine"), ("", ADD)], "the next 2 of your cells"),
    ([(A, "one = 1"), ("", "def add(x):\n    return x + one"), HAND_OUT], "the next 1 of your cells"),
    ([(A, STUBS[A]), (A, ADD)], ""),
    ([(A, ADD), (A, ADD)], ""),
    ([(A, ADD), (A, "def add(x):\n    return 3")], "add-answer is there 2 times: one was graded"),
    ([(A, ADD), ("", "1 / 0")], ""),
    ([(A, ADD), ("", "def add(x):\n    return 3")], ""),
    ([("", "def one():\n    return 1"), (A, "def add(x):\n    return x + one()")], "graded with one"),
    ([(A, "def add(x):\n    return x + one()"), HAND_OUT, ("", "1 / 0\ndef one():\n    return two - 1\n\n2 / 0"),
      ("", "two = 2")], "graded with one, two"),
    ([("", "import functools, operator as o\nfrom math import (\n    prod,  # of one\n    sqrt as root,\n)\n1 / 0"),
      (A, "def add(x):\n    return o.add(x, functools.reduce(o.mul, [1, prod([int(root(1))])]))")],
     "graded with functools, o, prod, root"),
    ([("", "from functools import *"), (A, "def add(x):\n    return reduce(int.__add__, [x, 1])")], "with *functools"),
    ([("", "from nowhere import *\nimport torch\nx = 1 / 0\n"), (A, f"{ADD}  # torch, x")], ""),
    ([("", "import math\nmath = None"), (A, "def add(x):\n    return x + math.prod([1])\nimport math"), HAND_OUT], ""),
    ([("", "@staticmethod\n@print_never\ndef other(): pass\n\nclass Base:\n    one = 1\n"),
      (A, "class Mine(Base):\n    pass\n\n\ndef add(x):\n    return x + Mine.one")], "graded with Base"),
    ([("", "ONE: int = 1"), (A, "def add(x, one=ONE):\n    return x + one")], "graded with ONE"),
    ([("", "def g(x):\n    return 1 / 0\ng(1)\nn = 1"), (A, "add = lambda x, g=None: x + n")], "graded with n"),
    ([("", "from __future__ import annotations"), (A, "def add(x: Later) -> Later:\n    return x + 1")], ""),
    ([("", "def one(): return 1"), (A, "'''mine'''\nfrom __future__ import annotations\ndef add(x: Later):\n"
                                      "    return x + one()")], "graded with one"),
    ([(B, "def one():\n    return 1"), (A, "def add(x):\n    return x + one()")], "graded with one"),
    ([("", "1 / 0"), HAND_OUT, ("", f"{ADD}\n")], ""),
    ([("", STUBS[A]), ("", f"import math\n\n{ADD}\n\n\n{SUB}")], ""),
])
def test_the_answer_and_its_note(cells, note):
    found, notes = answers(cells, STUBS, frozenset())
    assert works(found[A])
    notes = "; ".join(line for line in notes if line.startswith(A))
    assert note in notes
    assert bool(note) == bool(notes)


def test_a_class_that_is_split():
    cells = [(B, "class Sub:\n    def __init__(self):\n        self.one = 1"),
             (B, "    def __call__(self, x):\n        return x - self.one")]
    assert works(answers(cells, STUBS)[0][B], "Sub")


def test_what_the_hand_out_defines_is_no_helper():
    cells = [("", "import numpy as np\nimport math"), (A, "def add(x):\n    return np.add(x, 1)")]
    found, notes = answers(cells, STUBS, known("import numpy as np\nfrom math import sqrt\ndef f(): pass"))
    assert (found[A], notes) == (cells[1][1], [])
    assert known("import numpy as np\nfrom math import sqrt\ndef f(): pass\na = 1") == {"np", "sqrt", "f", "a"}


def test_a_magic_stays_the_first_line():
    cells = [("", "def one():\n    return 1"), (A, "%%time\ndef add(x):\n    return x + one()")]
    assert answers(cells, STUBS)[0][A] == "%%time\ndef one():\n    return 1\ndef add(x):\n    return x + one()"


def test_cells_that_no_rule_joins():
    """An answer is graded as it is, and too long a text is not made."""
    assert answers([(A, "x = 1"), HAND_OUT, ("", ADD)], STUBS)[0][A] == "x = 1"
    assert answers([(A, "x = 1"), ("", "y = 1")], STUBS)[0][A] == "x = 1"
    assert answers([], STUBS) == ({}, [])
    long = f"TABLE = '{'1' * (LONGEST - 20)}'"
    text = "def add(x):\n    return x + len(TABLE)  # " + "." * 100
    assert answers([("", long), (A, text)], STUBS)[0][A] == text
    many = [(A, "def add(x):\n    return x")] + [(A, f"    # {'.' * 1000}\n    + 1")] * 100
    assert answers(many, STUBS)[0][A] == many[0][1]


def test_many_cells_take_no_time():
    """The time to join cells and to look names up does not grow with the square of their number."""
    start = time.process_time()
    for more in ([("", " y")] * 10_000, [("", "")] * 10_000, [(A, "x")] * 10_000, [("", "@a\n" * 10_000)],
                 [("", "".join(f"n{i} = n{i + 1}\n" for i in range(5000))), (A, "def add(x):\n    return n0")],
                 [("", "n = 1"), (A, "def add(x):\n    return n" + "\n" * 30_000)]):
        answers([(A, "x"), *more, ("", "def add(x): pass")], STUBS)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("text", ["def add(x", "'''", "\\", "\x00", "(" * 1000, "if x:\n  y\n z", "%%x\n!y", "é\x0c"])
def test_a_text_that_is_no_python(text):
    cells = [("", "def one(): pass\n'''\n\x00"), (A, text)]
    assert answers(cells, STUBS)[0][A] == text


def test_random_cells_give_an_answer_in_time():
    rng = np.random.default_rng(0)
    words = ["def add(x):", "    return x", "import", "from", "lambda", "a", *"@\"(=):#\n ", "'''", "%%"]
    for _ in range(200):
        text = ["".join(rng.choice(words, 40)) for _ in range(4)]
        answers([(str(rng.choice(["", A, B, HANDED_OUT])), part) for part in text], STUBS)
