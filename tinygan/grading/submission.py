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
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tinygan.grading import GradingError

LARGEST, LONGEST, MOST = 5 << 20, 100_000, 100  # bytes of a file, bytes of an answer, files of a submission

Answers = dict[str | None, str]  # by cell; a Python file without marks is one answer, with the key None


def plain(name: str) -> str:
    """The file name for students without notebooks: 01_pull_backs.py for 01-pull-backs."""
    return name.replace("-", "_") + ".py"


def identity(folder: str) -> str:
    """A student's name in all reports, for the name of a folder; nbgrader and a table can hold it.

    Characters that they cannot hold are written as in a web address.

    >>> identity("Zo\\u00eb [2]\\n"), identity(".ada"), identity("\\udcff")
    ('Zo\u00eb %5B2%5D%0A', '%2Eada', '%FF')
    """
    escaped = re.sub(r"[%\[\]*?]|^[.\s]|\s$", lambda found: _percent(found[0]), folder)
    escaped = "".join(c if c.isprintable() else _percent(c) for c in escaped)
    if len(escaped.encode()) > 255:  # of a name in a file system
        escaped = f"{escaped.encode()[:200].decode(errors='ignore')}%{zlib.crc32(os.fsencode(folder)):08X}"
    return escaped


def _percent(text):
    return "".join(f"%{byte:02X}" for byte in os.fsencode(text))


def read(folder: Path, name: str, stubs: dict[str, str]) -> tuple[Answers, str]:
    """The answers of a submission, and a note about the files that were not graded, or "".

    stubs: the answer cells of the hand-out. GradingError if there is nothing to grade.
    """
    found: list[tuple[tuple, str, Answers, set]] = []
    failed: list[str] = []
    for place, data in _files(folder, failed):
        try:
            answers = _answers(place, data, stubs)
        except (ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError) as error:
            failed.append(f"{place} cannot be read: {type(error).__name__}: {error}")
            continue
        held, file = _held(answers, stubs), PurePosixPath(place)
        if held or not file.name.startswith("test_"):
            order = (-len(held), len(file.parts), file.name not in (f"{name}.ipynb", plain(name)), _kind(place), place)
            found.append((order, place, answers, held))
    found.sort(key=lambda entry: entry[0])
    if failed and not (found and found[0][3]):
        raise GradingError(failed[0])
    if not found:
        raise GradingError(f"no file handed in: expected {name}.ipynb or {plain(name)}")
    (_, best, answers, held), *others = found
    left = [f"{place} ({len(h)})" for _, place, a, h in others if h and any(
        _answer(a.get(key, "")) != _answer(answers.get(key, "")) for key in (*h, None))]
    notes = [f"graded: {best} ({len(held)} answers), not graded: {', '.join(left)}"] if left else []
    return answers, "".join(c if c.isprintable() else ascii(c)[1:-1] for c in "; ".join([*notes, *failed]))


def _files(folder, failed) -> Iterator[tuple[str, bytes]]:
    """The notebooks and Python files in a folder, its subfolders and archives: the place and the bytes of each."""
    if folder.is_symlink():
        raise GradingError(f"{folder.name} is a link")
    many = 0
    for room, inner, files in os.walk(folder, onerror=lambda error: failed.append(f"cannot be read: {error}")):
        inner[:] = sorted(filter(visible, inner))
        for path in (Path(room, file) for file in sorted(filter(visible, files))):
            place = path.relative_to(folder).as_posix()
            if not _kind(place) or path.is_symlink() or not path.is_file():
                continue
            try:
                for entry in _unpacked(place, content(path)) if _kind(place) == ".zip" else [(place, content(path))]:
                    yield entry
                    many += 1
                    if many == MOST:
                        failed.append(f"more than {MOST} files: the others were not read")
                        return
            except Exception as error:  # a damaged archive raises errors of many classes
                failed.append(f"{place} cannot be read: {type(error).__name__}: {error}")


def content(path: Path) -> bytes:
    """The bytes of a file of a submission; ValueError if it is too large, or a link, or a pipe."""
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"{path.name} is no file of its own")
    with open(path, "rb") as file:
        return _limited(file)


def _limited(file) -> bytes:
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MB")
    return data


def _unpacked(place, data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if all(map(visible, PurePosixPath(entry.filename).parts)) and _kind(entry.filename) in (".ipynb", ".py"):
                with archive.open(entry) as file:
                    yield f"{place}/{entry.filename}", _limited(file)


def visible(name) -> bool:
    """Whether a file or folder is a student's, and not a copy that Jupyter, macOS or Python made."""
    return not name.startswith((".", "__"))


def _kind(place) -> str:
    """".ipynb", ".py", ".zip" or ""; browsers add .txt or .json to a notebook that they save."""
    kind = PurePosixPath(place.lower().removesuffix(".txt").removesuffix(".json")).suffix
    return kind if kind in (".ipynb", ".py", ".zip") else ""


def _answers(place, data, stubs) -> Answers:
    """The answers in a file. If a cell is there more than once, the first that holds an answer counts."""
    encoding: str = json.detect_encoding(data)  # UTF-8, 16 or 32, with or without a byte order mark
    if encoding == "utf-8" and _kind(place) == ".py":
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)  # perhaps declared in the first two lines
        if codecs.lookup(encoding).name in ("punycode", "idna"):  # of names, and slow for a long text
            raise LookupError(f"encoding {encoding}")
    text = _lines(data.decode(encoding))
    answers: Answers = {}
    for key, source in _of_notebook(json.loads(text)) if _kind(place) == ".ipynb" else _of_python(text):
        if key is not None and key not in stubs:
            continue
        if len(source.encode()) > LONGEST:
            raise ValueError(f"a cell has more than {LONGEST} bytes")
        if key not in answers or _untouched(answers[key], stubs[key]):
            answers[key] = source
    return answers


def _of_notebook(book) -> Iterator[tuple[str, str]]:
    for cell in book["cells"]:
        key = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if key is not None:
            yield str(key), _lines("".join(cell["source"]))


def _of_python(text) -> list[tuple[str | None, str]]:
    head, *rest = re.split(r"^# %% (\S+)[ \t]*$", text, flags=re.MULTILINE)
    return list(zip(rest[::2], rest[1::2])) if rest else [(None, head)]


def _lines(text) -> str:
    """A text in which every line ends with \\n."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _held(answers, stubs) -> set[str]:
    """The cells for which a file holds an answer: another text than the hand-out's."""
    if None not in answers:
        return {key for key, text in answers.items() if not _untouched(text, stubs[key])}
    text = _bare(answers[None])
    return {key for key, stub in stubs.items() if _bare(stub) not in text and any(
        re.search(rf"^((def|class) {name}\b|{name} *=)", text, re.MULTILINE)
        for name in re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))}


def _untouched(text, stub) -> bool:
    return _answer(text) in ("", _bare(stub))


def _answer(text) -> str:
    """The text of a cell; in a Python file it ends at an empty mark."""
    return _bare(re.split(r"^# %%[ \t]*$", text, maxsplit=1, flags=re.MULTILINE)[0])


def _bare(text) -> str:
    """A text without the differences that editors make."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
