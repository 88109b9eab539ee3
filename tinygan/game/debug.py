"""A search for the origin of NaN or infinity: `tinygan train --debug`, or `train(game, steps, stepper=Debug())`."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tinygan.backend import is_array
from tinygan.game import Game, step
from tinygan.nn import Module
from tinygan.tensor import Tensor


class Debug:
    """Plays a step like `game.step` and checks the return value of every Python function: many times slower.

    found: the first function of the last step that returned a number that is not finite, its line, its arguments, and
    the layer that called it; "" if all numbers were finite. Functions outside tinygan are checked too, so that the
    fault in a layer of your own is found.
    """

    found = ""

    def __call__(self, game: Game, steps: int) -> tuple:
        self.found, self.layers = "", {id(m): f"the {name}'s {prefix.rstrip('.') or 'forward'}"
                                       for name in ("discriminator", "generator")
                                       for prefix, m in getattr(game, name).modules()}
        before = sys.getprofile()
        sys.setprofile(self._look)
        try:
            return step(game, steps)
        finally:
            sys.setprofile(before)

    def _look(self, frame, event, value):
        if event == "return" and not self.found and (a := _array(value)) is not None and not np.isfinite(a).all():
            sys.setprofile(None)
            code = frame.f_code
            name = "a pull-back" if code.co_name == "<lambda>" else code.co_name
            given = ", ".join(f"{key} {a.shape} from {a.min().item():.3g} to {a.max().item():.3g}"
                              for key, x in frame.f_locals.items() if (a := _array(x)) is not None)
            self.found = (f"first in {name} ({Path(code.co_filename).name}, "
                          f"line {frame.f_lineno}), in {self._layer(frame)}, with {given}")

    def _layer(self, frame):
        while frame is not None and not isinstance(frame.f_locals.get("self"), Module):
            frame = frame.f_back
        return self.layers.get(id(frame.f_locals["self"]), "a layer") if frame else "no layer"


def _array(x):
    x = x.data if isinstance(x, Tensor) else x
    return x if is_array(x) and x.dtype.kind == "f" and x.size else None
