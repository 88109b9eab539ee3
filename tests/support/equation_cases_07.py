"""Compares the equations of lecture 07 with the functions that cite them (`equation_cases`)."""
import numpy as np

import tinygan as tg
from tinygan import nn, objectives
from tinygan.toys.fields import bilinear, dirac


def of_a_point(function, oracle, rng):
    """A field, or a function that returns one."""
    w = rng.normal(size=2)
    return (function if function is bilinear else function())(*w), oracle(*w)


def of_an_update(function, oracle, rng):
    """`dynamics` turns the field of the Dirac-GAN into an update; the oracle is the update."""
    w, h = rng.normal(size=2), rng.uniform(0.1, 2)
    return function(dirac(), h)(*w), oracle(dirac(), w, h)


def with_memory(function, oracle, rng):
    """Called twice with vectors, against the oracle of (old, new, share)."""
    one, two, share = *rng.normal(size=(2, 5)), rng.uniform(0.2, 0.9)
    memory = function(share)
    memory(one.copy())
    return memory(two), oracle(one, two, share)


def decayed(function, oracle, rng):
    moments = [(rng.uniform(), step, 20, start) for step in range(21) for start in (0.0, 0.4, rng.uniform(0, 0.9))]
    return [function(*m) for m in moments], [oracle(*m) for m in moments]


def noisy(function, oracle, rng):
    x, sigma, seed = rng.uniform(2, 3, (5, 3)), rng.uniform(), rng.integers(99)
    noise = [np.random.default_rng(seed) for _ in range(2)]
    return function(tg.Tensor(x), sigma, noise[0]).numpy(), oracle(x, sigma, noise[1])


def r1_of_a_network(function, oracle, rng):
    d = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.Tanh(), nn.Dense(4, 1, rng=rng)).astype(np.float64)
    x, weight = tg.Tensor(rng.normal(size=(6, 3)), requires_grad=True), rng.uniform(1, 2)
    return function(d(x), x, weight).item(), oracle(lambda x: d(tg.Tensor(x)).numpy(), x.numpy(), weight)


def look_ahead(function, oracle, rng):
    """A linear D, a few steps ahead: its output on a fake, and the derivative by the fake."""
    def value(theta, fake):
        return np.mean(-np.log(1 + np.exp(-x @ theta))) + np.mean(-np.log(1 + np.exp(fake @ theta)))

    d, x = nn.Dense(3, 1, bias=False, rng=rng).astype(np.float64), rng.normal(size=(6, 3))
    fake, theta, rate = rng.normal(size=(1, 3)), d.theta.copy(), rng.uniform(0.2, 0.5)

    def says(fake):
        return fake[0] @ oracle(theta, lambda t: value(t, fake), 3, rate)

    def foreseen(fake):
        return tg.sum(function(d, lambda: objectives.value(d(tg.Tensor(x)), d(fake)), 3, rate)(fake))
    nudges = [(says(fake + e) - says(fake - e)) / 2e-4 for e in 1e-4 * np.eye(3)]
    watched = tg.Tensor(fake, requires_grad=True)
    found = foreseen(watched)
    return [found.item(), *tg.grad(found, [watched])[0].numpy()[0]], [says(fake), *nudges]


def side_by_side(function, oracle, rng):
    x = rng.normal(size=(6, 4))
    return function(3)(tg.Tensor(x)).numpy(), oracle(x, 3)


def of_a_batch(function, oracle, rng):
    x = rng.normal(size=(6, 4)) * rng.uniform(0.5, 3, 4)
    return function()(tg.Tensor(x)).numpy(), oracle(x)


def normed(function, oracle, rng):
    """After many calls the power iteration has found the largest singular value."""
    layer = function(nn.Dense(5, 4, bias=False, rng=rng), rng=rng).astype(np.float64)
    for _ in range(2000):
        says = layer(tg.Tensor(np.eye(5))).numpy()
    return says, oracle(layer.layer.weight.data)


FORMS = {
    ("dirac", "toys.fields.dirac"): of_a_point,
    ("bilinear", "toys.fields.bilinear"): of_a_point,
    ("simultaneous", "toys.dynamics.simultaneous"): of_an_update,
    ("alternating", "toys.dynamics.alternating"): of_an_update,
    ("extragradient", "toys.dynamics.extragradient"): of_an_update,
    ("r1", "penalties.r1"): r1_of_a_network,
    ("instance-noise", "penalties.instance_noise"): noisy,
    ("unrolled", "penalties.unrolled"): look_ahead,
    ("average", "updates.Average"): with_memory,
    ("linear-decay", "updates.linear_decay"): decayed,
    ("momentum", "updates.Momentum"): with_memory,
    ("minibatch-std", "nn.regularisation.MinibatchStd"): of_a_batch,
    ("packing", "nn.regularisation.Pack"): side_by_side,
    ("spectral-norm", "nn.regularisation.SpectralNorm"): normed,
}
