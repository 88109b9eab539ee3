"""The answers in a student's folder: encodings, names, and which of several files is graded."""
import io
import json
import os
import zipfile

import pytest
from kit import COURSE, NAMES, stub, work

from tinygan.grading import GradingError
from tinygan.grading.cells import known
from tinygan.grading.handed_in import MOST
from tinygan.grading.submission import identity, read

NAME, BOOK, PLAIN = "01-sums", "01-sums.ipynb", "01_sums.py"
STUBS = {"add-answer": "def add(x):\n    raise NotImplementedError",
         "less-answer": "def less(x):\n    raise ValueError"}
ADD, LESS = "def add(x):\n    return x + 1", "def less(x):\n    return x - 1"
SOLVED = {"add-answer": ADD, "less-answer": LESS}


def book(answers):
    """The text of a notebook."""
    return json.dumps({"cells": [{"metadata": {}, "source": "# Sums"}, *(
        {"metadata": {"nbgrader": {"grade_id": key}}, "source": text.splitlines(keepends=True)}
        for key, text in (*answers, ("add", "public(check, add)")))]}, ensure_ascii=False)


def marked(answers):
    """The text of the plain file."""
    return "import numpy\n\n" + "\n\n".join(f"# %% {key}\n{text}\n# %%\nn = 3" for key, text in answers)


@pytest.fixture
def graded(tmp_path):
    """Hands in files, given by place and content, and reads them: the answers by cell, stripped, and the note."""
    def hand_in(files):
        for place, data in files.items():
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_bytes(data if isinstance(data, bytes) else data.encode())
        answers, note = read(tmp_path, NAME, STUBS)
        return {key: text.strip() for key, text in answers.items()}, note
    return hand_in


HANDED_OUT = {BOOK: book(STUBS.items()), PLAIN: marked(STUBS.items()),
              f"test_{PLAIN}": "def check_add(f, case):\n    f()\n\n\ndef test_add():\n    public(check_add, add)"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("file", [BOOK, PLAIN])
def test_every_encoding_and_end_of_line(graded, file, encoding, end):
    solved = {**SOLVED, "add-answer": "# größer\n" + ADD}
    lines = {key: text.replace("\n", end) for key, text in solved.items()}
    text = book(lines.items()) if file == BOOK else marked(solved.items()).replace("\n", end)
    assert graded({file: text.encode(encoding)}) == (solved, "")


@pytest.mark.parametrize(("cookie", "encoding"), [("latin-1", "latin-1"), ("cp1252", "cp1252"), ("utf-8", "utf-8-sig")])
def test_a_declared_encoding(graded, cookie, encoding):
    text = f"# -*- coding: {cookie} -*-\n" + marked([("add-answer", "# größer\n" + ADD)])
    assert graded({PLAIN: text.encode(encoding)})[0] == {"add-answer": "# größer\n" + ADD}


@pytest.mark.parametrize("place", [
    "mine.ipynb", "01-sums (1).ipynb", "Mine.IPYNB", "01-sums.ipynb.txt", "01-sums.ipynb.json",
    "sub/more/01-sums.ipynb", "-x.ipynb", "größe 😀.ipynb", "a\nb.ipynb", os.fsdecode(b"\xff.ipynb"),
    "test_mine.ipynb"])
def test_the_solved_copy_is_graded_beside_the_hand_out(graded, place):
    hidden = {f".ipynb_checkpoints/{BOOK}": HANDED_OUT[BOOK], f"__MACOSX/{BOOK}": HANDED_OUT[BOOK],
              f"._{BOOK}": b"\0\5\x16\7", "helpers.py": "def help(): pass", "data.json": "{}"}
    assert graded({**HANDED_OUT, **hidden, place: book(SOLVED.items())}) == (SOLVED, "")


@pytest.mark.parametrize("place", ["mine.py", "mine.py.txt", "sub/answer.PY", "test_mine.py"])
def test_a_python_file_is_graded_beside_the_hand_out(graded, place):
    assert graded({**HANDED_OUT, place: marked(SOLVED.items())}) == (SOLVED, "")


def test_a_file_without_marks_is_graded_beside_the_hand_out(graded):
    assert graded({**HANDED_OUT, "mine.py": f"{ADD}\n\n{LESS}"}) == ({None: f"{ADD}\n\n{LESS}"}, "")
    assert graded({"mine.py": "\n\n".join(STUBS.values()), "other.py": "less = lambda x: x"}) == (
        {None: "less = lambda x: x"}, "")


@pytest.mark.parametrize("rest", ["", "\n# %% less-answer\n" + LESS])
def test_half_a_character_is_written(graded, rest):
    """A codec can give half of a pair of UTF-16, which neither a notebook nor a message to a process can hold."""
    answers, _ = graded({PLAIN: f"# coding: unicode_escape\nHALF = '\\ud800'\n{ADD}\n    HALF{rest}"})
    assert all(text.encode() for text in answers.values())


def test_only_the_hand_out(graded):
    """It is graded, so that each task has its reason; the tests alone are no submission."""
    assert graded(HANDED_OUT) == (STUBS, "")


def test_only_the_tests(graded):
    with pytest.raises(GradingError, match=r"^no file handed in: expected 01-sums.ipynb or 01_sums.py$"):
        graded({f"test_{PLAIN}": HANDED_OUT[f"test_{PLAIN}"]})


def test_of_two_with_answers_the_note_says_which_was_graded(graded):
    one = [("add-answer", "def add(x):\n    return 1 + x")]
    assert graded({BOOK: book(one), "mine.ipynb": book(SOLVED.items()), "a\n.py": marked(one)}) == (
        SOLVED, "graded: mine.ipynb (2 answers), not graded: 01-sums.ipynb (1), a\\n.py (1)")
    assert graded({BOOK: book([*one, ("less-answer", LESS)]), "a\n.py": HANDED_OUT[PLAIN]})[1] == (
        "graded: 01-sums.ipynb (2 answers), not graded: mine.ipynb (2)")


def test_the_same_answers_twice_need_no_note(graded):
    assert graded({BOOK: book(SOLVED.items()), PLAIN: marked(SOLVED.items())}) == (SOLVED, "")


def test_a_cell_that_is_there_twice(graded):
    """The first with an answer counts, in both formats, and the note names it."""
    twice = [*STUBS.items(), *SOLVED.items(), ("add-answer", "1 / 0")]
    assert graded({BOOK: book(twice)}) == (SOLVED, "add-answer is there 2 times: one was graded")
    (read_plain, note) = graded({BOOK: "no notebook", PLAIN: marked(twice)})
    assert read_plain == SOLVED
    assert "; 01-sums.ipynb cannot be read: JSONDecodeError" in note


@pytest.mark.slow  # loading jupytext
@pytest.mark.parametrize("name", NAMES)
def test_a_hand_out_that_was_filled_in_is_read_as_it_is(tmp_path, name):
    """Of every assignment, in both formats: nothing is added to an answer, and nothing is named."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")
    from classroom import hand_in
    cells = nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4).cells
    setup = [cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("locked")]
    for plain in (False, True):
        hand_in(tmp_path / str(plain), name, work(name).solutions, plain)
        answers, note = read(tmp_path / str(plain), name, stub(name), set().union(*map(known, setup)))
        assert {key: text.strip() for key, text in answers.items()} == work(name).solutions
        assert note == ""


def cell(key, text, sort="code", **more):
    about = {"nbgrader": {"grade_id": key, "solution": True}} if key else {}
    return {"cell_type": sort, "metadata": about, "source": text, **more}


A, B = [cell(key, text) for key, text in SOLVED.items()]
FOREIGN = [{"source": "1 / 0"}, {"cell_type": "code", "metadata": None, "source": "2 / 0"}, 3, None, {},
           cell("", ["3 / 0"]), cell("", "'\ud800'"), cell("", [3, None]),
           {"cell_type": "code", "metadata": {"nbgrader": 4}, "source": {"a": 1}}]
PICTURE = {"output_type": "display_data", "data": {"image/png": "A" * (3 << 20)}, "metadata": {}}


@pytest.mark.parametrize(("notebook", "note"), [
    ({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "metadata": c["metadata"], "input": [c["source"]],
                                                "language": "python"} for c in (A, B)]}]}, ""),
    ({"nbformat": 4, "nbformat_minor": 5, "cells": [{**A, "id": "a"}, {**B, "id": "a"}]}, ""),
    ({"cells": [A, *FOREIGN, B]}, ""),
    ({"metadata": {"colab": {"provenance": []}, "widgets": {"x": "y" * (7 << 20)}},
      "cells": [{**c, "metadata": {**c["metadata"], "id": "xyz", "cellView": "form"}} for c in (A, B)]}, ""),
    ({"cells": [{**A, "outputs": [PICTURE] * 3}, {**B, "execution_count": 1, "outputs": [PICTURE]},
                cell("", "text", "markdown", attachments={"a.png": PICTURE})]}, ""),
    ({"cells": [{**A, "cell_type": "raw"}, B]}, "add-answer: a raw cell, graded as code"),
    ({"cells": [A, {**A, "cell_type": "markdown", "source": "1 / 0"}, B]}, ""),
    ({"cells": [cell("add", ADD), cell("", ADD), cell("", "add(3)"), cell("", f"import math\n{LESS}")]}, ""),
    ({"cells": [cell("add-answer", ADD.split("\n")[0]), cell("add-answer", "    return x + 1"), B]},
     "add-answer: graded with the next 1 of your cells"),
])
def test_notebooks_of_other_programs(graded, notebook, note):
    """Colab, nbformat 3, large outputs, cells without metadata, of another type, split, without names."""
    answers, found = graded({BOOK: json.dumps(notebook)})
    assert found == note
    assert answers == {**SOLVED, "less-answer": answers["less-answer"]}
    assert answers["less-answer"] in (LESS, f"import math\n{LESS}")


@pytest.mark.parametrize(("text", "note"), [
    (f"# %% add-answer\n{ADD}\n# %%\n\n1 / 0\n# %% less-answer\n{LESS}\n# %%\n2 / 0", ""),
    ("# %% add-answer\ndef add(x):\n# %% the sum\n    return x + 1\n#%% [markdown]\n# mine\n# %%\n"
     f"add(2)\n# %% less-answer\n{LESS}", ""),
    (f"# %% add-answer\ndef add(x):\n# %%\n    return x + 1\n# %%\n1 / 0\n# %% less-answer\n{LESS}",
     "add-answer: graded with the next 1 of your cells"),
    (f"# %% add-answer\n# %%\n{ADD}\n# %% less-answer\n{LESS}", "add-answer: graded with the next 1 of your cells"),
    (f'# %% nbgrader={{"grade_id": "add-answer", "solution": true}}\n{ADD}\n# %% nbgrader={{"grade_id": "add"}}\n'
     f'1 / 0\n# %% nbgrader={{"grade_id": "less-answer"}}\n{LESS}\n# %% [markdown]\n# the end', ""),
    (f"# In[1]:\n\n\nimport numpy\n\n\n# In[2]:\n\n\n{ADD}\n\n\n# In[ ]:\n\n\npublic(check, add)\n1 / 0\n"
     f"# In[3]:\n\n{LESS}\n", ""),
    (f"#%%\n{ADD}\n#%%\npublic(check, add)\n1 / 0\n#%% [markdown]\n# x\n#%%\n{LESS}", ""),
])
def test_python_files_of_other_programs(graded, text, note):
    """Marks of Spyder and VS Code in an answer; jupytext and nbconvert."""
    answers, found = graded({PLAIN: text})
    assert found == note
    names = {}
    for key in ("add-answer", "less-answer"):
        exec(answers[key], names)
    assert (names["add"](1), names["less"](1)) == (2, 0)


def archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as room:
        for place, text in files.items():
            room.writestr(place, text)
    return data.getvalue()


def test_an_archive(graded):
    packed = archive({f"__MACOSX/01/._{BOOK}": b"\0\5", f"01/.ipynb_checkpoints/{BOOK}": HANDED_OUT[BOOK],
                      f"01/{BOOK}": book(SOLVED.items()), **HANDED_OUT})
    assert graded({**HANDED_OUT, "work.zip": packed}) == (SOLVED, "")


@pytest.mark.parametrize(("data", "reason"), [
    (b"PK no archive", "work.zip cannot be read: BadZipFile"), (archive({PLAIN: " " * (6 << 20)}), "more than 5 MB"),
    (archive({BOOK: "{"}).replace(b"PK\1\2", b"PK\1\3"), "work.zip cannot be read"),
    (archive({f"{i}.py": "" for i in range(MOST + 1)}), "more than 100 files: the others were not read")])
def test_an_archive_that_cannot_be_read(graded, data, reason):
    with pytest.raises(GradingError, match=reason):
        graded({"work.zip": data})
    answers, note = graded({BOOK: book(SOLVED.items()), "work.zip": data})
    assert answers == SOLVED
    assert reason in note


@pytest.mark.parametrize(("files", "reason"), [
    ({}, "no file handed in"), ({"work.docx": "x"}, "no file handed in"), ({BOOK: "my answer"}, "cannot be read"),
    ({BOOK: ""}, "cannot be read"), ({BOOK: "[" * 100000}, "cannot be read"),
    ({PLAIN: " " * (6 << 20)}, "more than 5 MB"),
    ({BOOK: " " * (33 << 20)}, "more than 32 MB"),
    ({BOOK: book([("add-answer", "x"), *[("", "#" * 99_999)] * 53])}, "more than 5 MB without outputs"),
    ({BOOK: "[" * 500_001}, "too many lists and objects"),
    ({BOOK: '{"cells": [{"metadata": {"nbgrader": {"grade_id": "add-answer"}}}]}'}, "cannot be read"),
    ({BOOK: '{"cells": [1, 2]}'}, "cannot be read"), ({BOOK: '{"cells": null}'}, "cannot be read"),
    ({BOOK: book([("add-answer", "?")]).replace("?", "\\ud800")}, "cannot be read"),
    ({PLAIN: "# ü".encode("latin-1")}, "cannot be read"), ({PLAIN: "# coding: rot13"}, "cannot be read"),
    ({PLAIN: "# coding: nothing"}, "cannot be read"),
    ({PLAIN: "# coding: Punycode\nx"}, "cannot be read"),
    ({PLAIN: "# %% add-answer\n" + "x = 1; " * 20000}, "100000 bytes"),
    ({PLAIN: "# %% add-answer\n" + "# %% x\n" * 500_000}, "100000 bytes"),
    ({PLAIN: ADD + "\n#" * 50_000}, "100000 bytes"), ({BOOK: json.dumps({"cells": [{"source": ADD + "\n#" * 50_000}]})},
                                                     "100000 bytes"),
])
def test_nothing_that_can_be_graded(graded, files, reason):
    with pytest.raises(GradingError, match=reason):
        graded(files)


def test_links_and_pipes_are_not_read(graded, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "solved.ipynb").write_text(book(SOLVED.items()))
    (tmp_path / "work" / BOOK).symlink_to(tmp_path / "solved.ipynb")
    (tmp_path / "work" / "none.ipynb").symlink_to("nowhere")
    os.mkfifo(tmp_path / "work" / PLAIN)
    with pytest.raises(GradingError, match="no file handed in"):
        read(tmp_path / "work", NAME, STUBS)
    (tmp_path / "linked").symlink_to(tmp_path)
    with pytest.raises(GradingError, match="linked is a link"):
        read(tmp_path / "linked", NAME, STUBS)


def test_names_of_students():
    """Names that the reports can hold are kept; all others are written so that they stay different and printable."""
    kept = ["ada", "Zoë Müller", "m {0} o'Nü, B. (2)", "(2) a-b", "😀", '"q"', "a+b", "x" * 255, "学生"]
    assert [identity(name) for name in kept] == kept
    odd = [os.fsdecode(b"\xff"), os.fsdecode(b"\xfe"), "%FF", "a[1]", "a*", "what?", "a\nb", "a\tb",
           "\x1b[2J", "\u202ex", "=1+1", "+1", "-1", "@sum", "a;=1", "\uff1d1", "\uff20sum",
           "(points)", ".ada", " ", " ada", "ada ", "ada\n",
           os.fsdecode(b"\xff" * 255), os.fsdecode(b"\xff" * 254 + b"\xfe")]
    found = [identity(name) for name in odd]
    assert found[:8] == ["%FF", "%FE", "%25FF", "a%5B1%5D", "a%2A", "what%3F", "a%0Ab", "a%09b"]
    assert len({*found, *kept}) == len(odd) + len(kept)
    assert all(name.isprintable() and name.strip() == name and len(name.encode()) <= 255 and name[0] != "." and
               not set(name) & set("[]*?;") and name[0] not in "=+-@＝＋－＠" for name in found)
