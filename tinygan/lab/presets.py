"""Games to begin with: one that works and four that fail, each with a sentence and the section that explains it."""
from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, NamedTuple

LECTURES = Path(__file__).parents[2] / "lectures"  # in a clone; a package without the course has none
DEFAULTS = {"data": "ring of eight", "objective": "non-saturating", "rate_d": 2e-3, "rate_g": 2e-3, "k": 1, "r1": 0.01,
            "batch": 128, "width": 64, "optimiser": "Adam, beta1 = 0.5", "seed": 0}


class Preset(NamedTuple):
    """Settings that differ from DEFAULTS, the failure in a sentence, a cure, the lecture's file and section."""

    changes: dict[str, Any]
    sentence: str
    cure: str
    lecture: str
    section: str


PRESETS = {
    "a game that works": Preset(
        {}, "G and D take turns with equal rates, and a little R1 keeps D smooth: the samples find all eight clusters.",
        "Nothing to cure. Predict first, then change one setting.", "06-playing.md", "The end of the game"),
    "mode collapse": Preset(
        {"rate_d": 5e-4, "rate_g": 5e-3, "r1": 0},
        "G learns ten times as fast as D: all samples go to the place that D likes most, and when D rejects it, all go "
        "to the next.", "Cure: equal rates, and R1 at 0.01.", "07-what-goes-wrong.md", "Why the generator collapses"),
    "oscillation": Preset(
        {"data": "one Gaussian", "rate_d": 5e-4, "rate_g": 5e-4, "r1": 0, "optimiser": "Adam, beta1 = 0.9"},
        "The samples pass the data, turn back when D has noticed, and pass them again: momentum and no friction.",
        "Cure: R1 at 0.1, and beta1 = 0.5.", "07-what-goes-wrong.md", "A game of two numbers"),
    "D too strong": Preset(
        {"rate_d": 5e-3, "rate_g": 5e-4, "k": 10, "r1": 0},
        "D makes ten moves for each of G's, and no penalty keeps it smooth: it is certain and steep, the arrows are "
        "very long, and the samples get stuck at few clusters.", "Cure: k = 1, equal rates, and R1 at 0.1.",
        "07-what-goes-wrong.md", "The generator stands still"),
    "vanishing gradients": Preset(
        {"objective": "minimax", "rate_d": 5e-3, "rate_g": 5e-4, "k": 10, "r1": 0},
        "The same D, but now G descends log(1 - D), which is flat where D is certain: the arrows vanish, and G stands "
        "still.",
        "Cure: the non-saturating game, or k = 1 and R1 at 0.1.", "06-playing.md",
        "The minimax generator learns slowly at the start"),
}


def place(lecture: str, section: str) -> str:
    """The name of a section for readers: lecture 7, "The generator stands still"."""
    return f'lecture {int(lecture[:2])}, "{section}"'


def passage(lecture: str, section: str, folder: Path = LECTURES) -> str | None:
    """The Markdown of a section of a lecture with its figures in it, or None if the course is not there."""
    try:
        lines = (folder / lecture).read_text(encoding="utf-8").split("\n")
    except OSError:
        return None
    [start] = [i for i, line in enumerate(lines) if re.fullmatch(rf"#+ {re.escape(section)}", line)]
    level = lines[start].index(" ")
    end = next((i for i in range(start + 1, len(lines)) if re.match(rf"#{{1,{level}}} ", lines[i])), len(lines))
    text = re.sub(r"(?<!!)\[([^]]+)\]\([^)]*\)", r"\1", "\n".join(lines[start:end]))  # a link leads nowhere here
    return re.sub(r"\]\((figures/[\w-]+\.png)\)", lambda found: f"]({_figure(folder / found[1])})", text)


def _figure(path):
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
