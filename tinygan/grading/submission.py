"""Reads the answers in a student's folder: which of its files is graded, in any encoding and under any name.

Nothing here runs a student's code. The hand-out, its tests and helpers hold no answers. Of several files that do, the
one with the most answers is graded, and a note names the others.
"""
from __future__ import annotations

import codecs
import io
import json
import os
import re
import tokenize
import zlib
from pathlib import Path, PurePosixPath

from tinygan.grading import GradingError, cells, handed_in
from tinygan.grading.cells import HANDED_OUT, LONGEST, bare, untouched
from tinygan.grading.handed_in import LARGEST, kind

BRACKETS = 500_000  # of a notebook in JSON: each can take twenty times its size in memory
MARK = re.compile(r"^(# ?%%.*|# In\s?\[[\d ]*\]:)$", re.MULTILINE)  # of cells: Spyder, VS Code, nbconvert
NAME = re.compile(r'# ?%% (\S+)[ \t]*$|.*"grade_id": *"([^"]+)"')  # of a cell of the hand-out; the second by jupytext

Answers = dict[str | None, str]  # by cell; a Python file without marks is one answer, with the key None


def plain(name: str) -> str:
    """The file name for students without notebooks: 01_pull_backs.py for 01-pull-backs."""
    return name.replace("-", "_") + ".py"


def identity(folder: str) -> str:
    """A student's name in all reports, for the name of a folder; nbgrader and a table can hold it.

    Characters that they cannot hold are written as in a web address. A table would compute what begins with "=", also
    after a ";", which separates the columns in many countries.

    >>> identity("Zo\\u00eb [2]\\n"), identity(".ada"), identity("\\udcff"), identity("=1+1")
    ('Zo\u00eb %5B2%5D%0A', '%2Eada', '%FF', '%3D1+1')
    """
    escaped = re.sub(r"[%;\[\]*?]|^[.\s=+@\-＝＋－＠]|^\((?=points\)$)|\s$", lambda found: _percent(found[0]), folder)
    escaped = "".join(c if c.isprintable() else _percent(c) for c in escaped)
    if len(escaped.encode()) > 255:  # of a name in a file system
        escaped = f"{escaped.encode()[:200].decode(errors='ignore')}%{zlib.crc32(os.fsencode(folder)):08X}"
    return escaped


def _percent(text):
    return "".join(f"%{byte:02X}" for byte in os.fsencode(text))


def read(folder: Path, name: str, stubs: dict[str, str], known=frozenset()) -> tuple[Answers, str]:
    """The answers of a submission, and a note about what was joined and what was not graded, or "".

    stubs: the answer cells of the hand-out. known: the names that its other cells define. GradingError if there is
    nothing to grade; MachineError if the machine cannot read it.
    """
    found: list[tuple[tuple, str, Answers, set, list]] = []
    failed: list[str] = []
    for place, data in handed_in.files(folder, failed):
        try:
            answers, notes = _answers(place, data, stubs, known)
        except (ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError) as error:
            failed.append(f"{place} cannot be read: {type(error).__name__}: {error}")
            continue
        held, file = _held(answers, stubs), PurePosixPath(place)
        if held or not file.name.startswith("test_"):
            order = (-len(held), len(file.parts), file.name not in (f"{name}.ipynb", plain(name)), kind(place), place)
            found.append((order, place, answers, held, notes))
    found.sort(key=lambda entry: entry[0])
    if failed and not (found and found[0][3]):
        raise GradingError(_printable(failed[0])[:1000])
    if not found:
        raise GradingError(f"no file handed in: expected {name}.ipynb or {plain(name)}")
    (_, best, answers, held, notes), *others = found
    left = [f"{place} ({len(h)})" for _, place, a, h, _ in others if h and any(
        bare(a.get(key, "")) != bare(answers.get(key, "")) for key in (*h, None))]
    if left:
        notes.append(f"graded: {best} ({len(held)} answers), not graded: {', '.join(left)}")
    return answers, _printable("; ".join([*notes, *failed[:10]]))[:2000]


def _printable(text):
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _answers(place, data, stubs, known) -> tuple[Answers, list[str]]:
    """The answers in a file, and notes about cells that were joined or not graded."""
    encoding: str = json.detect_encoding(data)  # UTF-8, 16 or 32, with or without a byte order mark
    if encoding == "utf-8" and kind(place) == ".py":
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)  # perhaps declared in the first two lines
        if codecs.lookup(encoding).name in ("punycode", "idna"):  # of names, and slow for a long text
            raise LookupError(f"encoding {encoding}")
    text = data.decode(encoding)
    if kind(place) == ".py":
        text = text.encode(errors="replace").decode()  # some codecs give half a character, which no file can hold
    notes: list[str] = []
    found = _of_notebook(text, stubs, notes) if kind(place) == ".ipynb" else _of_python(_lines(text), stubs)
    if any(key in stubs and len(source.encode()) > LONGEST for key, source in found):
        raise ValueError(f"a cell has more than {LONGEST} bytes")
    answers: Answers = {}
    if kind(place) != ".py" or any(key in stubs for key, _ in found) or (len(found) > 1 and "\npublic(" in text):
        graded, more = cells.answers(found, stubs, known)
        answers.update(graded)
        notes += more
    else:
        answers[None] = _lines(text)
    if any(len(source.encode()) > LONGEST for source in answers.values()):  # of a file that names no cell
        raise ValueError(f"an answer has more than {LONGEST} bytes")
    return answers, notes


def _of_notebook(text, stubs, notes) -> list[tuple[str, str]]:
    """The code cells of a notebook; an answer in a cell of another kind counts if no code cell holds one."""
    if text.count("[") + text.count("{") > BRACKETS:
        raise ValueError("too many lists and objects for a notebook")
    book = json.loads(text, object_pairs_hook=lambda pairs: {  # drops what is large as soon as it is read
        key: value for key, value in pairs if key not in ("outputs", "attachments")})
    listed = book["cells"] if "cells" in book else [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
    if listed and not any(isinstance(cell, dict) for cell in listed):
        raise TypeError("no cell is an object")
    found = []
    for cell in filter(lambda cell: isinstance(cell, dict), listed):
        about, sort = cell.get("metadata"), str(cell.get("cell_type", "code"))
        for entry in ("nbgrader", "grade_id"):
            about = about.get(entry) if isinstance(about, dict) else None
        key = "" if about is None else str(about) if str(about) in stubs else HANDED_OUT
        source = cell.get("source", cell.get("input"))  # the second in nbformat 3
        if key in stubs:
            found.append((key, _lines("".join(source)), sort))
        elif sort == "code" and isinstance(source, (str, list)):
            text = _lines("".join(map(str, source)))
            found.append((key, text.encode(errors="replace").decode(), sort))
    if sum(len(source) for _, source, _ in found) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MB without outputs")
    coded = {key for key, source, sort in found
             if sort == "code" and key in stubs and not untouched(source, stubs[key])}
    kept = [entry for entry in found if entry[2] == "code" or entry[0] not in coded]
    notes += [f"{key}: a {sort[:20]} cell, graded as code" for key, source, sort in kept
              if sort != "code" and not untouched(source, stubs[key])]
    return [(key, source) for key, source, _ in kept]


def _of_python(text, stubs) -> list[tuple[str, str]]:
    """The cells of a Python file. Below a mark with a name that is not the hand-out's, the cell before it goes on."""
    head, *rest = MARK.split(text)
    found = [("", [head])]
    for mark, part in zip(rest[::2], rest[1::2]):
        name = NAME.match(mark)
        key = str(name[1] or name[2]) if name else ""
        if key in stubs or (name and name[2]):
            found.append((key if key in stubs else HANDED_OUT, [part]))
        elif found[-1][0] not in stubs or mark.rstrip() in ("# %%", "#%%"):
            found.append(("", [part]))
        else:
            found[-1][1].extend((mark, part))
    return [(key, "".join(parts)) for key, parts in found]


def _lines(text) -> str:
    """A text in which every line ends with \\n."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _held(answers, stubs) -> set[str]:
    """The cells for which a file holds an answer: another text than the hand-out's."""
    if None not in answers:
        return {key for key, text in answers.items() if not untouched(text, stubs[key])}
    text = bare(answers[None])
    return {key for key, stub in stubs.items() if bare(stub) not in text and any(
        re.search(rf"^((def|class) {name}\b|{name} *=)", text, re.MULTILINE)
        for name in re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))}

