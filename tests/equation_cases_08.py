"""How the equations of lectures 08 and 09 are compared with the functions that cite them (`equation_cases`)."""
from types import SimpleNamespace

import numpy as np


def optimiser(function, oracle, rng):
    """The direction after the last of six gradients; the oracle is given all of them."""
    gradients, walker = rng.normal(size=(6, 3)), function()
    return [walker(g) for g in gradients][-1], oracle(gradients)


def between(kind):
    """A path from each of two rows, against the oracle's from one latent to another."""
    def compare(function, oracle, rng):
        a, b, t = *rng.normal(size=(2, 2, 5)), rng.random()
        return function(a, b, t), [oracle(*ends, t, kind) for ends in zip(a, b)]
    return compare


def walk(function, oracle, rng):
    """The images of a run whose generator shows its latents."""
    a, b = rng.normal(size=(2, 3, 5))
    ends, kind = iter([a, b]), rng.choice(["straight", "spherical"])
    run = SimpleNamespace(folder="", classes=0, examples=lambda z, condition: z[0],
                          game=SimpleNamespace(noise=lambda n, rng: next(ends)))
    return function(run, 3, 4, kind, rng), [[oracle(*pair, i / 3, kind) for i in range(4)] for pair in zip(a, b)]


def sums(function, oracle, rng):
    a, b, c = rng.normal(size=(3, 4, 5))
    return function(a, b, c), oracle(a, b, c)


def law_of_weights(function, oracle, rng):
    """The squares of what is drawn, relative to those of the standard normal numbers behind it."""
    seed, fan_in, slope = rng.integers(99), rng.integers(1, 99), rng.random()
    drawn, standard = function(np.random.default_rng(seed), (9,), fan_in, 7, slope), np.random.default_rng(seed)
    return (drawn / standard.standard_normal(9)) ** 2, np.full(9, oracle(fan_in, slope))


FORMS = {
    ("adam", "updates.Adam"): optimiser,
    ("he", "nn.initial.he"): law_of_weights,
    ("interpolation", "latent.lerp"): between("straight"),
    ("interpolation", "latent.slerp"): between("spherical"),
    ("interpolation", "interpolate.interpolate"): walk,
    ("analogy", "latent.analogy"): sums,
}
