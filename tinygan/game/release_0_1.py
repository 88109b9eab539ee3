"""Settings of `Game` that serve both players at once, and those of release 0.1.0: 0.3 will not take the latter.

A deprecated setting gives a DeprecationWarning.
"""
from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

from tinygan.penalties import R1, GradientPenalty, InstanceNoise, Unrolled, WeightClipping


def by_name(r1=0.0, gp=0.0, clip=0.0, instance_noise=0.0, unroll=0, unroll_rate=0.1) -> list[Any]:
    """The remedies with these numbers, without those that are 0: as `tinygan train --set r1=1 unroll=5` names them."""
    kinds: list[tuple[Callable, tuple]] = [(R1, (r1,)), (GradientPenalty, (gp,)), (WeightClipping, (clip,)),
                                           (InstanceNoise, (instance_noise,)), (Unrolled, (unroll, unroll_rate))]
    return [kind(*numbers) for kind, numbers in kinds if numbers[0] != 0]


NUMBERS = tuple(inspect.signature(by_name).parameters)  # r1, gp, clip, ...


class PairSettings:
    """The settings of a game that stand for those of both players; a pair (D, G) is deprecated."""

    rate_d: float
    rate_g: float
    optimiser_d: Any
    optimiser_g: Any

    @property
    def rate(self) -> float | tuple[float, float]:
        """The learning rate of both players, or the pair (D, G) if they differ. Setting a number sets both."""
        return self.rate_d if self.rate_d == self.rate_g else (self.rate_d, self.rate_g)

    @rate.setter
    def rate(self, rate: float) -> None:
        self.rate_d, self.rate_g = _deprecated_pair("rate", rate) if isinstance(rate, tuple) else (rate, rate)

    @property
    def optimisers(self) -> tuple[Any, Any]:
        """The optimisers of D and of G."""
        return self.optimiser_d, self.optimiser_g

    @optimisers.setter
    def optimisers(self, pair: tuple[Any, Any]) -> None:
        self.optimiser_d, self.optimiser_g = _deprecated_pair("optimisers", pair)


def with_settings_of_0_1(game):
    """The class Game whose constructor also takes `rate` for both players, and the arguments of release 0.1.0."""
    init = game.__init__

    @wraps(init)
    def initialise(self, *args, **settings):
        if "rate" in settings and not isinstance(settings["rate"], tuple):
            settings["rate_d"] = settings["rate_g"] = settings.pop("rate")
        for name in ("rate", "optimisers"):
            if name in settings:
                one = name.removesuffix("s")
                settings[f"{one}_d"], settings[f"{one}_g"] = _deprecated_pair(name, settings.pop(name))
        old = {name: settings.pop(name) for name in NUMBERS if name in settings}
        if old:
            _warn(", ".join(f"{name}=" for name in old), "remedies=[R1(1.0), ...] of tinygan.penalties", 3)
            settings["remedies"] = [*settings.get("remedies", ()), *by_name(**old)]
        init(self, *args, **settings)
    game.__init__ = initialise
    for name in NUMBERS:
        setattr(game, name, property(_refuse(name), _refuse(name)))
    return game


def _deprecated_pair(name, pair):
    """The pair (D, G) given for the setting `name`, with a warning at the line that gave it."""
    one = name.removesuffix("s")
    _warn(f"{name}=(D, G)", f"{one}_d and {one}_g", 4)
    return pair


def _refuse(name):
    def refuse(game, value=None):
        raise AttributeError(f"Game: {name} is now a number of one of game.remedies, {game.remedies}")
    return refuse


def _warn(old, new, level):
    warnings.warn(f"Game: {old} is of release 0.1; use {new}", DeprecationWarning, stacklevel=level)
