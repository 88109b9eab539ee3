"""A game replayed as a CUDA graph beside the same game played, on the stand-ins for CuPy and nvmath-python."""
import numpy as np
from helpers import host, to_foreign

from tinygan.game import train
from tinygan.game.cuda_graph import Replay
from tinygan.updates import Optimiser

STEPS = 12


def on_device(played):
    to_foreign(played.generator), to_foreign(played.discriminator)
    return played


def end(played):
    """The whole state of a game."""
    state = [*played.generator.state_dict().values(), *played.discriminator.state_dict().values()]
    for memory in (*played.optimisers, played.average):
        state += [host(value) for value in memory.state_dict().values()] if isinstance(memory, Optimiser) else []
    return [np.asarray(value) for value in state]


class Counted(Replay):
    """A Replay that records the kind of each step."""

    def __init__(self):
        super().__init__()
        self.how = []

    def __call__(self, *args):
        before = self.recorded
        played = super().__call__(*args)
        self.how.append("plain" if not self.recorded else "replayed" if self.recorded is before else "recorded")
        return played


def compare(make, steps=STEPS, callbacks=lambda: (), rtol=1e-12):
    """A game played and one replayed end alike; returns the kind of each step of the latter."""
    plain, replay = on_device(make()), Counted()
    train(plain, steps, callbacks(), record_every=3)
    captured = train(on_device(make()), steps, callbacks(), record_every=3, stepper=replay)
    for a, b in zip(end(captured), end(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for name, column in plain.history.items():
        np.testing.assert_allclose(captured.history[name], column, rtol=max(rtol, 1e-10))
    assert captured.rng.bit_generator.state == plain.rng.bit_generator.state
    return replay.how


SETTLED = ["plain", "plain", "recorded"] + ["replayed"] * (STEPS - 3)
