"""Whether a run on a folder of images fits into the memory: small steps give an estimate before an image is decoded."""
from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from tinygan import game
from tinygan.data import DataError, memory, names
from tinygan.data.folder import survey
from tinygan.errors import TinyganError
from tinygan.game import SettingError
from tinygan.zoo import Recipe
from tinygan.zoo.sources import SOURCES, Source

SMALL = 2**18  # pixels of a batch: below it nothing is estimated
SHARE = 0.9  # of the memory of the machine, for training
SLOW = 16  # times the pixels of the usual size
STEPS = 100  # of the small game; its last step is taken, when players that grow have their full size


def check_size(recipe: Recipe, data: str, batch: int, dtype: str) -> None:
    """SettingError if training on a folder such as photos@1000 does not fit into the memory of this machine.

    The message has the estimate and the largest size that fits. A warning if it fits, and each step is slow. Other
    data, and small images, pass unseen. DataError if the recipe does not take images of this size.
    """
    folder, size = names.parse(data)
    side = size or names.SIDE
    if isinstance(folder, str) or not folder.is_dir() or batch * side * side <= SMALL:
        return
    try:
        _expect_side(recipe, side)
    except DataError as error:
        smaller = next((s for s in range(side - 1, 7, -1) if _takes(recipe, s)), None)
        raise DataError(f"{error}; use {folder.name}@{smaller}" if smaller else error) from error
    count, limit = len(survey(folder)), memory.machine()
    memory.check_images(folder, count, side)
    try:
        step = step_memory(recipe, dtype)
    except TinyganError:  # the players cannot be made of these settings: the start of the run has the message
        return

    def need(side, batch):
        return 12 * count * side**2 + step(side, batch)  # the examples: three colours in float32

    whole, name = need(side, batch), folder.name
    if limit is not None and whole > SHARE * limit:
        room = SHARE * limit
        smaller = next((s for s in range(side - 1, 7, -1) if need(s, batch) <= room and _takes(recipe, s)), None)
        fewer = next((b for b in (2**k for k in range(12, 2, -1)) if b < batch and need(side, b) <= room), None)
        otherwise = "use a smaller --batch, fewer images or smaller ones"
        cures = [f"use {name}@{smaller} or smaller"] * bool(smaller) + [f"--batch {fewer}"] * bool(fewer)
        raise SettingError(f"{name}@{side}: {count:,} files as images of {side} x {side} pixels and steps on batches "
                           f"of {batch} need about {memory.text(whole)} of memory, and this machine has "
                           f"{memory.text(limit)}; " + (", or ".join(cures) or otherwise))
    ratio, smaller = side**2 / names.SIDE**2, 64 if _takes(recipe, 64) else names.SIDE
    if ratio >= SLOW:
        warnings.warn(f"{name}@{side}: each step computes about {ratio:.0f} times as much as with images of "
                      f"{names.SIDE} x {names.SIDE} pixels, and needs about {memory.text(whole)} of memory; for a "
                      f"quicker run use {name}@{smaller}", stacklevel=2)


def step_memory(recipe: Recipe, dtype: str) -> Callable[[int, int], float]:
    """Estimates the bytes that a game needs for a step: a function of the side of its images and of the batch.

    It measures steps of three small games: memory is a constant, a part for each pixel (the weights of dense layers,
    and what the optimiser keeps for them), and a part for each pixel of a batch.
    """
    small = replace(recipe, game={**recipe.game, "k": 1})
    side = next(s for s in (16, 32, 64, 128, 256) if _takes(small, s) and _takes(small, 2 * s))
    batch = 4 * recipe.players.get("packing", 1)
    one, four, eight = (_peak(small, a * side, b * batch, dtype) for a, b in ((1, 1), (2, 1), (2, 2)))
    each = max(0.0, (eight - four) / (4 * side**2 * batch))
    fixed = max(0.0, (four - one) / (3 * side**2) - each * batch)
    rest = max(0.0, one - (fixed + each * batch) * side**2)
    return lambda side, batch: rest + (fixed + each * batch) * side**2


def _peak(recipe, side, batch, dtype) -> int:
    """The most bytes that Python and NumPy hold at a time while a game begins and takes a step."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            small = recipe.start(0, batch, dtype, data=_noise(side))
            small.step = STEPS - 1
            if small.schedule is not None:
                small.schedule(small, STEPS)
            game.step(small, STEPS)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def _noise(side) -> Source:
    """A source of images of noise in colour, of two classes."""
    def draw(n, rng):
        return rng.standard_normal((n, side, side, 3), dtype=np.float32)
    return Source(draw, (side, side, 3), 2, SOURCES["shapes"].evaluate, lambda n, rng: (draw(n, rng), np.arange(n) % 2))


def _expect_side(recipe, side) -> None:
    """DataError if the recipe does not take images of this side; no weights are drawn."""
    with suppress(SettingError):  # it takes them: weights would be drawn now
        recipe.start(data=_noise(side), most=0)


def _takes(recipe, side) -> bool:
    try:
        _expect_side(recipe, side)
    except TinyganError:
        return False
    return True
