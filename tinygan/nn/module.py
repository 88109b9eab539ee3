"""Modules: layers and networks. The parameters of a network form one vector, theta."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygan import backend
from tinygan.nn.members import PLAIN, check_class, collect, is_setting, replaced
from tinygan.nn.theta import theta_of
from tinygan.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that training changes. Its array is a view of the theta of its network."""

    __slots__ = ("home",)  # (theta, start, view): valid while `data` is this view

    def __init__(self, data, requires_grad: bool = True):
        super().__init__(data, requires_grad)
        self.home = None


class Module:
    """A layer or a network: its attributes hold parameters, buffers and modules, in order.

    They may be in lists, tuples and dicts, at any depth. A subclass sets them in `__init__` and computes in `forward`;
    calling the module calls `forward`. `buffers` names the arrays of state without a derivative (running statistics).
    """

    buffers: tuple[str, ...] = ()
    _unnamed = ""  # the attribute that names of members leave out (the layers of Sequential)
    training = True

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        check_class(cls, (Tensor, Module))

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def forward(self, *inputs, **options):
        raise TypeError(f"{type(self).__name__} defines no forward")

    def _members(self) -> list[tuple[str, Tensor | Module]]:
        """The Tensors and modules of this module's attributes, with their names, in order; also those in lists, tuples
        and dicts (`blocks.0`, `heads.real`)."""
        found: list[tuple[str, Tensor | Module]] = []
        for name, value in vars(self).items():
            kind = type(value)
            if kind is Parameter:  # the frequent cases first: each training step lists the parameters
                found.append((name, value))
            elif kind not in PLAIN:
                collect("" if name == self._unnamed else name, value, (Tensor, Module), found)
        return found

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules of this module's attributes, in order."""
        return ((name, value) for name, value in self._members() if isinstance(value, Module))

    def modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with the prefix of its names, in order; a shared one is listed once."""
        return ((prefix, m) for prefix, m, _ in self._tree(prefix))

    def _tree(self, prefix: str = "") -> Iterator[tuple[str, Module, list]]:
        """The modules, each with the Tensors of its attributes."""
        seen, todo = set(), [(prefix, self)]
        while todo:
            prefix, m = todo.pop()
            if id(m) in seen:
                continue
            seen.add(id(m))
            tensors, below = [], []
            for pair in m._members():
                if isinstance(pair[1], Tensor):
                    tensors.append(pair)
                else:
                    below.append((f"{prefix}{pair[0]}.", pair[1]))
            yield prefix, m, tensors
            if below:
                todo += reversed(below)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Names and parameters in the order of the layers, weight before bias; a shared one is listed once.

        TypeError for a Tensor with requires_grad=True that is not a Parameter: it would not be trained or saved.
        """
        seen = set()
        for prefix, m, tensors in self._tree():
            for name, value in tensors:
                if isinstance(value, Parameter):
                    if value not in seen:
                        seen.add(value)
                        yield prefix + name, value
                elif value.requires_grad and not value.edges:
                    raise TypeError(f"{type(m).__name__}: {name}, of shape {value.shape}, is a Tensor with "
                                    "requires_grad=True, which is not trained; write nn.Parameter(...), or x.detach()")

    def parameters(self) -> list[Parameter]:
        """The parameters, in the order in which theta holds them."""
        return [p for _, p in self.named_parameters()]

    @contextmanager
    def with_parameters(self, values: Sequence[Tensor]):
        """A block `with network.with_parameters(values):` in which these Tensors replace the parameters.

        They are in the order of `parameters()`. So the network is also a function of its parameters, which `grad`
        differentiates: for example after an unrolled update.
        """
        new = dict(zip(self.parameters(), values, strict=True))
        places = [(m, name, value) for _, m in self.modules() for name, value in vars(m).items()
                  if collect(name, value, (Parameter,), [])]
        try:
            for m, name, value in places:
                setattr(m, name, replaced(value, new))
            yield
        finally:
            for m, name, value in places:
                setattr(m, name, value)

    def named_buffers(self) -> Iterator[tuple[str, Module, str]]:
        """Name, owner and attribute of each buffer."""
        for prefix, m in self.modules():
            for attribute in m.buffers:
                yield prefix + attribute, m, attribute

    @property
    def theta(self):
        """All parameters as one vector. Each parameter's data is a writable view of it.

        So a change of theta in place changes the network, and the reverse. The vector is made at first use, and again
        after a parameter got a new array or another network gathered it into its own theta: an outer one, or one that
        shares a layer. So write `network.theta` at each use; then updates of each network move a shared parameter. A
        vector that you kept becomes read-only when it is outdated (not on a GPU, nor the part of a layer).
        """
        return theta_of(self.parameters())

    def train(self) -> Module:
        """Sets training mode: batch statistics, dropout."""
        return self.set_mode(True)

    def eval(self) -> Module:
        """Sets evaluation mode: running statistics, no dropout."""
        return self.set_mode(False)

    def set_mode(self, training: bool) -> Module:
        """Sets `training` of this module and all below it; returns the module."""
        for _, m in self.modules():
            m.training = training
        return self

    def astype(self, dtype) -> Module:
        """Converts parameters and buffers to a floating point dtype, in place; returns the module."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"astype: got {np.dtype(dtype)}, expected a floating point dtype")
        return self.apply(lambda a: a.astype(dtype))

    def to(self, device: str) -> Module:
        """Moves parameters and buffers to "cpu" or "gpu", in place; returns the module."""
        return self.apply(lambda a: backend.to(a, device))

    def apply(self, change) -> Module:
        """Replaces the array a of each parameter and buffer by change(a); returns the module."""
        for p in self.parameters():
            p.data = change(p.data)
            backend.mark_changed(p.data)
        _ = self.theta  # so that the old vector is outdated now
        for _, owner, attribute in self.named_buffers():
            setattr(owner, attribute, change(getattr(owner, attribute)))
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of parameters and buffers by name, on the host."""
        return {name: np.array(backend.to(a, "cpu")) for name, a in self._state().items()}

    def _state(self) -> dict[str, Any]:
        """The arrays of parameters and buffers by name; ValueError where two have one name (keys 1 and "1")."""
        state: dict[str, Any] = {}
        for name, a in [*((name, p.data) for name, p in self.named_parameters()),
                        *((name, getattr(owner, attribute)) for name, owner, attribute in self.named_buffers())]:
            if name in state:
                raise ValueError(f"{type(self).__name__}: two parameters or buffers are named {name}; rename one")
            state[name] = a
        return state

    def load_state_dict(self, state) -> None:
        """Copies values in by name; ValueError, and no change, if names or shapes differ."""
        if not hasattr(state, "keys"):
            raise TypeError(f"load_state_dict: got {type(state).__name__}, expected a dict; write np.load(file)")
        arrays = self._state()
        for name in sorted(arrays.keys() ^ state.keys()):
            raise ValueError(f"load_state_dict: {name} is {'missing' if name in arrays else 'unknown to the network'}")
        for name, a in arrays.items():
            if np.shape(state[name]) != a.shape:
                raise ValueError(f"load_state_dict: {name} has shape {np.shape(state[name])}, expected {a.shape}")
        for name, a in arrays.items():
            a[...] = backend.to_device_of(np.asarray(state[name], dtype=a.dtype), a)
            backend.mark_changed(a)

    def __repr__(self) -> str:
        layers = "".join("\n  " + f"{name}: {child!r}".replace("\n", "\n  ") for name, child in self.children())
        return f"{type(self).__name__}({layers}\n)" if layers else f"{type(self).__name__}({self.extra_repr()})"

    def extra_repr(self) -> str:
        """The text that `repr` shows for a layer: the shapes of its parameters, and its settings."""
        shapes = [f"{name} {p.shape}" for name, p in self._members() if isinstance(p, Parameter)]
        settings = [f"{name}={value!r}" for name, value in vars(self).items()
                    if name != "training" and not name.startswith("_") and is_setting(value)]
        return ", ".join([*shapes, *settings])
