"""Compares the equations of lecture 13 with the functions that cite them, on threads that stand for ranks."""
from dataclasses import replace

import numpy as np
import threads

import tinygan as tg
from tinygan import game, nn
from tinygan.distributed.group import using_group

BATCH, BOUNDS = 7, [0, 2, 4, 7]  # on three ranks


def added(function, oracle, rng):
    parts = rng.normal(size=(3, 2, 4))

    def on(ranks):
        with using_group(ranks):
            return function(parts[ranks.rank])
    return threads.play(3, on), oracle(parts)


def averaged(function, oracle, rng):
    """The gradient of a mean over a slice, of a linear D, on each rank; against the slices' own gradients."""
    x, weights = rng.normal(size=(BATCH, 2)), rng.normal(size=(2, 1))
    d = nn.Dense(2, 1, bias=False, rng=rng).astype(np.float64)
    match = game.Game(d, nn.Dense(2, 1, rng=rng), game.latent(2), game.latent(2), rng, batch=BATCH)

    def value(w, x):
        return tg.mean(tg.tanh(tg.matmul(x, w)))

    def on(ranks):
        w = nn.Parameter(weights.copy())
        return function(replace(match, group=ranks), value(w, x[BOUNDS[ranks.rank]:BOUNDS[ranks.rank + 1]]),
                        [w])
    gradients = []
    for start, stop in zip(BOUNDS, BOUNDS[1:]):
        w = tg.Tensor(weights, requires_grad=True)
        gradients.append(tg.grad(value(w, x[start:stop]), [w])[0].numpy().reshape(-1))
    return threads.play(3, on), [oracle(gradients, np.diff(BOUNDS))] * 3


def pooled(function, oracle, rng, own=lambda x: x):
    """The result on slices with different means; `own` is the function's argument for a slice."""
    x = rng.normal(size=(BATCH, 4)) + 3 * np.arange(BATCH)[:, None]
    slices = [x[start:stop] for start, stop in zip(BOUNDS, BOUNDS[1:])]

    def on(ranks):
        ranks.divide(BATCH)
        with using_group(ranks):
            return function(own(ranks.shard(x)))
    return threads.play(3, on), [oracle(np.array([s.mean(0) for s in slices]), np.array([s.var(0) for s in slices]),
                                        np.diff(BOUNDS))] * 3


def pooled_from_moments(function, oracle, rng):
    return pooled(function, oracle, rng, own=lambda x: np.stack([x.mean(0), x.var(0)]))


FORMS = {
    ("all-reduce", "ops.normalise.all_reduce"): added,
    ("gradient-average", "game.step.gradient"): averaged,
    ("pooled-moments", "ops.normalise.moments"): pooled,
    ("pooled-moments", "ops.normalise._pooled"): pooled_from_moments,
}
