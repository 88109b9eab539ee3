"""How players move: the lecture's lines on the vector theta, in place.

A direction is one vector or the list that `grad` returned; an optimiser is called with the gradient and returns the
direction to go in, so `ascend(theta, adam(gradient), rate)` reads as it is. `grad` refuses to go through weights that
were updated after the output was computed; who writes to theta by hand tells so with `backend.mark_changed(theta)`.
"""
from __future__ import annotations

from copy import copy

import numpy as np

from tinygan import backend
from tinygan.backend import kernels
from tinygan.tensor import unwrap


def vector(direction):
    """The list of gradients that `grad` returned as one vector, in the order of theta; a vector stays as it is."""
    if isinstance(direction, (list, tuple)):
        return kernels.join([unwrap(d) for d in direction])
    return unwrap(direction)


def _fit(name, theta, direction):
    direction = vector(direction)
    if direction.shape != theta.shape:
        raise ValueError(f"{name}: theta {theta.shape} and direction {direction.shape} differ in size")
    return direction


def ascend(theta, direction, rate):
    """theta <- theta + rate * direction, in place (`d-ascent`)."""
    _add(_fit("ascend", theta, direction), unwrap(rate), theta)
    backend.mark_changed(theta)


def descend(theta, direction, rate):
    """theta <- theta - rate * direction, in place (`sign-reversal`: phi's line)."""
    _add(_fit("descend", theta, direction), -unwrap(rate), theta)
    backend.mark_changed(theta)


@kernels.elementwise("T direction, T rate", "T theta", "theta += rate * direction", new=False)
def _add(direction, rate, theta):
    for d, t in backend.cache_blocks(direction, theta):
        t += rate * d


def clip(theta, bound):
    """theta <- what is nearest to it within [-bound, bound], in place (`weight-clipping`; Arjovsky et al. 2017)."""
    np.clip(theta, -bound, bound, out=theta)
    backend.mark_changed(theta)


STEPS = {"ascend": ascend, "descend": descend}


def sign_reversal(phi, w, gradient_phi, gradient_w, rate):
    """phi <- phi - rate * grad_phi E and w <- w + rate * grad_w E: one E, two signs (`sign-reversal`)."""
    descend(phi, gradient_phi, rate)
    ascend(w, gradient_w, rate)


def linear_decay(rate, step, steps, start=0.0):
    """The rate at `step` of `steps`: constant up to the share `start` of them, then straight to 0 (`linear-decay`)."""
    return rate if step <= start * steps else rate * max(0.0, (steps - step) / (steps * (1 - start)))


class Optimiser:
    """An update with memory. `state` names its arrays and counters, which a checkpoint keeps; at first they are what
    the class says."""

    state: tuple[str, ...] = ()

    def count(self) -> tuple:
        """Counts one more call; the numbers in an update that depend on the count."""
        return ()

    def state_dict(self) -> dict:
        """A copy of what it remembers, by name; what it does not remember yet is left out."""
        return {name: copy(getattr(self, name)) for name in self.state if getattr(self, name) is not None}

    def load_state_dict(self, state) -> None:
        """Takes back what `state_dict` gave."""
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
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def count(self):
        """t <- t + 1; what corrects the bias of m and of v."""
        self.t += 1
        return 1 / (1 - self.beta1**self.t), 1 / (1 - self.beta2**self.t)

    def __call__(self, gradient):
        g = vector(gradient)
        if self.m is None:
            self.m, self.v = np.zeros_like(g), np.zeros_like(g)
        correct_m, correct_v = self.count()
        direction = np.empty_like(g)
        _adam(g, self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2, correct_m, correct_v, self.eps,
              self.m, self.v, direction)
        return direction


@kernels.elementwise("T g, T beta1, T rest1, T beta2, T rest2, T correct_m, T correct_v, T eps", "T m, T v, T d", """
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    d = correct_m * m / (sqrt(correct_v * v) + eps);""", new=False)
def _adam(g, beta1, rest1, beta2, rest2, correct_m, correct_v, eps, m, v, direction):
    """Moves the moments m and v and writes the direction; block by block, each small enough to stay in the cache.

    beta m + (1 - beta) g is written m + (1 - beta) (g - m), and the corrections are one factor of sqrt(v): so each pass
    works in place or in the direction, and no array is made.
    """
    factor, shift = correct_v**0.5 / correct_m, eps / correct_m
    for g_, m_, v_, d in backend.cache_blocks(g, m, v, direction):
        np.subtract(g_, m_, out=d)
        d *= rest1
        m_ += d
        np.multiply(g_, g_, out=d)
        d -= v_
        d *= rest2
        v_ += d
        np.sqrt(v_, out=d)
        d *= factor
        d += shift
        np.divide(m_, d, out=d)


class Average(Optimiser):
    """The moving average of a theta: average <- decay average + (1 - decay) theta (`average`; Polyak & Juditsky 1992).

    `theta` is the average so far. Called after each update with the network's theta.
    """

    state, theta = ("theta",), None

    def __init__(self, decay=0.999):
        self.decay = decay

    def __call__(self, theta):
        if self.theta is None:
            self.theta = theta.copy()
        else:
            _average(theta, 1 - self.decay, self.theta)
        return self.theta


@kernels.elementwise("T theta, T share", "T average", "average += share * (theta - average)", new=False)
def _average(theta, share, average):
    average += share * (theta - average)
