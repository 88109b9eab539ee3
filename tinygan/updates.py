"""Updates of the vector theta, in place: gradient steps, optimisers, the moving average.

A direction is one vector, or the list that `grad` returned. An optimiser is called with the gradient and returns the
direction: `ascend(theta, adam(gradient), rate)`. After an update, `grad` refuses outputs that were computed with the
old weights. If you write to theta by hand, call `backend.mark_changed(theta)`, so that it refuses them too.
"""
from __future__ import annotations

from copy import copy

import numpy as np

from tinygan import backend
from tinygan.backend.accelerated import accelerated
from tinygan.nn.theta import buffers_of, check_current, load_buffers
from tinygan.tensor import Tensor, unwrap


def vector(direction):
    """Joins the list of gradients that `grad` returned into a vector, in the order of theta; a vector is unchanged."""
    if isinstance(direction, (list, tuple)):
        return _join([unwrap(d) for d in direction])
    return unwrap(direction)


@accelerated
def _join(arrays):
    return np.concatenate([a.reshape(-1) for a in arrays])


def _fit(name, theta, direction):
    direction = vector(direction)
    if isinstance(theta, Tensor) or not hasattr(theta, "shape") or not hasattr(direction, "shape"):
        raise TypeError(f"{name}: got theta {type(theta).__name__}, direction {type(direction).__name__}, expected two "
                        f"arrays; write {name}(network.theta, tg.grad(loss, network.parameters()), rate)")
    if direction.shape != theta.shape:
        raise ValueError(f"{name}: theta {theta.shape} and direction {direction.shape} differ in size")
    check_current(name, theta)
    return direction


def ascend(theta, direction, rate):
    """theta <- theta + rate * direction, in place (`d-ascent`)."""
    _add(theta, unwrap(rate), _fit("ascend", theta, direction))
    backend.mark_changed(theta)


def descend(theta, direction, rate):
    """theta <- theta - rate * direction, in place (`sign-reversal`: phi's line)."""
    _add(theta, -unwrap(rate), _fit("descend", theta, direction))
    backend.mark_changed(theta)


@accelerated
def _add(theta, rate, direction):
    theta += rate * direction


def clip(theta, bound):
    """theta <- the nearest point in [-bound, bound], in place (`weight-clipping`; Arjovsky et al. 2017)."""
    check_current("clip", theta)
    np.clip(theta, -bound, bound, out=theta)
    backend.mark_changed(theta)


STEPS = {"ascend": ascend, "descend": descend}


def sign_reversal(phi, w, gradient_phi, gradient_w, rate):
    """phi <- phi - rate * grad_phi E and w <- w + rate * grad_w E: one E, two signs (`sign-reversal`)."""
    descend(phi, gradient_phi, rate)
    ascend(w, gradient_w, rate)


def linear_decay(rate, step, steps, start=0.0):
    """The rate at `step` of `steps`: constant for the share `start` of the steps, then linear to 0 (`linear-decay`)."""
    return rate if step <= start * steps else rate * max(0.0, (steps - step) / (steps * (1 - start)))


class Optimiser:
    """An update with memory: `state` names the attributes that a checkpoint stores."""

    state: tuple[str, ...] = ()

    def count(self) -> tuple:
        """Counts one more call, and returns the numbers of the update that depend on the count."""
        return ()

    def state_dict(self) -> dict:
        """A copy of the memory, by name, without attributes that are still None."""
        return {name: copy(getattr(self, name)) for name in self.state if getattr(self, name) is not None}

    def load_state_dict(self, state) -> None:
        """Restores a memory that `state_dict` returned."""
        for name in state:
            if name not in self.state:
                raise ValueError(f"{type(self).__name__}: state {name!r} is unknown, expected {', '.join(self.state)}")
        for name in self.state:
            setattr(self, name, copy(state.get(name, getattr(type(self), name))))


class SGD(Optimiser):
    """The direction is the gradient itself: plain gradient ascent or descent (`d-ascent`)."""

    def __call__(self, gradient):
        return vector(gradient)


class Momentum(Optimiser):
    """v <- beta v + gradient; the direction is v (`momentum`; Polyak 1964)."""

    state, v = ("v",), None

    def __init__(self, beta=0.9):
        self.beta = beta

    def __call__(self, gradient):
        g = vector(gradient)
        self.v = g + 0 if self.v is None else self.beta * self.v + g
        return self.v


class RMSProp(Optimiser):
    """v <- beta v + (1 - beta) g^2; the direction is g / (sqrt(v) + eps) (`rmsprop`; Tieleman & Hinton 2012)."""

    state, v = ("v",), None

    def __init__(self, beta=0.99, eps=1e-8):
        self.beta, self.eps = beta, eps

    def __call__(self, gradient):
        g = vector(gradient)
        square = (1 - self.beta) * g * g
        self.v = square if self.v is None else self.beta * self.v + square
        return g / (np.sqrt(self.v) + self.eps)


class Adam(Optimiser):
    """The direction m^ / (sqrt(v^) + eps) of bias-corrected running moments of the gradient (`adam`).

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  m^ = m / (1 - beta1^t),  v^ = v / (1 - beta2^t)
    (Kingma & Ba 2015, algorithm 1).
    """

    state, m, v, t = ("m", "v", "t"), None, None, 0

    def __init__(self, beta1=0.9, beta2=0.999, eps=1e-8):
        for beta in (beta1, beta2):
            if not (isinstance(beta, (int, float, np.floating)) and 0 <= beta < 1):
                got = " ".join(repr(beta).split())[:40]
                raise ValueError(f"Adam: got beta {got}, expected a number from 0 to below 1; theta and rate go to the "
                                 "update: ascend(network.theta, adam(gradient), rate)")
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def count(self):
        """t <- t + 1; returns the bias corrections 1 - beta1^t of m and 1 - beta2^t of v."""
        self.t += 1
        return 1 - self.beta1**self.t, 1 - self.beta2**self.t

    def __call__(self, gradient):
        g = vector(gradient)
        if self.m is None:
            self.m, self.v = np.zeros_like(g), np.zeros_like(g)
        if self.m.shape != g.shape:
            raise ValueError(f"Adam: m {self.m.shape} and gradient {g.shape} differ in size; each network has its Adam")
        return adam_step(g, self.m, self.v, *self.count(), self.beta1, self.beta2, self.eps)


@accelerated
def adam_step(g, m, v, bias_m, bias_v, beta1, beta2, eps):
    """Moves the moments m and v in place and returns the direction (`adam`); bias_m = 1 - beta1^t, bias_v likewise."""
    m[...] = beta1 * m + (1 - beta1) * g
    v[...] = beta2 * v + (1 - beta2) * g * g
    return (m / bias_m) / (np.sqrt(v / bias_v) + eps)


class Average(Optimiser):
    """The moving average of a theta: average <- decay average + (1 - decay) theta (`average`; Polyak & Juditsky 1992).

    theta: the present average. buffers: that of the network's buffers, such as running statistics, as one vector. Call
    it after each update with the network's theta and, if it has buffers, the network.
    """

    state, theta, buffers = ("theta", "buffers"), None, None

    def __init__(self, decay=0.999):
        self.decay = decay

    def __call__(self, theta, network=None):
        if self.theta is None:
            self.theta, self.buffers = theta.copy(), None if network is None else buffers_of(network)
        else:
            _average(self.theta, theta, self.decay)
            if self.buffers is not None:
                _average(self.buffers, buffers_of(network), self.decay)
        return self.theta

    def copy_to(self, network):
        """Gives the network the average weights and buffers; returns the network."""
        network.theta[...] = self.theta
        backend.mark_changed(network.theta)
        if self.buffers is not None:
            load_buffers(network, self.buffers)
        return network


@accelerated
def _average(average, theta, decay):
    average[...] = decay * average + (1 - decay) * theta
