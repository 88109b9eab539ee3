"""The physical limit of a step of `bench_workloads.py`: its multiplications, its bytes, and two measured speeds."""
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

GEMM = 2048  # rows and columns of the matrices of the product
COPY = 1 << 23  # numbers of the vector that is copied


def multiply_adds(work):
    """The multiplications of one step in products and convolutions, from the layers and the gradients formed.

    Each layer costs m, as much for its value as for the gradient of its weight and for that of its input; the padding
    of a convolution counts. The first layer's input gradient is formed only if a part below needs it.
    """
    if work.name == "chain":
        return 2 * work.batch * 16 * 16
    g, d = (_layer_costs(net, shape, work.batch) for net, shape in ((work.g, (work.latent,)), (work.d, work.shape)))
    learnt = 2 * (3 * sum(d) - d[0])  # D on real and on fake: value, weights, inputs but the first
    if work.name == "gp":  # between: value and slope; of the slope, weights and cotangents but the ones it starts from
        return learnt + 4 * sum(d) - d[-1]
    return learnt + 2 * sum(d) + 3 * sum(g) - g[0]  # and in G's step: D's value and inputs, all of G


def _layer_costs(net, shape, batch):
    """The multiplications for the value of each layer that has a kernel."""
    x, costs = np.zeros((2, *shape), np.float32), []
    for layer in net.layers:
        y = layer(x)
        if getattr(layer, "weight", None) is not None and layer.weight.ndim > 1:
            small = x if type(layer).__name__ == "ConvTranspose2d" else y
            costs.append(batch * math.prod(small.shape[1:-1]) * layer.weight.size)
        x = y
    return costs


def fewest_bytes(work):
    """The fewest bytes of a step: weights, gradients and moments once each way, each layer's output four times.

    Adam reads four vectors and writes three. An output is written and read, and so is its cotangent; D sees three
    batches, G one.
    """
    if work.name == "chain":
        return 4 * work.batch * 16 * 4
    g, d = (_outputs(net, shape, work.batch) for net, shape in ((work.g, (work.latent,)), (work.d, work.shape)))
    both = [work.d] if work.name == "gp" else [work.g, work.d]
    return 4 * (8 * sum(net.theta.size for net in both) + 4 * (3 * d + (g if work.g in both else 0)))


def _outputs(net, shape, batch):
    """The number of elements in the outputs of the layers that have weights."""
    x, total = np.zeros((2, *shape), np.float32), 0
    for layer in net.layers:
        x = layer(x)
        if getattr(layer, "weight", None) is not None and layer.weight.ndim > 1:
            total += x.size // 2 * batch
    return total


def _product(threads):
    """Multiplies two large matrices: its speed is the peak."""
    a, b = np.random.default_rng(0).standard_normal((2, GEMM, GEMM), dtype=np.float32)
    c = np.empty_like(a)
    return lambda: np.matmul(a, b, out=c)


def _copy(threads):
    """Copies a vector that is larger than the caches of a core, a part in each thread."""
    a = np.ones(COPY, np.float32)
    b, pool = np.zeros_like(a), ThreadPoolExecutor(threads)
    parts = [slice(COPY * i // threads, COPY * (i + 1) // threads) for i in range(threads)]
    return lambda: list(pool.map(lambda part: np.copyto(b[part], a[part]), parts))


MEASURES = {"gemm": _product, "copy": _copy}  # what a worker measures instead of a workload

