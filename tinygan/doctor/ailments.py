"""The ailments of a game: for each a function of `signs`, a remedy to try, and the section of the course."""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tinygan.doctor import signs
from tinygan.doctor.evidence import Evidence


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


SETTINGS = [
    Ailment("the data are out of G's reach", signs.data_out_of_reach,
            "scale the data to the range of G's last layer", "08-dcgan.md", "What goes wrong in practice"),
    Ailment("the data are not of about size 1", signs.data_of_another_size,
            "divide the data by their largest number", "07-what-goes-wrong.md", "What goes wrong with the remedies"),
    Ailment("batch normalisation of one example", signs.lonely_batch_norm,
            "a larger --batch, or batch_norm=false", "08-dcgan.md", "What goes wrong in practice"),
    Ailment("the batch is tiny", signs.tiny_batch, "--batch 32 or more", "06-playing.md", "The algorithm"),
    Ailment("the critic has no bound", signs.unbounded_critic, "gp=0.1, clip=0.1 or r1=0.1", "09-wasserstein.md",
            "A critic is a discriminator with a bounded slope"),
    Ailment("the rates are far apart", signs.rates_far_apart,
            "rates within a factor of ten: rate=D:G, or one for both", "06-playing.md", "What goes wrong in practice"),
]
STAGES = [[
    Ailment("the game diverged", signs.diverged, "a rate ten times lower; r1=0.1 or more; for a critic, clip or gp",
            "07-what-goes-wrong.md", "Alternating steps"),
], [
    Ailment("dead ReLUs", signs.dead_relus, "a lower rate; a larger width; LeakyReLU(0.2) in place of ReLU",
            "04-layers.md", "What goes wrong in practice"),
    Ailment("D has won", signs.d_has_won,
            "objective=non-saturating, r1=0.1 or more, instance_noise=0.1, a lower rate of D",
            "07-what-goes-wrong.md", "The generator stands still"),
    Ailment("G gets no gradient", signs.no_gradient,
            "start again with a lower rate, or a larger clip; LeakyReLU(0.2) in place of ReLU in D",
            "07-what-goes-wrong.md", "The generator stands still"),
    Ailment("a player stands still", signs.stands_still, "a higher rate of this player, such as the recipe's own",
            "06-playing.md", "What goes wrong in practice"),
], [
    Ailment("the fakes run away", signs.run_away, "a lower rate of G, a higher rate of D, a smaller gp",
            "06-playing.md", "What goes wrong in practice"),
    Ailment("D cannot tell", signs.d_cannot_tell, "a smaller r1 or instance_noise, a larger clip, width or rate of D",
            "05-objective.md", "What goes wrong in practice"),
    Ailment("mode collapse", signs.collapse,
            "r1=0.1 or more, betas=0.5:0.9 or 0:0.9, a lower rate of G, packing=2 or minibatch_std=true",
            "07-what-goes-wrong.md", "The generator makes few things"),
    Ailment("the players chase each other", signs.chase,
            "r1=0.1 or more, betas=0.5:0.9 or 0:0.9, decay=true; for a critic, clip or gp",
            "07-what-goes-wrong.md", "Friction makes the game converge"),
    Ailment("G memorises", signs.memorised, "more examples; a smaller width", "05-objective.md",
            "What goes wrong in practice"),
], [
    Ailment("the fakes are not like the data", signs.unlike,
            "the recipe's own settings, and then one change at a time; a larger width, latent or --batch",
            "12-measuring.md", "Metrics from nearest neighbours"),
    Ailment("the game is not finished", signs.not_finished, "more --steps", "12-measuring.md",
            "Metrics from nearest neighbours"),
]]
AILMENTS = [*SETTINGS, *(ailment for stage in STAGES for ailment in stage)]


def findings(evidence: Evidence) -> list[Finding]:
    """The findings about the settings, and those of the first stage that has any: causes hide their consequences."""
    found = _check(SETTINGS, evidence)
    for stage in STAGES:
        if shown := _check(stage, evidence):
            return found + shown
    return found


def _check(ailments, evidence):
    checked = [(ailment, ailment.shown_by(evidence)) for ailment in ailments]
    return [Finding(ailment, figures) for ailment, figures in checked if figures]
