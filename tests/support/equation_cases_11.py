"""Compares the equations of lecture 11 with the functions that cite them (`equation_cases`)."""
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.zoo import progressive, style


def pictures(rng):
    return rng.normal(1, 2, (2, 4, 6, 3))


def of_pictures(function, oracle, rng):
    images = pictures(rng)
    return function(images), oracle(images)


def pixel_normed(function, oracle, rng):
    images = pictures(rng)
    return function()(tg.Tensor(images)).numpy(), oracle(images)


def equalised(function, oracle, rng):
    made, x = function(6, 3, rng=rng).astype(np.float64), rng.normal(size=(4, 6))
    made.bias.data[:] = rng.normal(size=3)
    return made(tg.Tensor(x)).numpy(), oracle(x, made.weight.numpy(), made.bias.numpy())


def faded(function, oracle, rng):
    growth, (old, new) = progressive.Growth(2), rng.normal(size=(2, 5))
    growth.alpha = 0.3
    return function(growth, old, new), oracle(old, new, 0.3)


def styled(start):
    """start: function -> the module, its AdaIN, and the map of the features before it."""
    def compare(function, oracle, rng):
        module, layer, before = start(function, rng)
        module.theta[:] = rng.normal(size=module.theta.shape)
        images, w = pictures(rng), rng.normal(size=(2, style.STYLE))
        a, b = (p.numpy() for p in layer.style.parameters())
        got, inputs = before(module, images, w)
        return got, oracle(inputs, *np.split(w @ a / style.STYLE**0.5 + b, 2, axis=1))
    return compare


def adain_alone(function, rng):
    module = function(3, style.STYLE, rng=rng).astype(np.float64)
    return module, module, lambda m, x, w: (m(tg.Tensor(x), tg.Tensor(w)).numpy(), x)


def adain_in_a_layer(function, rng):
    def before(m, x, w):
        noisy = x + m.noise.gain.numpy() * 0.7
        return (m(tg.Tensor(x), tg.Tensor(np.full((*x.shape[:3], 1), 0.7)), tg.Tensor(w)).numpy(),
                np.where(noisy > 0, noisy, 0.2 * noisy))
    module = function(nn.Sequential(), 3, rng=rng).astype(np.float64)
    return module, module.adain, before


def noisy(function, oracle, rng):
    layer, images, noise = function(3).astype(np.float64), pictures(rng), rng.normal(size=(2, 4, 6, 1))
    layer.theta[:] = rng.normal(size=3)
    return layer(tg.Tensor(images), tg.Tensor(noise)).numpy(), oracle(images, noise, layer.gain.numpy())


def mixed(function, oracle, rng):
    """The styles that the layers of a generator get in training mode."""
    made = function(5, 3, [16, 16], 0.5, rng=rng).astype(np.float64)
    z, other, cut = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.integers(1, 5, (4, 1))
    made.synthesis = lambda styles, noise: np.stack([w.numpy() for w in styles])
    got = made(tg.Tensor(z), tg.Tensor(other), tg.Tensor(cut))
    return got, oracle(made.mapping(tg.Tensor(z)).numpy(), made.mapping(tg.Tensor(other)).numpy(), cut, 4)


def truncated(function, oracle, rng):
    made, z = style.Generator(5, 3, [16, 16], 0.5, rng=rng).astype(np.float64), tg.Tensor(rng.normal(size=(4, 5)))
    made.mean = rng.normal(size=style.STYLE)
    return function(made, z, 0.6).numpy(), oracle(made.mapping(z).numpy(), made.mean, 0.6)


FORMS = {
    ("average-pool", "ops.image.average_pool"): of_pictures,
    ("upsample", "ops.image.upsample"): of_pictures,
    ("adain", "nn.style.AdaIN"): styled(adain_alone),
    ("adain", "zoo.style.Layer"): styled(adain_in_a_layer),
    ("equalised", "nn.style.EqualisedDense"): equalised,
    ("fade-in", "zoo.progressive.Growth.fade"): faded,
    ("noise-input", "nn.style.Noise"): noisy,
    ("pixel-norm", "nn.style.PixelNorm"): pixel_normed,
    ("style-mixing", "zoo.style.Generator"): mixed,
    ("truncation", "zoo.style.Generator.truncated"): truncated,
}
