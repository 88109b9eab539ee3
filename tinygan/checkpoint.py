"""A game on disk: everything that training needs to go on as if it had never stopped, in one `.npz`, without pickle."""
from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tinygan import backend
from tinygan.game import COLUMNS, Game

FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that belongs to another game."""


def save(path, game: Game) -> None:
    """Writes the game's state to `path`: to a temporary file first, synced, then renamed, so a crash loses nothing."""
    arrays = {f"{group}/{name}": backend.to(a, "cpu") for group, state in _groups(game).items()
              for name, a in state.items()}
    arrays.update({f"history/{name}": np.array(game.history[name], np.float64) for name in COLUMNS})
    facts = {"format": FORMAT, "step": game.step, "rng": game.rng.bit_generator.state}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load(path, game: Game) -> None:
    """Puts the state at `path` into a game of the same recipe; CheckpointError, one line, when it does not fit."""
    arrays = _read(path)
    try:
        facts = json.loads(arrays.pop("facts").tobytes())
        if facts["format"] != FORMAT:
            raise CheckpointError(f"{path}: checkpoint format {facts['format']}, this version reads {FORMAT}")
        groups: dict[str, dict] = {}
        for key, a in arrays.items():
            group, _, name = key.partition("/")
            groups.setdefault(group, {})[name] = a
        game.generator.load_state_dict(groups["generator"])
        game.discriminator.load_state_dict(groups["discriminator"])
        players = (game.discriminator, game.generator)
        for i, (optimiser, player) in enumerate(zip(game.optimisers, players)):
            optimiser.load_state_dict(_state(groups.get(f"optimiser{i}", {}), player.theta))
        if game.average is not None:
            game.average.load_state_dict(_state(groups.get("average", {}), game.generator.theta))
        game.history = {name: groups["history"][name].tolist() for name in COLUMNS}
        game.history["step"] = [int(step) for step in game.history["step"]]
        game.step = int(facts["step"])
        game.rng.bit_generator.state = facts["rng"]
    except CheckpointError:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: not a checkpoint of this game: {error}") from error


def _groups(game) -> dict[str, dict]:
    """The arrays of each part of the game, by name."""
    return {"generator": game.generator.state_dict(), "discriminator": game.discriminator.state_dict(),
            "optimiser0": game.optimisers[0].state_dict(), "optimiser1": game.optimisers[1].state_dict(),
            "average": game.average.state_dict() if game.average is not None else {}}


def _state(arrays, theta) -> dict:
    """An optimiser's memory on the device and in the dtype of theta; 0-d arrays are its counters."""
    for name, a in arrays.items():
        if a.ndim and a.shape != theta.shape:
            raise ValueError(f"{name} has shape {a.shape}, expected {theta.shape}")
    return {name: backend.like(a.astype(theta.dtype), theta) if a.ndim else a.item() for name, a in arrays.items()}


def _read(path) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no checkpoint") from None
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
