"""`tinygan assignments publish`: a folder for the students, with the hand-outs and the library, and without secrets."""
from __future__ import annotations

import json
import re
import shutil
from configparser import ConfigParser
from pathlib import Path

from tinygan.grading import GradingError, course
from tinygan.grading.submission import plain

LIBRARY = ("tinygan", "lectures", "notebooks", "setup.cfg", "pyproject.toml", "LICENSE")  # of a clone
GENERATED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "*.egg-info", "api", "build", "dist")
SHORTEST, DISTINCT = 6, 25  # characters: of a secret line in a hand-out, and in a file that has its own lines
START = """# Assignments

Install the library, which the assignments extend, from this folder, in an environment of your own:

```bash
{install}
```

{table}

Open the notebook of an assignment with `jupyter lab`, or the `.py` file beside it with any editor. Each task has a cell
for your answer, and below it public checks. Without notebooks, run the checks with `python -m pytest test_NAME.py` in
the folder of the assignment. Only the cells marked for your answer are graded; each task is graded separately.
"""


def publish(folder: Path, to: Path) -> Path:
    """Writes a new folder for the students of a course; returns its path.

    It has the folder `release/` of the course and a README. For a course in a clone of tinygan it has the library and
    the lectures too, at the same places as in the clone, so links work. GradingError if `to` holds files, or if a
    file in it contains a line of a solution or of a hidden check.
    """
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise GradingError(f"{to} exists and is not an empty folder: name a new one")
    root = folder.resolve().parents[1]
    cloned = (root / "tinygan" / "grading").is_dir() and (root / "setup.cfg").is_file()
    whole = root if cloned else folder.resolve()
    if to.resolve().is_relative_to(whole):
        raise GradingError(f"{to} lies in what it is made from: name a folder outside of {whole}")
    works = course.release(folder)
    place = to / (folder.resolve().relative_to(root) if cloned else "") / "release"
    to.mkdir(parents=True, exist_ok=True)
    try:
        for name in LIBRARY if cloned else ():
            _copy(root / name, to / name, (folder.resolve(), root / "lectures" / "notebooks"))
        if cloned:
            _settings(to / "setup.cfg")
        for work in works:
            shutil.copytree(work, place / work.name, ignore=GENERATED)
        (to / "README.md").write_text(_readme(works, place.relative_to(to), cloned), encoding="utf-8")
        _prove(folder, to, place)
    except BaseException:
        shutil.rmtree(to, ignore_errors=True)
        raise
    return to


def _copy(path, to, without):
    def left_out(room, names):
        return {*GENERATED(room, names), *(name for name in names if Path(room, name) in without)}
    if path.is_dir():
        shutil.copytree(path, to, ignore=left_out)
    elif path.is_file():
        shutil.copy(path, to)


def _settings(file):
    """Keeps the settings of the package alone: those of pytest, for our own tests, would hold for the students' too."""
    settings = ConfigParser(interpolation=None)
    settings.read(file, encoding="utf-8")
    for section in settings.sections():
        if section != "metadata" and section.partition(".")[0] != "options":
            settings.remove_section(section)
    with open(file, "w", encoding="utf-8") as out:
        settings.write(out)


def _readme(works, place, cloned):
    rows = [f"| [{work.name}]({place.as_posix()}/{work.name}/) | `{work.name}.ipynb` | `{plain(work.name)}`, "
            f"`test_{plain(work.name)}` |" for work in works]
    install = 'pip install ".[notebooks]" pytest' if cloned else 'pip install "tinygan[notebooks]" pytest'
    return START.format(install=install, table="\n".join(["| assignment | notebook | plain file, its checks |",
                                                          "|---|---|---|", *rows]))


def secrets(text: str) -> set[str]:
    """The lines of a source that students must not see: those of solutions and of hidden checks, and nowhere else."""
    hidden: set[str] = set()
    shown: set[str] = set()
    now = False
    for line in text.splitlines():
        if any(f"{edge} {kind}" in line for edge in ("BEGIN", "END") for kind in ("SOLUTION", "HIDDEN TESTS")):
            now = "BEGIN" in line
        else:
            (hidden if now else shown).add(line.removeprefix("# ").strip())
    return hidden - shown


def _prove(folder, to, place):
    """GradingError if a file of `to` contains a secret line, or is a part of a course that students must not have."""
    secret = {line for name in course.names(folder) for line in secrets(course.source(folder, name).read_text("utf-8"))}
    for file in sorted(path for path in to.rglob("*") if path.is_file()):
        within = file.relative_to(to)
        shortest = SHORTEST if file.is_relative_to(place) else DISTINCT
        if file.name in ("gradebook.db", "grades.csv", "seed") or file.is_symlink():
            raise GradingError(f"{within} is no file for students")
        if within.parts[0] == "tinygan" and not file.is_relative_to(place):
            continue  # the library, which everybody has
        for line in _lines(file):
            if file.is_relative_to(place) and re.match(r"hidden\s*\(", line):
                raise GradingError(f"{within} calls `hidden`: write ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS "
                                   "around it in the source")
            if len(line) >= shortest and line in secret:
                raise GradingError(f"{within} contains a line of a solution or of a hidden check: {line!r:.60}")


def _lines(file) -> set[str]:
    """The lines of a text, and of every text in a notebook."""
    try:
        text = file.read_text(encoding="utf-8")
        texts = _texts(json.loads(text)) if file.suffix == ".ipynb" else [text]
    except ValueError:  # a picture
        return set()
    return {line.strip().removeprefix("# ").strip() for part in texts for line in part.splitlines()}


def _texts(value) -> list[str]:
    """The texts in a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [*value.values()]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []
