"""Checkpoints: the whole state of a game in one `.npz`, without pickle; resumed training is bit for bit the same.

A checkpoint takes its name only when it is complete, and the one before is kept. It is read as an untrusted file: no
code in it runs, the arrays take no more memory than the size of the file, and a checksum covers all of it. `count`
reads the number of weights without the weights, so that no network is built that the file cannot fill.
"""
from __future__ import annotations

import hashlib
import io
import json
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

import tinygan
from tinygan import backend
from tinygan.data.names import is_named
from tinygan.errors import TinyganError
from tinygan.files import FileError, array_header, open_regular, read_array
from tinygan.game import Diverged, Game, parts
from tinygan.game.history import COLUMNS, Column
from tinygan.nn.theta import buffers_of
from tinygan.runs import files
from tinygan.runs.files import newest, write
from tinygan.updates import Adam, Average, RMSProp

T = TypeVar("T")
FORMAT = 2
LARGEST = 2**32 - 1  # bytes: beyond, a zip file has a second directory
DIRECTORY = 10**6  # bytes of the list of its arrays
LAST = 2**53  # steps: whole numbers up to it are exact as float64
FREE = ("steps", "device", "version", "examples")  # parts of a config that may differ when a run is resumed


class CheckpointError(TinyganError, ValueError):
    """A checkpoint that cannot be read, or that belongs to another game."""


def save(path, game: Game, config: dict[str, Any] | None = None) -> None:
    """Writes the game's state and its config to `path`; the checkpoint before stays as `previous(path)`.

    Diverged if a number is not finite; then nothing is written.
    """
    arrays = {f"{group}/{name}": backend.to(a, "cpu") for group, state in _groups(game).items()
              for name, a in state.items()}
    for name, a in arrays.items():
        if not np.isfinite(a).all():
            raise Diverged(f"step {game.step}: {name} is not finite")
    arrays.update({f"history/{name}": np.array(game.history[name], np.float64) for name in COLUMNS})
    facts = {"format": FORMAT, "version": tinygan.__version__, "config": config, "step": game.step,
             "rngs": [rng.bit_generator.state for rng in _rngs(game)]}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    arrays["sha256"] = _digest(arrays)
    content = io.BytesIO()
    np.savez(content, **arrays)
    if content.tell() > LARGEST:
        raise CheckpointError(f"{path}: the game has {content.tell():,} bytes, a checkpoint at most {LARGEST:,}")
    write(path, content.getbuffer(), previous(path))


def load(path, game: Game, config: dict[str, Any] | None = None) -> None:
    """Loads the state at `path` into a game of the same recipe; CheckpointError if it does not fit."""
    facts, arrays = read(path)
    try:
        for name, kept in (facts["config"] or {}).items() if config else ():
            now: Any = config.get(name)  # type: ignore[union-attr]
            moved = name == "data" and not is_named(now) and not is_named(kept)  # the user's own are compared when read
            if name not in FREE and now != kept and not moved:
                raise ValueError(f"it was made with {name} {kept}, not {now}")
        _restore(game, facts, arrays)
    except Exception as error:  # untrusted numbers raise anything
        other = "" if facts.get("version") == tinygan.__version__ else f" (written by tinygan {facts.get('version')!r})"
        raise CheckpointError(f"{path}: not a checkpoint of this game: {_line(error)}{other}") from error


def previous(path) -> Path:
    """The path of the checkpoint before the one at `path`."""
    return Path(path).with_suffix(".previous.npz")


def read(path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and the arrays in a checkpoint; CheckpointError if the file is damaged."""
    return _or_before(path, _read)


def count(path) -> int:
    """The number of numbers in both players of a checkpoint, from its headers alone; CheckpointError as `read`."""
    return _or_before(path, _count)


def _or_before(path, work: Callable[[Path], T]) -> T:
    """work(path); its CheckpointError offers the checkpoint before, if that one is good."""
    try:
        return work(newest(path))
    except CheckpointError as error:
        try:
            step = _read(previous(path))[0]["step"]
        except (CheckpointError, KeyError):
            raise error from None
        raise CheckpointError(f"{error}; the one before, of step {step}, is good: to use it, rename {previous(path)} "
                              f"to {newest(path).name}") from error


def fingerprint(game) -> dict[str, str]:
    """Two digests that must be equal in all processes of one game: of the state, and of the next batch."""
    rng = deepcopy(game.rng)
    drawn = *parts(game.data(game.batch, rng)), *parts(game.noise(game.batch, rng))
    found = {"state": {f"{group} {name}": np.asarray(backend.to(a, "cpu"))
                       for group, state in _groups(game).items() for name, a in state.items()},
             "data set": {str(i): a for i, a in enumerate(drawn)}}
    return {name: _digest(arrays).tobytes().hex()[:16] for name, arrays in found.items()}


def _groups(game) -> dict[str, dict]:
    """The arrays of each part of the game, by name."""
    return {"generator": game.generator.state_dict(), "discriminator": game.discriminator.state_dict(),
            **{group: memory.state_dict() for group, memory in _memories(game).items()}}


def _memories(game) -> dict[str, Any]:
    """The parts that keep a state between steps, by name: both optimisers and the average."""
    memories = {"optimiser0": game.optimisers[0], "optimiser1": game.optimisers[1], "average": game.average}
    return {group: memory for group, memory in memories.items() if memory is not None}


def _rngs(game) -> list[np.random.Generator]:
    """All generators of random numbers: the game's, and those that layers own."""
    owned = [value for player in (game.generator, game.discriminator) for _, m in player.modules()
             for value in vars(m).values() if isinstance(value, np.random.Generator)]
    return list({id(rng.bit_generator): rng for rng in [game.rng, *owned]}.values())


def _restore(game, facts, arrays) -> None:
    groups: dict[str, dict] = {group: {} for group in ("optimiser0", "optimiser1", "average")}
    for key, a in arrays.items():
        groups.setdefault(key.partition("/")[0], {})[key.partition("/")[2]] = a
    history = {name: groups["history"].pop(name) for name in COLUMNS}
    steps = history["step"]
    if len({a.shape for a in history.values()} | {(steps.size,)}) > 1:
        raise ValueError("the columns of its history differ in length")
    if type(facts["step"]) is not int or not 0 <= facts["step"] < LAST or len(facts["rngs"]) != len(_rngs(game)):
        raise ValueError(f"it is of step {facts['step']!r:.99}, with {len(facts['rngs'])} random generators")
    if steps.size and not (steps.min() >= 0 and steps.max() <= facts["step"] and (steps == np.floor(steps)).all()):
        raise ValueError(f"its history has steps from {steps.min():.9g} to {steps.max():.9g}, expected "
                         f"whole numbers from 0 to {facts['step']}")
    game.generator.load_state_dict(groups["generator"])
    game.discriminator.load_state_dict(groups["discriminator"])
    for group, memory in _memories(game).items():
        network = game.discriminator if group == "optimiser0" else game.generator
        memory.load_state_dict(_remembered(memory, groups[group], network))
    game.history = {name: Column(a, np.int64 if name == "step" else np.float64) for name, a in history.items()}
    for rng, state in zip(_rngs(game), facts["rngs"]):
        rng.bit_generator.state = state
    game.step = facts["step"]


def _remembered(memory, arrays, network) -> dict:
    """The state of an optimiser: counters as numbers, vectors on the device and in the dtype of theta; all or none."""
    theta = network.theta
    counters = [name for name in memory.state if getattr(type(memory), name) is not None]  # numbers that begin at 0
    shapes = {name: () if name in counters else theta.shape for name in memory.state}
    if isinstance(memory, Average):
        now = buffers_of(network)
        shapes = {"theta": theta.shape} if now is None else {"theta": theta.shape, "buffers": now.shape}
        if arrays and now is not None:  # release 0.2 averaged no buffers
            arrays.setdefault("buffers", now)
    if arrays.keys() - counters and arrays.keys() ^ shapes.keys():
        raise ValueError(f"{type(memory).__name__}: it holds {', '.join(arrays)}, expected {', '.join(shapes)}")
    for name, a in arrays.items():
        if a.shape != shapes[name]:
            raise ValueError(f"{name} has shape {a.shape}, expected {shapes[name]}")
        if name in counters and not (a.dtype.kind in "iu" and 0 <= a < LAST):
            raise ValueError(f"{name} is {a.item():.9g}, expected a whole number of updates")
        if name == "v" and isinstance(memory, (Adam, RMSProp)) and a.min(initial=0) < 0:
            raise ValueError(f"{name}, a mean of squares, holds {a.min():g}")
    return {name: a.item() if name in counters else backend.to_device_of(a.astype(theta.dtype), theta)
            for name, a in arrays.items()}


def _read(path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with _opened(path) as members:
        arrays = {name: _array(file, size) for name, file, size in members}
        facts = files.json_object(arrays["facts"].tobytes().decode())
        if facts["format"] == FORMAT and arrays.pop("sha256").tobytes() != _digest(arrays).tobytes():
            raise ValueError("its checksum is wrong")
    if facts["format"] != FORMAT:
        raise CheckpointError(f"{path}: checkpoint format {facts['format']!r:.99}, this version reads {FORMAT}")
    return facts, arrays


def _count(path) -> int:
    with _opened(path) as members:
        return sum(math.prod(array_header(file, size)[0]) for name, file, size in members
                   if name.partition("/")[0] in ("generator", "discriminator"))


@contextmanager
def _opened(path) -> Iterator[Iterator[tuple[str, IO[bytes], int]]]:
    """The members of a checkpoint: name, file and size. CheckpointError for any exception in the block."""
    try:
        with open_regular(path, LARGEST) as file, zipfile.ZipFile(_with_short_directory(file)) as archive:
            members = archive.infolist()
            size = file.seek(0, io.SEEK_END)
            if sum(m.file_size for m in members) > size or any(m.compress_type for m in members):
                raise ValueError("it claims to hold more than the file")
            yield ((m.filename.removesuffix(".npy"), archive.open(m), m.file_size) for m in members)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no checkpoint") from None
    except FileError as error:
        raise CheckpointError(error) from error
    except Exception as error:  # damaged bytes raise anything
        raise CheckpointError(f"{path}: the checkpoint is damaged ({_line(error)})") from error


def _with_short_directory(file: IO[bytes]) -> IO[bytes]:
    """The zip file, if its directory is short, as `np.savez` writes it: a long one takes ten times its size to read."""
    file.seek(-42, io.SEEK_END)
    tail = file.read()  # the last 22 bytes lead to the directory; before them there can be the way to another one
    kind, *_, size, _, comment = struct.unpack("<4s4H2LH", tail[20:])
    if tail.startswith(b"PK\6\7") or kind != b"PK\5\6" or comment or size > DIRECTORY:
        raise ValueError("its end is not that of a checkpoint")
    return file


def _array(file, size) -> np.ndarray:
    a = read_array(file, size)
    if not np.isfinite(a).all():
        raise ValueError("it holds what is no finite number")
    return a


def _digest(arrays) -> np.ndarray:
    """The SHA-256 of the names, dtypes, shapes and elements of arrays."""
    digest = hashlib.sha256()
    for name, a in sorted(arrays.items()):
        digest.update(f"{name} {a.dtype.str} {a.shape}\n".encode())
        digest.update(a.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _line(error) -> str:
    """The message of an error, on one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
