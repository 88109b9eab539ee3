"""A network is a module; its parameters are one vector, theta."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor


class Parameter(Tensor):
    """A leaf that training changes. Its array is a view of the theta of the network it stands in."""

    __slots__ = ("home",)  # (theta, start, view): valid as long as data is that very view

    def __init__(self, data, requires_grad: bool = True):
        super().__init__(data, requires_grad)
        self.home = None


class Module:
    """A layer or a network: holds parameters, buffers and modules as plain attributes, in order.

    A subclass sets them in `__init__` and computes in `forward`; calling the module calls `forward`. `buffers` names
    the attributes that are arrays of state without a derivative (running statistics).
    """

    buffers: tuple[str, ...] = ()
    training = True

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def forward(self, *inputs, **options):
        raise TypeError(f"{type(self).__name__} defines no forward")

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules held directly, in order: attributes, and members of lists."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, (list, tuple)):
                yield from ((f"{name}.{i}", m) for i, m in enumerate(value) if isinstance(m, Module))

    def modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, with the prefix of their names, in order."""
        yield prefix, self
        for name, child in self.children():
            yield from child.modules(f"{prefix}{name}.")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Names and parameters in the order of the layers, weight before bias; a shared one comes once."""
        seen = set()
        for prefix, m in self.modules():
            for name, value in vars(m).items():
                if isinstance(value, Parameter) and value not in seen:
                    seen.add(value)
                    yield prefix + name, value

    def parameters(self) -> list[Parameter]:
        """The parameters, in the order in which theta holds them."""
        return [p for _, p in self.named_parameters()]

    @contextmanager
    def with_parameters(self, values: Sequence[Tensor]):
        """Inside `with network.with_parameters(values):` it computes with these Tensors in place of its parameters.

        They come in the order of `parameters()`. So a network is a function of its parameters too, which `grad` goes
        through: an imagined update, for one.
        """
        new = dict(zip(self.parameters(), values, strict=True))
        places = [(m, name, p) for _, m in self.modules() for name, p in vars(m).items() if isinstance(p, Parameter)]
        try:
            for m, name, p in places:
                setattr(m, name, new[p])
            yield
        finally:
            for m, name, p in places:
                setattr(m, name, p)

    def named_buffers(self) -> Iterator[tuple[str, Module, str]]:
        """Name, owner and attribute of each buffer."""
        for prefix, m in self.modules():
            for attribute in m.buffers:
                yield prefix + attribute, m, attribute

    @property
    def theta(self):
        """All parameters as one vector. Each parameter's data is a writable view of it.

        So an update of theta in place is an update of the network, and back. The vector is made when it is first
        asked for, and again when a parameter was given a new array or an outer network gathers it into its own theta:
        ask for it where it is used rather than keeping it.
        """
        return theta_of(self.parameters())

    def train(self) -> Module:
        """To training: batch statistics, dropout."""
        return self.set_mode(True)

    def eval(self) -> Module:
        """To use: running statistics, no dropout."""
        return self.set_mode(False)

    def set_mode(self, training: bool) -> Module:
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
        for p in self.parameters():
            p.data = change(p.data)
            backend.mark_changed(p.data)
        for _, owner, attribute in self.named_buffers():
            setattr(owner, attribute, change(getattr(owner, attribute)))
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of parameters and buffers by name, on the host."""
        state = {name: p.data for name, p in self.named_parameters()}
        state.update({name: getattr(owner, attribute) for name, owner, attribute in self.named_buffers()})
        return {name: np.array(backend.to(a, "cpu")) for name, a in state.items()}

    def load_state_dict(self, state) -> None:
        """Copies values in by name; names and shapes must agree, and nothing is changed when they do not."""
        arrays = {name: p.data for name, p in self.named_parameters()}
        arrays.update({name: getattr(owner, attribute) for name, owner, attribute in self.named_buffers()})
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
        """What `repr` says of this layer: the shapes of its parameters."""
        return ", ".join(f"{name} {v.shape}" for name, v in vars(self).items() if isinstance(v, Parameter))


def theta_of(parameters: list[Parameter]):
    """The theta of the network that has these parameters."""
    if not parameters:
        return np.zeros(0, np.float32)
    if parameters[0].home is not None:
        theta, first, _ = parameters[0].home
        end = first
        for p in parameters:
            if p.home is None or p.home[0] is not theta or p.home[1] != end or p.data is not p.home[2]:
                break
            end += p.size
        else:
            return theta if end - first == theta.size else theta[first:end]
    return _gather(parameters)


def input_of(network: Module, a) -> Tensor:
    """An array as the network takes it: on the device of its theta and, unless it holds whole numbers, of its dtype."""
    like = next((p.data for _, p in network.named_parameters()), np.zeros(0, np.float32))
    return Tensor(backend.to_device_of(a if a.dtype.kind in "iu" else a.astype(like.dtype, copy=False), like))


def _gather(parameters):
    """Puts the parameters into one new vector and makes each a view of it."""
    first = parameters[0].data
    for p in parameters:
        if p.dtype != first.dtype:
            raise TypeError(f"theta: parameters of {first.dtype} and {p.dtype} meet; use astype")
    theta = np.concatenate([p.data.reshape(-1) for p in parameters])
    start = 0
    for p in parameters:
        view = theta[start:start + p.size].reshape(p.shape)
        p.data, p.home = view, (theta, start, view)
        start += p.size
    return theta
