"""A state of the laboratory as a file that others can open: the settings, drawn data, and the weights of both players.

The file is JSON of at most 1 MB. The memory of the optimisers, the curves and the random numbers begin anew.
"""
from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygan.errors import TinyganError
from tinygan.lab.state import BOUNDS, OPTIMISERS, SETS, Laboratory, drawn
from tinygan.objectives import OBJECTIVES
from tinygan.runs.files import json_object

OWN = "draw your own"
POINTS, FAR = 1000, 1000.0  # the most points that one draws, and their largest coordinate
SETTINGS: dict[str, type] = {"data": str, "objective": str, "rate_d": float, "rate_g": float, "k": int, "r1": float,
                             "batch": int, "width": int, "optimiser": str, "seed": int}
NAMES = {"data": (*SETS, OWN), "objective": tuple(OBJECTIVES), "optimiser": tuple(OPTIMISERS)}
FORMAT = "tinygan laboratory 1"


class ShareError(TinyganError, ValueError):
    """A file that holds no state of the laboratory."""


def data_name(lab: Laboratory) -> str:
    """The name of the laboratory's data in `SETS`, or `OWN`."""
    return next((name for name, source in SETS.items() if source is lab.source), OWN)


def settings_of(lab: Laboratory) -> dict[str, Any]:
    """The settings by name."""
    return {"data": data_name(lab), **{name: kind(getattr(lab, name)) for name, kind in SETTINGS.items()
                                       if name != "data"}}


def save(lab: Laboratory, points: Sequence = ()) -> bytes:
    """The laboratory as the content of a file. points: those that were drawn, (n, 2)."""
    places = np.round(np.reshape(points, (-1, 2)), 4).tolist()
    return json.dumps({"format": FORMAT, **settings_of(lab), "points": places,
                       "moves": lab.moves, "G": _text(lab.G.theta), "D": _text(lab.D.theta)}).encode()


def load(content: bytes) -> tuple[Laboratory, list[tuple[float, float]]]:
    """The laboratory and the drawn points in an untrusted file; ShareError if it is anything else than `save` makes."""
    try:
        return _load(json_object(bytes(content).decode()))
    except (ValueError, binascii.Error) as error:
        raise ShareError(f"this file is no state of the laboratory: {error!s:.200}") from error


def _load(state):
    expected = {"format", *SETTINGS, "points", "moves", "G", "D"}
    if state.keys() != expected or state["format"] != FORMAT:
        raise ValueError(f"expected the format {FORMAT!r} with {', '.join(sorted(expected))}")
    settings = {name: _setting(name, kind, state[name]) for name, kind in SETTINGS.items()}
    points = [(_number(x), _number(y)) for x, y in map(_pair, _list("points", state["points"], POINTS))]
    data = settings.pop("data")
    source = SETS[data] if data in SETS else drawn(points) if points else SETS["ring of eight"]
    moves = state["moves"]
    if not (isinstance(moves, dict) and moves.keys() == {"D", "G"}
            and all(type(n) is int and 0 <= n < 10**9 for n in moves.values())):
        raise ValueError("expected moves of D and G, whole numbers")
    lab = Laboratory(source, **settings)
    for name, player in (("G", lab.G), ("D", lab.D)):
        player.theta[:] = _weights(name, state[name], player.theta.size)
    lab.moves = dict(moves)
    return lab, points


def _setting(name, kind, value):
    if name in NAMES:
        if value not in NAMES[name]:
            raise ValueError(f"{name} is {value!r:.40}, expected one of {', '.join(NAMES[name])}")
        return value
    low, high = BOUNDS[name]
    if type(value) not in (int, kind) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r:.40}, expected a number from {low} to {high}")
    return kind(value)


def _list(name, value, longest):
    if not isinstance(value, list) or len(value) > longest:
        raise ValueError(f"expected at most {longest} {name}")
    return value


def _pair(value):
    if len(_list("coordinates", value, 2)) != 2:
        raise ValueError("expected two coordinates of each point")
    return value


def _number(value):
    if type(value) not in (int, float) or abs(value) > FAR:
        raise ValueError(f"a coordinate is {value!r:.40}, expected a number of at most {FAR:g}")
    return float(value)


def _text(theta):
    return base64.b64encode(np.asarray(theta, "<f4").tobytes()).decode()


def _weights(name, text, size):
    """The weights in a base64 text, (size,); ValueError unless it holds `size` finite numbers."""
    if not isinstance(text, str) or len(text) != 4 * -(-4 * size // 3):
        raise ValueError(f"{name} does not have the {size} weights of its width")
    weights = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    if weights.size != size or not np.isfinite(weights).all():
        raise ValueError(f"{name} has weights that are not finite numbers")
    return weights
