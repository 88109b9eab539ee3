"""Imports a PyTorch state with other names, such as a classic DCGAN's: layers are matched by their order.

In the classic DCGAN (Radford et al. 2016, and PyTorch's tutorial on it) the generator begins with a transposed
convolution of one pixel, and the discriminator ends with a convolution to one pixel: both are dense layers.
"""
from __future__ import annotations

import re
from typing import Any

import numpy as np

from tinygan import nn
from tinygan.exchange import ExchangeError
from tinygan.exchange.layouts import places

MOST_HALVINGS = 16  # of images of 262,144 pixels a side


def renamed(network: nn.Module, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state under the names that `layouts` gives the network, with layers matched by their order.

    A bias that the state lacks becomes 0. ExchangeError if the layers do not match.
    """
    own = _layers([p.name for p in places(network)])
    theirs = _layers([name for name in state if not name.endswith("num_batches_tracked")])
    if own == theirs or not isinstance(network, nn.Sequential):
        return state
    if len(own) != len(theirs):
        raise ExchangeError(f"it has {len(theirs)} layers with weights, the network has {len(own)}")
    modules: dict[str, Any] = dict(network.modules())
    result: dict[str, np.ndarray] = {}
    for (prefix, names), (other, others) in zip(own.items(), theirs.items()):
        if not names - {"bias"} <= others <= names:
            raise ExchangeError(f"{other}* has {', '.join(sorted(others))}; the network's {prefix}* is "
                                f"a {type(modules[prefix]).__name__} with {', '.join(sorted(names))}")
        for name in others:
            a = state[other + name]
            result[prefix + name] = _flat(a, not result) if isinstance(modules[prefix], nn.Dense) and a.ndim == 4 else a
        if "bias" in names - others:
            result[prefix + "bias"] = np.zeros(modules[prefix].bias.shape, np.float32)
    return result


def classic(state: dict[str, np.ndarray]) -> dict[str, Any]:
    """The settings `latent`, `width`, `halvings` that give our DCGAN the shapes of a classic generator's state.

    `shape` is that of its images. The result is empty if the first weight is not a kernel.
    """
    weights = [state[f"{prefix}weight"] for prefix, names in _layers(state).items() if "weight" in names]
    kernels = [w for w in weights if w.ndim == 4]
    if len(kernels) < 2 or weights[0].ndim != 4:
        return {}
    halvings = len(kernels) - 1
    if halvings > MOST_HALVINGS:
        return {}
    side = kernels[0].shape[2] << halvings
    return {"latent": len(kernels[0]), "width": len(kernels[-1]), "halvings": halvings,
            "shape": (side, side, kernels[-1].shape[1])}


def _layers(names) -> dict[str, set[str]]:
    """The names of the arrays of each layer, by their common prefix, in order: 2 comes before 10."""
    layers: dict[str, set[str]] = {}
    for name in sorted(names, key=lambda name: [int(s) if s.isdigit() else s for s in re.split(r"(\d+)", name)]):
        prefix, dot, last = name.rpartition(".")
        layers.setdefault(prefix + dot, set()).add(last)
    return layers


def _flat(kernel, first):
    """Converts a kernel from or to one pixel to PyTorch's weight of a dense layer; the channels are the last axis."""
    if first:  # (in, out, kh, kw), transposed
        return kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])
    return kernel.transpose(0, 2, 3, 1).reshape(kernel.shape[0], -1)
