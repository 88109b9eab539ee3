"""Measures the cost of growing, and the features that styles control. A script, not a test.

    python tests/benchmarks/growing_quality.py progressive --seeds 3
    python tests/benchmarks/growing_quality.py style --seeds 3

trains the recipe from each seed, prints a row a run and the medians. progressive: compares with players that are
fully grown from the start, over the same number of steps. style: checks that an image with the coarse styles of A and
the fine styles of B has the place of A and the colour of B.
"""
import argparse
import sys
import time

import numpy as np

import tinygan as tg
from tinygan.backend.process import tune
from tinygan.data.shapes import measure_shapes
from tinygan.game import train
from tinygan.runs import generate
from tinygan.zoo import RECIPES
from tinygan.zoo.sources import evaluator_of


def trained(name, seed, steps=None, schedule=True):
    """The game of a recipe played to its end, its generator replaced by the moving average."""
    recipe = RECIPES[name]
    game = recipe.start(seed)
    if not schedule:
        game.schedule = lambda game, steps: None  # fully grown from the first step
    train(game, steps or recipe.steps)
    game.average.copy_to(game.generator)
    return game


def growing(seed, steps):
    """Rows of metrics: players that grow, and players that are fully grown from the start."""
    evaluator = evaluator_of("digits16")
    for how in ("grown", "at once"):
        start = time.perf_counter()
        game = trained("progressive", seed, steps, schedule=how == "grown")
        seconds = time.perf_counter() - start
        samples = generate(game.generator, game.noise(evaluator.count, np.random.default_rng(1000 + seed)))
        yield {"run": how, "seed": seed, "seconds": seconds, **evaluator.figures(samples)}


def mixing(seed, steps):
    """A row of metrics: the agreement of an image of two styles with each of the two."""
    start = time.perf_counter()
    game = trained("style", seed, steps)
    yield {"run": "style", "seed": seed, "seconds": time.perf_counter() - start,
           **governed(game.generator, game.noise, np.random.default_rng(1000 + seed))}


def governed(generator, noise, rng, n=1000, cut=4):
    """Correlations of the factors of mixed images (A's styles before `cut`, then B's) with the factors of A and B.

    For both coordinates and for the three colours: the lowest correlation with the image that should control
    them, and the highest absolute one with the other image. Also the share of images with A's kind of shape.
    """
    generator.eval()
    count = len(generator.layers)
    z, _, _, *maps = noise(2 * n, rng)

    def factors(coarse, fine):
        parts = []
        for i in range(0, n, 100):
            a, b = (generator.mapping(tg.Tensor(z[start + i:start + i + 100])) for start in (coarse, fine))
            parts.append(generator.synthesis([a] * cut + [b] * (count - cut), [m[i:i + 100] for m in maps]).numpy())
        return measure_shapes(np.concatenate(parts))
    with tg.no_grad():
        a, b, mixed = factors(0, 0), factors(n, n), factors(0, n)

    def r(x, y):
        return [float(np.corrcoef(p, q)[0, 1]) for p, q in zip(x.T, y.T)]
    return {"position with A": min(r(mixed.position, a.position)), "colour with B": min(r(mixed.colour, b.colour)),
            "position with B": max(r(mixed.position, b.position), key=abs),
            "colour with A": max(r(mixed.colour, a.colour), key=abs), "kind of A": float((mixed.kind == a.kind).mean())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", choices=["progressive", "style"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int)
    options = parser.parse_args()
    tune()
    rows = []
    for seed in range(options.first, options.first + options.seeds):
        for row in {"progressive": growing, "style": mixing}[options.recipe](seed, options.steps):
            rows.append(row)
            print(_line(row), flush=True)
    for run in dict.fromkeys(row["run"] for row in rows):
        mine = [row for row in rows if row["run"] == run]
        print("median  " + _line({k: run if k == "run" else np.median([row[k] for row in mine]) for k in mine[0]}))


def _line(row):
    return "  ".join(f"{k} {v if isinstance(v, str) else format(v, '.4g')}" for k, v in row.items())


if __name__ == "__main__":
    sys.exit(main())
