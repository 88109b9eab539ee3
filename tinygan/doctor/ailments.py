"""The ailments of a game: for each a function of the evidence, a remedy to try, and the section of the course.

A function returns the numbers that show the ailment, in words, or "" if the game does not have it. The bounds separate
games that failed from games of the recipes (tests/doctor/test_ailments.py).
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinygan.doctor.evidence import Evidence

PATIENCE = 400  # a state counts if it lasts so many steps, and a tenth of the run
BLOCK = 20  # records that are averaged


class Ailment(NamedTuple):
    """A fault of a game: its name, the function that finds it, a remedy, the lecture's file and section."""

    name: str
    shown_by: Callable[[Evidence], str]
    remedy: str
    lecture: str
    section: str


class Finding(NamedTuple):
    """An ailment that a game has, and the numbers that show it, in words."""

    ailment: Ailment
    figures: str

    def __str__(self):
        name, _, remedy, lecture, section = self.ailment
        return f"{name}: {self.figures}\n    try: {remedy}\n    see: lectures/{lecture}, {section}"


def findings(evidence: Evidence) -> list[Finding]:
    """The findings for all ailments that the evidence shows."""
    checked = [(ailment, ailment.shown_by(evidence)) for ailment in AILMENTS]
    return [Finding(ailment, figures) for ailment, figures in checked if figures]


def d_has_won(e: Evidence) -> str:
    """D separates real from fake with certainty, and G's gradient has vanished; or it does so for many steps."""
    steps = np.array(e.history["step"])
    if len(steps) < 2 * BLOCK:
        return ""
    real, fake, gradient = (np.array(e.history[name]) for name in ("d_real", "d_fake", "g_gradient"))
    last, once = np.median(gradient[-BLOCK:]), max(np.median(block) for block in _blocks(gradient))
    sure = f"D(x) is {_mean(real):.3f} for real examples and {_mean(fake):.3f} for fakes"
    if _gap(e) > 0.9 and last < once / 100:
        return f"{sure}, and the norm of G's gradient fell from {once:.2g} to {last:.2g}"
    late = steps > steps[-1] - _patience(e)
    if steps[-1] - steps[0] >= _patience(e) and (real - fake)[late].min() > 0.95:
        return f"{sure}, and their difference was above 0.95 for {_patience(e)} steps"
    return ""


def d_cannot_tell(e: Evidence) -> str:
    """D's outputs for real and for fake examples are equal since the first step."""
    steps = e.history["step"]
    if len(steps) < BLOCK or e.objective.blind is None or steps[0] > 0 or steps[-1] < _patience(e):
        return ""
    gaps = [float(np.mean(block)) for block in _blocks(np.array(e.history["d_real"]) - e.history["d_fake"])]
    widest = max(map(abs, gaps))
    if widest > 0.004:
        return ""
    return (f"in {steps[-1] + 1} steps the means of D(x) and D(G(z)) never differed by more than {widest:.1g}; D's "
            f"objective is {_mean(e.history['d_value']):.4f}, and for a D that guesses it is {e.objective.blind:.4f}")


def collapse(e: Evidence) -> str:
    """The fakes are too similar for many steps and do not improve; not if D has won, which would be the reason."""
    now = e.visits[-1].step
    late = [v for v in e.visits if v.step > now - _patience(e)]
    variety, std_ratio = [v.variety for v in late], [v.std_ratio for v in late]
    better = (np.diff(variety[-3:]) > 0).all() and variety[-1] > 1.5 * np.mean(variety)
    few = max(variety) < 0.45 and np.mean(variety) < 0.3 and not better
    close = max(std_ratio) < 0.2
    if now < _patience(e) or not (few or close) or _gap(e) > 0.9:
        return ""
    return (f"{f'since step {late[0].step}' if len(late) > 1 else 'now'} the variety of the fakes is "
            f"{np.mean(variety):.2g} times that of the data (at most {max(variety):.2g}), and their standard deviation "
            f"is {np.mean(std_ratio):.2g} times that of the data")


def data_out_of_reach(e: Evidence) -> str:
    """Some numbers of the data are outside the range of G's last layer, or all are in the upper half of the range."""
    if e.reach is None:
        return ""
    (least, greatest), low, high = e.reach, e.visits[-1].low, e.visits[-1].high
    slack = 0.01 * (greatest - least)
    if low < least - slack or high > greatest + slack or (least < 0 and low > -slack):
        return f"the data are in [{low:.4g}, {high:.4g}], G's last layer gives numbers in ({least:g}, {greatest:g})"
    return ""


def data_of_another_size(e: Evidence) -> str:
    """The numbers of the data are much larger or much smaller than 1."""
    low, high = e.visits[-1].low, e.visits[-1].high
    far = not e.reach and (max(-low, high) > 20 or max(-low, high) < 0.05)
    return f"the data are in [{low:.4g}, {high:.4g}]" if far else ""


def rates_far_apart(e: Evidence) -> str:
    """One player's learning rate is many times the other's."""
    if e.rates is None or max(e.rates) <= 10 * min(e.rates):
        return ""
    return f"D's learning rate is {e.rates[0]:g} and G's {e.rates[1]:g}"


def dead_relus(e: Evidence) -> str:
    """Nearly all units of a ReLU layer are 0 for every input."""
    dead = {player: min(getattr(v, f"dead_{player.lower()}") for v in e.visits[-2:]) for player in "DG"}
    return "; ".join(f"{share:.0%} of the units of a layer of {player} are 0 for all examples of a batch"
                     for player, share in dead.items() if share > 0.95)


def lonely_batch_norm(e: Evidence) -> str:
    """Batch normalisation gets one example at a time."""
    players = " and ".join(name for name, rows in e.rows.items() if rows < 2)
    return players and f"the batch normalisation of {players} sees a single example at a time"


AILMENTS = [
    Ailment("D has won", d_has_won, "objective=non-saturating, r1=0.1 or more, instance_noise=0.1, a lower rate of D",
            "07-what-goes-wrong.md", "The generator stands still"),
    Ailment("D cannot tell", d_cannot_tell, "a smaller r1 or instance_noise, a larger clip, a higher rate of D",
            "05-objective.md", "What goes wrong in practice"),
    Ailment("mode collapse", collapse, "r1=0.1 or more, betas=0.5:0.9 or 0:0.9, a lower rate of G, packing=2 or "
            "minibatch_std=true", "07-what-goes-wrong.md", "The generator makes few things"),
    Ailment("the data are out of G's reach", data_out_of_reach, "scale the data to the range of G's last layer",
            "08-dcgan.md", "What goes wrong in practice"),
    Ailment("the data are not of about size 1", data_of_another_size, "divide the data by their largest number",
            "07-what-goes-wrong.md", "What goes wrong with the remedies"),
    Ailment("the rates are far apart", rates_far_apart, "rates within a factor of ten: rate=D:G, or one for both",
            "06-playing.md", "What goes wrong in practice"),
    Ailment("dead ReLUs", dead_relus, "a lower rate; LeakyReLU(0.2) in place of ReLU", "04-layers.md",
            "What goes wrong in practice"),
    Ailment("batch normalisation of one example", lonely_batch_norm, "a larger --batch, or batch_norm=false",
            "08-dcgan.md", "What goes wrong in practice"),
]


def _patience(e):
    return max(PATIENCE, e.steps // 10)


def _blocks(column):
    """The column in blocks of BLOCK records, without an incomplete last block."""
    return [column[i:i + BLOCK] for i in range(0, len(column) - BLOCK + 1, BLOCK)]


def _mean(column):
    return float(np.mean(column[-BLOCK:])) if len(column) else 0.0


def _gap(e):
    """The difference of D's mean outputs for real and fake examples in the last records."""
    return _mean(e.history["d_real"]) - _mean(e.history["d_fake"])
