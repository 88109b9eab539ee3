"""Types of command-line arguments: numbers, seeds, paths, the name of a recipe."""
from __future__ import annotations

import argparse
import difflib
from pathlib import Path

import numpy as np

from tinygan.zoo import RECIPES


def recipe(text):
    if text not in RECIPES:
        close = difflib.get_close_matches(text, RECIPES, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(RECIPES)}"
        raise argparse.ArgumentTypeError(f"there is no recipe {text!r}; {hint}")
    return text


MOST_SEEDS = 10_000


def _number(text, convert, least, kind, below=np.inf):
    try:
        number = convert(text)
    except ValueError:
        number = None
    if number is None or not least <= number < np.inf:
        hint = "; decimals have a point, as in 0.5" if convert is float and "," in text else ""
        raise argparse.ArgumentTypeError(f"{text!r:.99} is not {kind}{hint}")
    if number >= below:
        raise argparse.ArgumentTypeError(f"{text:.99} is too large, expected less than {below}")
    return number


def count(text):
    return _number(text, int, 1, "a whole number of at least 1", 2**31)


def natural(text):
    return _number(text, int, 0, "a whole number of at least 0", 2**63)


def port(text):
    return _number(text, int, 1, "a port, a whole number from 1 to 65535", 65536)


def filled(text):
    """Refuses an empty text: a shell's variable without a value."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a name or a path, found {text!r}")
    return text


def path(text):
    """A path, in which ~ is the home folder also where the shell leaves it, as in --out=~/runs."""
    try:
        return Path(filled(text)).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r:.99}: {error}") from error


def seeds(text):
    """Parses a text such as 0-9 or 1,4,7-8 into a list of seeds."""
    ends = [part.split("-") for part in text.split(",")]
    if not all(len(part) <= 2 and all(end.isdecimal() for end in part) and int(part[0]) <= int(part[-1])
               for part in ends):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of seeds, expected a text such as 0-9 or 1,4,7-8")
    ranges = [range(int(part[0]), int(part[-1]) + 1) for part in ends]
    if any(r.stop > 2**63 for r in ranges) or sum(r.stop - r.start for r in ranges) > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"{text!r:.99}: expected at most {MOST_SEEDS} seeds, below 2^63")
    return list(dict.fromkeys(seed for r in ranges for seed in r))


def positive(text):
    return _number(text, float, 1e-30, "a positive number")


def printable(text) -> str:
    """A text on one line, in which codes that a terminal would obey are spelt out: file names may hold any."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(str(text).split()))
