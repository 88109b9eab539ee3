"""Converts parameters and buffers to PyTorch's names and order of axes, and back.

The modules have the same names on both sides, so only the axes differ. In PyTorch a dense weight is (out, in), a kernel
(out, in, kh, kw), a kernel of a transposed convolution (in, out, kh, kw), a batch of images (n, channels, h, w).
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygan import backend, nn
from tinygan.exchange import ExchangeError
from tinygan.zoo import style

_AXES = {2: (1, 0), 4: (3, 2, 0, 1)}
_CHANNELS_FIRST = (0, 3, 1, 2)
_CELLS = nn.GRUCell, nn.RNNCell  # PyTorch appends the number of the layer to their names


class Place(NamedTuple):
    """An array on both sides: PyTorch's name, tinygan's name, and the permutation of tinygan's axes to PyTorch's."""

    name: str
    own: str
    array: Any
    axes: tuple[int, ...]


def places(network: nn.Module) -> Iterator[Place]:
    """The parameters and buffers of a network, layer by layer."""
    for prefix, m in network.modules():
        buffers = {name: getattr(m, name) for name in m.buffers}
        parameters = {name: value.data for name, value in vars(m).items() if isinstance(value, nn.Parameter)}
        for name, a in {**parameters, **buffers}.items():
            axes = _AXES.get(a.ndim, tuple(range(a.ndim)))
            if isinstance(m, nn.Embedding):
                axes = (0, 1)
            elif isinstance(m, style.Generator) and a.ndim == 4:  # an image, not a kernel
                axes = _CHANNELS_FIRST
            yield Place(f"{prefix}{name}{'_l0' if isinstance(m, _CELLS) else ''}", prefix + name, a, axes)


def to_torch(network: nn.Module) -> dict[str, np.ndarray]:
    """A network's state in PyTorch's form: float32, on the host."""
    return {p.name: np.ascontiguousarray(backend.to(p.array, "cpu").transpose(p.axes), np.float32)
            for p in places(network)}


def from_torch(network: nn.Module, state: dict[str, np.ndarray]) -> None:
    """Loads a state in PyTorch's form into a network; ExchangeError if it does not fit."""
    state = {name: a for name, a in state.items() if not name.endswith("num_batches_tracked")}
    wanted = {p.name: p for p in places(network)}
    for name in [*(wanted.keys() - state.keys()), *(state.keys() - wanted.keys())]:
        raise ExchangeError(f"{name} is {'missing' if name in wanted else 'unknown to the network'}")
    for name, p in wanted.items():
        shape = tuple(p.array.shape[i] for i in p.axes)
        if state[name].shape != shape:
            raise ExchangeError(f"{name} has shape {state[name].shape}, the network's has {shape}")
    network.load_state_dict({p.own: state[name].transpose(np.argsort(p.axes)) for name, p in wanted.items()})
