"""A whole step of the game as one CUDA graph: recorded once, then replayed by one launch instead of hundreds.

    train(game, steps, stepper=Replay())

A graph is a list of kernel launches with fixed arguments: an array is an address in memory, a number is a constant.
Some inputs are new in every step: the random numbers, the rates, the counts of Adam. They are written to arrays at
fixed addresses before each replay. If any other input of a step has changed, the step is recorded again. The recorded
function is `game.step` itself, without changes. If a step cannot be recorded, it is played launch by launch.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from dataclasses import fields, replace
from itertools import accumulate, chain, islice
from typing import Any

import numpy as np

from tinygan import backend
from tinygan.backend import cublas
from tinygan.backend.accelerated import is_plain, using_form
from tinygan.game import Game, scheduled, step
from tinygan.nn.module import Module
from tinygan.tensor import Tensor
from tinygan.updates import Optimiser

PATIENCE = 100  # a warning after so many steps in a row that cannot be replayed
_WRITTEN = {"data", "noise", "rng", "rate_d", "rate_g", "decay", "step", "history"}  # new in each step, or no input
_NUMBERS = "?bhilqBHILQefdFD"  # the dtypes that CuPy has, by NumPy's characters
_PLAIN = (bool, int, float, str)


class Unrecordable(Exception):
    """A step cannot become a graph; the message gives the reason."""


class Replay:
    """Plays steps like `game.step`, but replays a recorded step if possible; warns once if it is not.

    The first step is played launch by launch, and its draws of random numbers are noted. If the next step differs only
    in the inputs that are written before a replay, it is recorded. From then on, all random numbers of a step are drawn
    before it, in the noted order.
    """

    def __init__(self, step: Callable = step):
        """step: the function that is recorded, called like `game.step`."""
        self.step, self.refused, self.unlike = step, False, 0
        self.state: list = []  # the inputs of the last step; kept alive, so that no other array gets their addresses
        self.draws: list = []  # functions that repeat its draws, in its order
        self.drawn: list = []  # the values that they drew, in tuples of arrays
        self.recorded: Any = None

    def __call__(self, game: Game, steps: int) -> tuple:
        if not self.refused:
            try:
                return self._play(game, steps)
            except Unrecordable as reason:
                self.refused, self.state, self.drawn = True, [], []
                warnings.warn(f"no CUDA graph, steps are played launch by launch: {reason}", stacklevel=3)
        return self.step(game, steps)

    def _play(self, game, steps):
        multiply, state, given = _products(game), [steps, *_state(game)], []
        if _same(state, self.state):
            self.unlike = 0
            self.recorded = self.recorded or _Recording(self.step, game, steps, multiply, self.drawn)
            given = [_arrays(draw()) for draw in self.draws]
            if self.recorded.fits(given):
                return self.recorded.replay(game, steps, given)
        self.state, self.recorded, self.unlike = state, None, self.unlike + 1
        if self.unlike == PATIENCE:
            warnings.warn(f"no CUDA graph so far: each of {PATIENCE} steps differed in more than what it draws and the "
                          "rates", stacklevel=4)
        inside, self.draws, self.drawn = _drawing(game, given)
        with _in_place(game), _products_by(multiply):
            return self.step(inside, steps)


class _Recording:
    """A recorded step; raises Unrecordable. drawn: examples of the random numbers of a step."""

    def __init__(self, step, game, steps, multiply, drawn):
        cuda, theta, error = multiply.owner.cuda, game.generator.theta, None
        movers = {"optimiser_d": copy(game.optimiser_d), "optimiser_g": copy(game.optimiser_g)}
        counts = [len(count) for count in _counts(replace(game, **movers))]
        if strange := [a.dtype for a in chain(*drawn) if a.dtype.char not in _NUMBERS]:
            raise Unrecordable(f"no GPU holds an array of {strange[0]}")
        self.inputs = _Inputs([*chain(*drawn), np.zeros(3 + sum(counts), theta.dtype)], multiply.owner)
        place = iter(self.inputs.places)
        there = [tuple(islice(place, len(arrays))) for arrays in drawn]
        numbers = next(place)
        number = iter([numbers[i] for i in range(numbers.size)])
        falling, count = tuple(islice(number, 3)), iter([tuple(islice(number, n)) for n in counts if n]).__next__
        for mover in movers.values():
            vars(mover)["count"] = count
        stream, self.pool = cuda.Stream(non_blocking=True), cuda.MemoryPool()  # memory for this graph alone
        with stream, cuda.using_allocator(self.pool.malloc), _products_by(multiply):
            stream.begin_capture()  # from here on, nothing is computed
            try:
                hidden = {"rate_d": None, "rate_g": None, "step": None}  # they would become constants
                inside, _, _ = _drawing(game, there, **movers, **hidden)
                with _in_place(inside):
                    played = step(inside, steps, falling)
            except Exception as first:  # a fault of the step itself will appear again when it is played
                error = first
            try:
                self.graph = stream.end_capture()
                self.graph.upload(stream)  # a graph that cannot be launched fails here, before a step depends on it
            except Exception as second:
                error = error or second
        if error is not None:
            raise Unrecordable(f"{type(error).__name__}: {error}")
        self.played = tuple([x.detach() if isinstance(x, Tensor) else x for x in played])  # written by each replay

    def fits(self, given) -> bool:
        """Whether the drawn arrays can be written to the graph's inputs."""
        return self.inputs.fit([*chain(*given)])

    def replay(self, game, steps, given) -> tuple:
        """Writes the new inputs of this step and plays it with one launch."""
        numbers = [*scheduled(game, steps), *chain(*_counts(game))]
        self.inputs.write([*chain(*given), np.array(numbers, game.generator.theta.dtype)])
        self.graph.launch()
        return self.played


class _Inputs:
    """Arrays at fixed places on the device. Those that come from the host lie in one block, which one copy fills."""

    def __init__(self, examples, owner):
        self.kinds = [(type(a), a.shape, a.dtype) for a in examples]
        ends = [0, *accumulate(-(-a.nbytes // 256) * 256 * isinstance(a, np.ndarray) for a in examples)]  # aligned
        self.here, self.there = np.empty(ends[-1], np.uint8), owner.empty(ends[-1], np.uint8)

        def within(block, start, a):
            return block[start:start + a.nbytes].view(a.dtype.type).reshape(a.shape)
        on_host = [isinstance(a, np.ndarray) for a in examples]
        self.places = [within(self.there, start, a) if host else a.copy()
                       for a, host, start in zip(examples, on_host, ends)]
        self.written = [within(self.here, start, a) if host else place
                        for a, host, start, place in zip(examples, on_host, ends, self.places)]

    def fit(self, arrays) -> bool:
        """Whether all arrays but the last one have the shapes, dtypes and places of the examples."""
        return [(type(a), a.shape, a.dtype) for a in arrays] == self.kinds[:-1]

    def write(self, arrays) -> None:
        """Moves the arrays to their places."""
        for written, a in zip(self.written, arrays):
            written[...] = a
        self.there.set(self.here)


def _products_by(multiply):
    """A context in which every matrix product is a cuBLAS call that a graph can record."""
    return using_form("ops.linear.product", lambda a, b: True, multiply)


def _products(game) -> cublas.Products:
    owner = backend.module(game.generator.theta)
    if owner is np:
        raise Unrecordable("the networks are not on a GPU")
    if is_plain():
        raise Unrecordable("the plain forms are on, whose products a graph cannot record")
    try:
        return cublas.products(owner)
    except Exception as error:
        raise Unrecordable(f"nvmath-python (extra cuda-graph) does not load: {error}") from None


def _counts(game) -> list[tuple]:
    """The counts of the optimisers for each of their calls in a step, in the order of `step`."""
    movers = [game.optimiser_d] * game.k + [game.optimiser_g]
    return [mover.count() for mover in (reversed(movers) if game.simultaneous else movers)]


class _Rng:
    """A random generator that passes all draws to `draw`."""

    def __init__(self, rng, draw):
        self.rng, self.draw = rng, draw

    def __getattr__(self, name):
        return lambda *args, **options: self.draw(lambda: getattr(self.rng, name)(*args, **options))


def _drawing(game, given, **changes):
    """A copy of the game that takes its random numbers from `given`, and draws new ones when these are used up.

    Returns also two lists that a step fills: functions that repeat its draws, and the drawn values, tuples of arrays.
    """
    draws: list = []
    drawn: list = []
    given = iter(given)

    def draw(again):
        values = next(given, None) or _arrays(again())
        draws.append(again)
        drawn.append(values)
        return values if len(values) > 1 else values[0]

    return replace(game, rng=_Rng(game.rng, draw), data=lambda n, rng: draw(lambda: game.data(n, game.rng)),
                   noise=lambda n, rng: draw(lambda: game.noise(n, game.rng)), **changes), draws, drawn


def _arrays(values) -> tuple:
    """The drawn values as a tuple of arrays."""
    values = values if isinstance(values, tuple) else (values,)
    return tuple([a if backend.is_array(a) else np.asarray(a) for a in values])


@contextmanager
def _in_place(game):
    """Buffers and the state of optimisers keep their addresses: new arrays are copied into the old ones."""
    owners = [(m, name) for net in (game.generator, game.discriminator) for _, m, name in net.named_buffers()]
    owners += [(memory, name) for memory in (*game.optimisers, game.average) if memory for name in memory.state]
    before, done = [(owner, name, getattr(owner, name)) for owner, name in owners], False
    try:
        yield
        done = True
    finally:
        for owner, name, old in before:
            new = getattr(owner, name)
            if new is not old and backend.is_array(old) and new.shape == old.shape:
                if done:
                    old[...] = new
                setattr(owner, name, old)


def _state(game) -> list:
    """The inputs of a step that are not written before a replay: numbers, arrays, modules, functions."""
    for optimiser in game.optimisers:
        if not isinstance(optimiser, Optimiser):
            raise Unrecordable(f"{optimiser!r} is not an Optimiser, so it may count the steps")
    if game.group.size > 1:
        raise Unrecordable("the batch is divided among processes")
    found: list = []
    for f in fields(game):
        if f.name not in _WRITTEN:
            _collect(getattr(game, f.name), found)
    for remedy in game.remedies:
        for value in vars(remedy).values():
            _collect(value, found)
    return found


def _collect(x, found):
    found.append(x)
    if isinstance(x, np.random.Generator):
        raise Unrecordable("a layer draws random numbers on the host")
    if isinstance(x, Tensor):
        found.append(x.data)
    elif isinstance(x, (list, tuple)):
        for item in x:
            _collect(item, found)
    elif isinstance(x, (Module, Optimiser)):
        counted = x.state if isinstance(x, Optimiser) and type(x).count is not Optimiser.count else ()
        for name, value in vars(x).items():
            if not (name in counted and isinstance(value, int)):
                _collect(value, found)


def _same(state, other) -> bool:
    return len(state) == len(other) and all(
        a is b or (type(a) is type(b) and isinstance(a, _PLAIN) and a == b) for a, b in zip(state, other))
