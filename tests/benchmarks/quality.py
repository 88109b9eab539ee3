"""Compares the metrics of the recipes with PyTorch's: same architecture, first weights, settings, budget. A script.

    python tests/benchmarks/quality.py Q1 Q2 --seeds 0-9 --out quality.csv   # a line a metric
    python tests/benchmarks/quality.py --table quality.csv                   # the README's table

A task is a recipe and the ranges that its metrics must lie in; a control, named after its task, must miss them.
"""
import argparse
import csv
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from networks import number
from torch_nets import CHANNELS_FIRST, CHANNELS_LAST, torch_net

from tinygan.backend.process import tune
from tinygan.cli.arguments import seeds
from tinygan.game import train
from tinygan.metrics import label_scores
from tinygan.ops.elementwise import sigmoid
from tinygan.penalties import R1
from tinygan.runs import generate, report
from tinygan.zoo import RECIPES, Recipe
from tinygan.zoo.settings import change
from tinygan.zoo.sources import evaluator_of


class Shuffled(Recipe):
    """A conditional recipe with labels that are independent of their examples."""

    def start(self, *args, **options):
        game = super().start(*args, **options)
        draw = game.data

        def data(n, rng):
            x, labels = draw(n, rng)
            return x, rng.permutation(labels)
        game.data = data
        return game


@dataclass
class Task:
    """A recipe, its changed switches, and the lowest and highest good value of each metric that counts.

    kind: `Shuffled` for labels at random.
    """

    recipe: str
    about: str
    good: dict
    settings: dict = field(default_factory=dict)
    kind: type[Recipe] = Recipe

    def build_recipe(self):
        return self.kind(**vars(change(RECIPES[self.recipe], self.settings)))

    def evaluator(self):
        return evaluator_of(RECIPES[self.recipe].data)


GAUSSIAN = {"mean": (3.9, 4.1), "sd": (0.4, 0.6), "d_gap": (0, 0.05)}
RING, GRID = ({"modes": (modes, modes_of), "hq": (hq, 1), "reverse_kl": (0, kl)}
              for modes, modes_of, hq, kl in ((8, 8, 0.94, 0.02), (24, 25, 0.85, 0.1)))
DIGITS14 = {"modes": (10, 10), "fcd": (0, 2.5), "coverage": (0.6, 1)}
DIGITS = {"modes": (10, 10), "fcd": (0, 1.5 * 1.126), "coverage": (0.6, 1)}
LABELS = {"label_accuracy": (0.9, 1), "label_swap": (0.9, 1)}
SINES = {"purity": (0.9, 1), "least_share": (0.2, 0.5)}
PLAIN = {"r1": 0.0, "decay": False, "average": 0.0}
TASKS = {
    "Q1": Task("gaussian", "N(4, .5) in one dimension", GAUSSIAN),
    "Q2": Task("ring", "eight Gaussians on a circle", RING),
    "Q2 raw": Task("ring", "without R1, decay and average", RING, PLAIN),
    "Q3": Task("grid", "twenty-five Gaussians on a grid", GRID),
    "Q3 raw": Task("grid", "without R1, decay and average", GRID, PLAIN),
    "Q4": Task("digits14", "digits, 14x14, dense", DIGITS14),
    "Q4 raw": Task("digits14", "without R1, with momentum", DIGITS14, {"r1": 0.0, "betas": (0.5, 0.9)}),
    "Q5": Task("digits", "digits, 28x28, DCGAN", DIGITS),
    "Q5 no R1": Task("digits", "without R1", DIGITS, {"r1": 0.0}),
    "wgan": Task("wgan", "the ring, by a critic with clipped weights", {**RING, "hq": (0.8, 1)}),
    "wgan-gp": Task("wgan-gp", "the ring, by a critic with a gradient penalty", {**RING, "hq": (0.8, 1)}),
    "sequence": Task("sequence", "sines of two frequencies, recurrent", SINES),
    "Q6": Task("conditional", "digits, told which", LABELS),
    "Q6 projection": Task("projection", "digits, told which by a projection", LABELS),
    "Q6 shuffled": Task("conditional", "with labels at random", LABELS, kind=Shuffled),
}


def with_tinygan(recipe, seed, steps):
    """The players trained here, as functions of arrays: z (and labels) -> samples, x (and labels) -> logits."""
    game = train(recipe.start(seed), steps)
    if game.average is not None:
        game.average.copy_to(game.generator)
    return partial(generate, game.generator), partial(generate, game.discriminator)


def with_torch(recipe, seed, steps):
    """The same from the same first weights, batches and latents, by PyTorch: only the non-saturating game."""
    import torch
    import torch.nn.functional as F  # noqa: N812
    game = recipe.start(seed)
    r1 = number(game, R1)
    assert (game.objective, game.k, recipe.optimiser) == ("non-saturating", 1, "adam")
    rng = game.rng
    (g, _), (d, _) = (torch_net(net, torch.float32) for net in (game.generator, game.discriminator))
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), game.rate, betas=recipe.betas) for net in (g, d))
    averaged = [*g.parameters(), *[b for b in g.buffers() if b.is_floating_point()]]
    average = [p.detach().clone() for p in averaged]

    def first(x):
        x = torch.from_numpy(x)
        return (x.permute(CHANNELS_FIRST) if x.ndim == 4 else x).contiguous()

    def drawn():
        data = game.data(game.batch, rng)
        x, *labels = data if isinstance(data, tuple) else (data,)
        return first(x).requires_grad_(r1 > 0), *map(torch.from_numpy, labels)

    for step in range(steps):
        for optimiser in (g_adam, d_adam):
            optimiser.param_groups[0]["lr"] = game.rate * (1 - step / steps if game.decay else 1)
        x, *labels = drawn()
        fake = g(torch.from_numpy(game.noise(game.batch, rng)), *labels)
        d_real = d(x, *labels)
        loss = F.softplus(-d_real).mean() + F.softplus(d(fake.detach(), *labels)).mean()
        if r1:
            [slope] = torch.autograd.grad(d_real.sum(), x, create_graph=True)
            loss = loss + r1 / 2 * (slope**2).flatten(1).sum(1).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        g_adam.zero_grad()
        F.softplus(-d(fake, *labels)).mean().backward()
        g_adam.step()
        with torch.no_grad():
            for a, p in zip(average, averaged):
                a.copy_(p) if step == 0 else a.add_((1 - recipe.average) * (p - a))

    if recipe.average:
        with torch.no_grad():
            for a, p in zip(average, averaged):
                p.copy_(a)

    @torch.no_grad()
    def samples(*inputs):
        x = g.eval()(*map(torch.from_numpy, inputs)).numpy()
        return x.transpose(CHANNELS_LAST) if x.ndim == 4 else x
    return samples, lambda x, *labels: d.eval()(first(x), *map(torch.from_numpy, labels)).detach().numpy()


PEERS = {"tinygan": with_tinygan, "torch": with_torch}


def measured(task, peer, seed, steps=None):
    """The metrics of a run, with the seconds of training."""
    recipe, evaluator, rng = task.build_recipe(), task.evaluator(), np.random.default_rng(1000 + seed)
    start = time.perf_counter()
    generator, discriminator = PEERS[peer](recipe, seed, steps or recipe.steps)
    seconds = time.perf_counter() - start
    game = recipe.start(seed)
    z = game.noise(evaluator.count, rng)
    if recipe.conditional:
        classes = game.generator.classes
        labels = np.arange(evaluator.count) % classes
        scores = label_scores(lambda labels: generator(z, labels), evaluator.classify, labels, classes, rng)
        return {**evaluator.figures(generator(z, labels)), **scores, "seconds": seconds}
    samples = generator(z)
    both = np.concatenate([evaluator.real(evaluator.count, rng), samples]).astype(np.float32)
    gap = float(np.abs(sigmoid(discriminator(both)) - 0.5).mean())  # distance of D's outputs from 1/2
    return {**evaluator.figures(samples), "d_gap": gap, "seconds": seconds}


def table(paths):
    """Markdown: a line a metric, medians and quartiles of each peer, real data, and how many runs are good."""
    runs = {}
    for path in paths:
        for task, peer, seed, name, value in _lines(path):
            runs.setdefault((task, peer), {}).setdefault(seed, {})[name] = float(value)
    titles = {"tinygan": "tinygan", "torch": "PyTorch"}
    names = " | ".join(titles.values())
    print(f"| task | figure | {names} | real data | good is | how many: {names} |")
    print("|---" * (5 + len(titles) * 2 - 1) + "|")
    for name, task in TASKS.items():
        found = {peer: list(runs.get((name, peer), {}).values()) for peer in titles}
        if not any(found.values()):
            continue
        evaluator = task.evaluator()
        real = evaluator.figures(evaluator.real(evaluator.count, np.random.default_rng(0)))
        title = f"{name}: {task.about}, {max(map(len, found.values()))} seeds"
        for figure, (low, high) in task.good.items():
            cells = [report.text(rows, figure) if rows else "" for rows in found.values()]
            good = [f"{sum(low <= row[figure] <= high for row in rows)} of {len(rows)}" if rows else ""
                    for rows in found.values()]
            at_best = f"{real[figure]:.4g}" if figure in real else ""
            print(f"| {title} | {figure} | {' | '.join(cells)} | {at_best} | {low:.4g} to {high:.4g} | "
                  f"{' | '.join(good)} |")
            title = ""


def _lines(path):
    if not Path(path).exists():
        return []
    with open(path, newline="") as file:
        return list(csv.reader(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="fewer than the recipe's: to see that it works")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--out", default="quality.csv")
    parser.add_argument("--table", nargs="+", metavar="CSV")
    options = parser.parse_args()
    if options.table:
        return table(options.table)
    unknown = set(options.tasks) - set(TASKS)
    if unknown:
        parser.error(f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    tune()
    done = {tuple(line[:3]) for line in _lines(options.out)}
    for task in options.tasks:
        for seed in options.seeds:
            for peer in options.peers:
                if (task, peer, str(seed)) in done:
                    continue
                figures = measured(TASKS[task], peer, seed, options.steps)
                with open(options.out, "a", newline="") as file:
                    csv.writer(file).writerows([task, peer, seed, name, value] for name, value in figures.items())
                print(f"{task} {peer} {seed}:", "  ".join(f"{k} {v:.4g}" for k, v in figures.items()), flush=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
