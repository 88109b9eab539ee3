"""From the cells of a student's file to the answers: split cells are joined, and helpers found where they are.

A file is a list of cells (name, text); the student's own cells have the name "", and the other cells of the hand-out
`HANDED_OUT`. No text is parsed as Python, let alone run: a hostile text can crash Python's parser.
"""
from __future__ import annotations

import builtins
import io
import re
import sys
import tokenize

HANDED_OUT = "\0"  # no name of a cell
LONGEST, MOST = 100_000, 20  # bytes of an answer; cells of one name that are looked at
DEFINED = re.compile(r"^(?:async +)?(?:def|class) +(\w+)|^(\w+) *(?::[^=\n]+)?=(?!=)", re.MULTILINE)
STATEMENT = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
INDENTED = re.compile(r"(?:[ \t]*(?:#.*)?\n)*[ \t]+[^\s#]")
IMPORTED = re.compile(r"(?:from +([.\w]+) +)?import +(.*)", re.DOTALL)
FUTURE = re.compile(r"^from +__future__ +import .*\n?", re.MULTILINE)
SAFE = {"numpy", "tinygan", *sys.stdlib_module_names}  # whose `import *` cannot fail

Cells = list[tuple[str, str]]


def answers(cells: Cells, stubs: dict[str, str], known=frozenset()) -> tuple[dict[str, str], list[str]]:
    """The answers by name, and notes about cells that were joined or not graded.

    stubs: the hand-out's answer cells. known: names that its other cells define. In a file that lost the names of its
    cells, an answer is the first cell that defines what the stub defines.
    """
    found: dict[str, str] = {}
    notes = []
    named = any(name in stubs for name, _ in cells)
    blocks = [_blocks(text) if len(text) <= LONGEST and name != HANDED_OUT else {} for name, text in cells[:LONGEST]]
    for key, stub in stubs.items():
        places = [i for i, (name, text) in enumerate(cells) if name == key or (
            not named and set() < defined(stub) <= defined(text) and not untouched(text, stub))][:MOST if named else 1]
        tries = [_Joined(cells, i, stub) for i in places]
        if not tries:
            continue
        touched = [t for t in tries if not untouched(cells[t.place][1], stub)] or [
            t for t in tries if not untouched(t.text, stub)] or tries
        best = next((t for t in touched if t.whole), touched[0])
        used = range(best.place, best.place + best.count)
        extra = [f"the next {best.count - 1} of your cells"] if best.count > 1 else []
        helpers, names = _helpers(best.text, [block for i, block in enumerate(blocks)
                                              if block and i not in used and cells[i][0] != key], known)
        if len((helpers + best.text).encode(errors="replace")) <= LONGEST:
            found[key] = _assembled(helpers, best.text)
            extra += names if len(names) < 10 else [*names[:8], f"{len(names) - 8} more definitions"]
        else:
            found[key] = best.text
        if extra:
            notes.append(f"{key}: graded with {', '.join(extra)}")
        others = [text for i, text in ((i, cells[i][1]) for i in places) if i not in used and not untouched(text, stub)
                  and bare(text) != bare(best.text)]
        if others:
            notes.append(f"{key} is there {len(others) + 1} times: one was graded")
    return found, notes


class _Joined:
    """An answer cell with the cells after it that belong to it: text, of `count` cells from `place` on.

    These are cells whose first line is indented, and, if the stub's names are not defined (or only by the stub), all up
    to the one that defines them. whole: whether they are defined.
    """

    def __init__(self, cells, place, stub):
        key, text = cells[place]
        needed = defined(stub)
        end = next((i for i in range(place + 1, len(cells)) if cells[i][0] not in (key, "")), len(cells))
        rest = [text for _, text in cells[place + 1:end]]
        count = next((i for i, part in enumerate(rest) if not INDENTED.match(part)), len(rest))
        start = "\n".join([text, *rest[:count]])
        names = set() if untouched(start, stub) else defined(start)
        if not needed <= names:
            for i, part in enumerate(rest[count:], count + 1):
                names |= defined(part)
                if needed <= names:
                    count = i
                    break
        if sum(map(len, rest[:count])) + len(text) > LONGEST:
            count = 0
        parts = [text, *rest[:count]]
        self.place, self.count = place, len(parts)
        self.text = "\n".join([parts[0], *(re.sub(r"\A%%", "#", part) for part in parts[1:])])
        self.whole = needed <= defined(self.text)


def defined(text) -> set[str]:
    """The names that the lines of a text define at their beginning."""
    return {a or b for a, b in DEFINED.findall(text)}


def known(text) -> set[str]:
    """All names that a cell of the hand-out defines or imports."""
    return set(_blocks(text))


def untouched(text, stub) -> bool:
    """Whether a cell holds no answer: nothing, or what was handed out."""
    return bare(text) in ("", bare(stub))


def bare(text) -> str:
    """A text without the differences that editors make."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _assembled(helpers, text) -> str:
    """Helpers before an answer; a cell's magic and imports from `__future__` stay first."""
    magic = re.match(r"(?:\s*%%.*\n)?", text)[0]  # type: ignore[index]
    rest = helpers + text[len(magic):]
    futures = "".join(line.rstrip("\n") + "\n" for line in dict.fromkeys(FUTURE.findall(rest)))
    return magic + futures + FUTURE.sub("", rest) if FUTURE.search(text, 1) or helpers else text


def _helpers(text, others, known) -> tuple[str, list[str]]:
    """The definitions and imports in other cells whose names an answer uses and does not define; and these names."""
    blocks: dict[str, str] = {}
    for other in others:
        blocks.update(other)
    kept: dict[str, str] = {name: block for name, block in blocks.items() if FUTURE.match(block)}
    silent, todo = set(kept), [text] if blocks else []
    size, other = sum(map(len, kept.values())), known | defined(text)
    stars = {name: block for name, block in blocks.items() if name.startswith("*")}
    while todo and size <= LONGEST:
        used = {name for name in _used(todo.pop()) if name not in other and name not in kept}
        found = {name: blocks[name] for name in used if name in blocks}
        if any(name not in found and not hasattr(builtins, name) for name in used):  # perhaps from an `import *`
            found, stars = {**found, **stars}, {}
        kept |= found
        size += sum(map(len, found.values()))
        todo += found.values()
    order = [name for name in blocks if name in kept]
    return "".join(dict.fromkeys(blocks[name] for name in order)), [name for name in order if name not in silent]


def _blocks(text) -> dict[str, str]:
    """The text of each definition, import and assignment of a cell, by the name that it defines."""
    found: dict[str, str] = {}
    decorators = ""
    for block in STATEMENT.split(text):
        block = block.rstrip() + "\n"
        if block.startswith("@"):
            decorators += block
            continue
        if imports := IMPORTED.match(block):
            for item in re.sub(r"[()\\]|#.*", " ", imports[2]).split(","):
                name = (item.split() or [""])[-1]
                if name != "*":
                    found[name if imports[1] else name.partition(".")[0]] = block
                elif (imports[1] or "").partition(".")[0] in SAFE:
                    found[f"*{imports[1]}"] = block
        else:
            found.update((name, decorators + block) for name in defined(block))
        decorators = ""
    found.pop("", None)
    return found


def _used(text) -> set[str]:
    """The names that a text reads and binds nowhere: no attributes, keywords, parameters, targets."""
    used, bound = set(), set()
    code = re.sub(r"^[^\S\n]*[%!?].*$", "", text, flags=re.MULTILINE)
    try:
        tokens = [t for t in tokenize.generate_tokens(io.StringIO(code).readline)
                  if t.type in (tokenize.NAME, tokenize.OP, tokenize.NEWLINE)]
    except (tokenize.TokenError, SyntaxError, ValueError):
        return set()
    binding, depth, opened = "", 0, 0  # the keyword whose names are bound, the open brackets now and there
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None]):
        word, last = token.string, before.string if before else ""
        following = after.string if after else ""
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if word in ("def", "lambda", "for", "as", "import", "class"):
            binding, opened = word, depth
        elif token.type == tokenize.NEWLINE or (binding == "for" and word == "in") or (
                binding in ("def", "lambda") and word == ":" and depth <= opened):
            binding = ""
        elif token.type == tokenize.NAME and last != ".":
            names = binding in ("for", "as", "import", "class") or (
                binding and last in ("(", ",", "*", "**", binding))
            if names or following == ":=" or (following == "=" and depth == 0):
                bound.add(word)
            elif following != "=":
                used.add(word)
            if binding in ("as", "class"):
                binding = ""
    return used - bound
