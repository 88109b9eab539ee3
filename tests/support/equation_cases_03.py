"""Compares the equations of lectures 03 and 04 with the functions that cite them (`equation_cases`)."""
import numpy as np

import tinygan as tg


def random_tape(function, oracle, rng):
    """A tape in which each node is made from two before it, with its Jacobians: `grad` at every node."""
    nodes, slopes = [tg.Tensor(rng.normal(size=3), requires_grad=True) for _ in range(2)], [{}, {}]
    for _ in range(4):
        (i, j), (a, b) = rng.choice(len(nodes), 2, replace=False), rng.normal(size=(2, 3, 3))
        nodes.append(tg.tanh(tg.matmul(a, nodes[i]) + tg.matmul(b, nodes[j])))
        steep = 1 - nodes[-1].numpy()[:, None] ** 2
        slopes.append({i: steep * a, j: steep * b})
    weights = rng.normal(size=(len(nodes), 3))
    nodes.append(tg.sum(tg.stack(nodes) * weights))
    slopes.append({k: row[None] for k, row in enumerate(weights)})
    return (np.concatenate([g.numpy().ravel() for g in function(nodes[-1], nodes)]),
            np.concatenate([bar.ravel() for bar in oracle(slopes)]))


def shapes_that_broadcast(function, oracle, rng):
    g = rng.normal(size=(4, 2, 3))
    shape = [(3,), (2, 1), (4, 1, 3), ()][rng.integers(4)]
    return function(g, shape), oracle(g, shape)


def along_a_direction(function, oracle, rng):
    x, y, d = rng.normal(size=(3, 4))
    step = 1e-5
    change = function(lambda x: x**3 * y, x, step * d, 0.0)
    return change / (2 * step), oracle(lambda x: np.sum(x**3 * y), x, d)


def images(function, oracle, rng):
    """A convolution or its transpose, for two strides and paddings."""
    cases = [(rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(4, 3, 3, 3)), s, p) for s, p in ((1, 1), (2, 0))]
    return tuple(np.concatenate([f(*case).ravel() for case in cases]) for f in (function, oracle))


def with_weights(shape, make, formula):
    """A layer with random parameters on x of that shape, against formula(oracle, x, weight, bias)."""
    def compare(function, oracle, rng):
        layer, x = make(function, rng).astype(np.float64), rng.normal(1, 2, shape)
        layer.theta[:] = rng.normal(size=layer.theta.size)
        return layer(tg.Tensor(x)).numpy(), formula(oracle, x, layer.weight.numpy(), layer.bias.numpy())
    return compare


def as_scale_and_shift(function, oracle, rng):
    """`batch_norm_coefficients`, given the moments of x and applied to it."""
    x, weight, bias = rng.normal(1, 2, (7, 3)), *rng.normal(size=(2, 3))
    scale, shift = function(np.stack([x.mean(0), x.var(0)]), weight, bias)
    return x * scale + shift, oracle(x, weight, bias)


def dense_arrays(function, oracle, rng):
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    return function(x, w, b), oracle(x, w, b)


FORMS = {
    ("chain-rule", "tensor.grad"): random_tape,
    ("unbroadcast", "ops.shape.unbroadcast"): shapes_that_broadcast,
    ("central-difference", "check._difference"): along_a_direction,
    ("dense", "ops.linear.linear"): dense_arrays,
    ("dense", "nn.layers.Dense"): with_weights((5, 3), lambda layer, rng: layer(3, 4, rng=rng),
                                               lambda f, x, w, b: f(x, w, b)),
    ("conv", "ops.conv.conv2d"): images,
    ("conv", "nn.layers.Conv2d"): with_weights((2, 6, 5, 3), lambda layer, rng: layer(3, 2, 3, 2, 1, rng=rng),
                                               lambda f, x, w, b: f(x, w, 2, 1) + b),
    ("conv-transpose", "ops.conv.conv_transpose2d"): images,
    ("conv-transpose", "nn.layers.ConvTranspose2d"): with_weights(
        (2, 3, 4, 3), lambda layer, rng: layer(3, 2, 3, 2, 1, 1, rng=rng), lambda f, x, w, b: f(x, w, 2, 1, 1) + b),
    ("batch-norm", "ops.normalise.batch_norm_coefficients"): as_scale_and_shift,
    ("batch-norm", "nn.norm.BatchNorm"): with_weights((2, 3, 4, 3), lambda layer, rng: layer(3),
                                                      lambda f, x, w, b: f(x, w, b)),
}
