"""What `Game` still takes as release 0.1.0 did, with a DeprecationWarning; 0.3 takes it no longer."""
from __future__ import annotations

import inspect
import warnings
from functools import wraps

from tinygan import penalties

NUMBERS = tuple(inspect.signature(penalties.by_name).parameters)  # r1, gp, clip, ...


def pair_of_0_1(name, pair):
    """The pair (D, G) that the setting `name` was given; its caller's caller is warned."""
    one = name.removesuffix("s")
    _warn(f"{name}=(D, G)", f"{one}_d and {one}_g", 4)
    return pair


def with_settings_of_0_1(game):
    """The class Game, whose constructor also takes `rate` for both players, and the arguments of release 0.1.0."""
    init = game.__init__

    @wraps(init)
    def initialise(self, *args, **settings):
        if "rate" in settings and not isinstance(settings["rate"], tuple):
            settings["rate_d"] = settings["rate_g"] = settings.pop("rate")
        for name in ("rate", "optimisers"):
            if name in settings:
                one = name.removesuffix("s")
                settings[f"{one}_d"], settings[f"{one}_g"] = pair_of_0_1(name, settings.pop(name))
        old = {name: settings.pop(name) for name in NUMBERS if name in settings}
        if old:
            _warn(", ".join(f"{name}=" for name in old), "remedies=[R1(1.0), ...] of tinygan.penalties", 3)
            settings["remedies"] = [*settings.get("remedies", ()), *penalties.by_name(**old)]
        init(self, *args, **settings)
    game.__init__ = initialise
    for name in NUMBERS:
        setattr(game, name, property(_gone(name), _gone(name)))
    return game


def _gone(name):
    def refuse(game, value=None):
        raise AttributeError(f"Game: {name} is now a number of one of game.remedies, {game.remedies}")
    return refuse


def _warn(old, new, level):
    warnings.warn(f"Game: {old} is of release 0.1; use {new}", DeprecationWarning, stacklevel=level)
