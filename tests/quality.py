"""What the recipes reach, beside PyTorch on the same architecture, initial law and budget. A script, not a test.

    python tests/quality.py digits --seeds 3 --out digits.csv
    python tests/quality.py ring --seeds 5

trains the recipe with tinygan and with PyTorch from each seed, measures both with tinygan's metrics, and prints a row a
run and the medians.
"""
import argparse
import csv
import sys
import time

import numpy as np
from torch_nets import CHANNELS_FIRST, CHANNELS_LAST, torch_net

from tinygan import metrics
from tinygan.game import train
from tinygan.process import tune
from tinygan.runs import generate
from tinygan.zoo import RECIPES
from tinygan.zoo.recipe import POINTS, SEQUENCES


def judge(recipe, samples):
    """The metrics of a recipe's samples."""
    if recipe.data in POINTS:
        return metrics.evaluate_points(samples, POINTS[recipe.data].means, POINTS[recipe.data].sigma)
    if recipe.data in SEQUENCES:
        return metrics.evaluate_sines(samples, SEQUENCES[recipe.data].frequencies)
    return metrics.evaluate_images(samples)


def with_tinygan(recipe, seed, steps):
    """Samples of the recipe trained here."""
    game = train(recipe.start(seed), steps)
    if game.average is not None:
        game.generator.theta[:] = game.average.theta
    return generate(game.generator, game.noise(_count(recipe), np.random.default_rng(1000 + seed)))


def with_torch(recipe, seed, steps):
    """Samples of the same networks (weights copied at step 0), same settings, trained by PyTorch."""
    import torch
    import torch.nn.functional as F  # noqa: N812
    game = recipe.start(seed)
    rng = game.rng
    (g, _), (d, _) = (torch_net(net, torch.float32) for net in (game.generator, game.discriminator))
    rate, r1 = game.rate, game.r1
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), rate, betas=recipe.betas) for net in (g, d))
    average = [p.detach().clone() for p in g.parameters()]
    for step in range(steps):
        for optimiser in (g_adam, d_adam):
            optimiser.param_groups[0]["lr"] = rate * (1 - step / steps if game.decay else 1)
        x = torch.from_numpy(game.data(game.batch, rng))
        x = (x.permute(CHANNELS_FIRST) if x.ndim == 4 else x).contiguous().requires_grad_(r1 > 0)
        fake = g(torch.from_numpy(game.noise(game.batch, rng)))
        d_real = d(x)
        loss = F.softplus(-d_real).mean() + F.softplus(d(fake.detach())).mean()
        if r1:
            [slope] = torch.autograd.grad(d_real.sum(), x, create_graph=True)
            loss = loss + r1 / 2 * (slope**2).flatten(1).sum(1).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        g_adam.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        g_adam.step()
        if recipe.average:
            with torch.no_grad():
                for a, p in zip(average, g.parameters()):
                    a += (1 - recipe.average) * (p - a)
    if recipe.average:
        with torch.no_grad():
            for a, p in zip(average, g.parameters()):
                p.copy_(a)
    g.eval()
    with torch.no_grad():
        z = torch.from_numpy(game.noise(_count(recipe), np.random.default_rng(1000 + seed)))
        samples = g(z).numpy()
    return samples.transpose(CHANNELS_LAST) if samples.ndim == 4 else samples


def _count(recipe):
    return 2500 if recipe.data in (*POINTS, *SEQUENCES) else 2000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", choices=[
        name for name in RECIPES if RECIPES[name].data in (*POINTS, *SEQUENCES, "digits")])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--peers", nargs="+", default=["tinygan", "torch"])
    parser.add_argument("--out", default=None)
    options = parser.parse_args()
    recipe = RECIPES[options.recipe]
    steps = options.steps or recipe.steps
    tune(divide_batches=recipe.data not in (*POINTS, *SEQUENCES))
    rows = []
    for seed in range(options.first, options.first + options.seeds):
        for peer in options.peers:
            start = time.perf_counter()
            samples = {"tinygan": with_tinygan, "torch": with_torch}[peer](recipe, seed, steps)
            rows.append({"peer": peer, "seed": seed, "seconds": time.perf_counter() - start, **judge(recipe, samples)})
            print(_line(rows[-1]), flush=True)
    for peer in options.peers:
        mine = [row for row in rows if row["peer"] == peer]
        print("median  " + _line({k: peer if k == "peer" else np.median([r[k] for r in mine]) for k in mine[0]}))
    if options.out:
        with open(options.out, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _line(row):
    return "  ".join(f"{k} {v if isinstance(v, str) else format(v, '.4g')}" for k, v in row.items())


if __name__ == "__main__":
    sys.exit(main())
