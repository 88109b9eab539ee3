"""Files of a run, changed at random: each is read, or refused by an error of one line, without much memory."""
import io
import json
import os
import shutil
import tracemalloc
import warnings
from copy import deepcopy

import numpy as np
import pytest
from helpers import swept_run

from tinygan import game
from tinygan.doctor import Doctor
from tinygan.errors import TinyganError
from tinygan.runs import Run, checkpoint, sweep

MORE = int(os.environ.get("TINYGAN_FUZZ", "1"))
VALUES = [None, True, -1, 0, 1, 2, 2**31, 2**64, 10**50, 1e308, -1e308, 1.5, float("nan"), float("inf"), "", "a", "\0",
          "/dev/zero", "~", "\ud800", "x" * 5000, [], [[]], {}, {"a": 1}, [1] * 50, [-1], [2**15, 2**15, 1], "grid",
          "digits", "photos@64", [0.5] * 2, "gru", "hinge"]
SWITCHES = ["width", "latent", "packing", "k", "rate", "r1", "decay", "spectral_norm", "minibatch_std", "betas", "gp",
            "unroll", "average", "objective", "optimiser", "slope", "clip"]
CELLS = ["nan", "inf", "-1", "1e308", "", "a", "9" * 5000, '"', "1_0", "\0", "1e999", "2" * 20, "-0", "é", "\n"]
KINDS = ["f8", "f4", "f2", "i8", "u8", "u1", ">f4", "?", "U2", "c8"]


def places(value, path=()):
    """The paths of all values in an object of JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:8]) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def changed(value, rng):
    """An object of JSON in which a value is replaced, removed or added."""
    value, path = deepcopy(value), ()
    while not path:
        path = places(value)[rng.integers(len(places(value)))]
    owner = value
    for key in path[:-1]:
        owner = owner[key]
    new = deepcopy(VALUES[rng.integers(len(VALUES))])
    if isinstance(owner, dict) and rng.random() < 0.4:
        owner[SWITCHES[rng.integers(len(SWITCHES))]] = new
    elif rng.random() < 0.2:
        del owner[path[-1]]
    else:
        owner[path[-1]] = new
    return value


def damaged(content, rng):
    """Bytes that are cut, overwritten, left out or added."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        start, end = np.sort(rng.integers(len(content) + 1, size=2))
        end = min(end, start + 20)
        content[start:end] = rng.bytes(rng.choice([0, end - start, 4]))
    return bytes(content[:rng.choice([len(content), rng.integers(len(content) + 1)])])


def array(a, rng):
    """An array of other numbers, or of another dtype or shape."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a = np.array(a, rng.choice([*[a.dtype.str] * 5, *KINDS]))
        if rng.random() < 0.5 and a.size:
            number = np.array(rng.choice([-1, 0, 1e38, -1e38, 255, 2.0**62, 1.5]))
            a.flat[:rng.choice([1, a.size])] = number.astype(a.dtype)
    shapes = [a, a[..., None], a.ravel(), np.zeros(3), np.zeros((0, 5)), np.zeros(())]
    return shapes[max(0, rng.integers(-9, len(shapes)))]


def forged(content, rng):
    """A checkpoint with other facts and arrays, and a right checksum."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    facts, _ = json.loads(arrays.pop("facts").tobytes()), arrays.pop("sha256")
    if rng.random() < 0.4:
        facts = changed(facts, rng)
    else:
        for name in rng.choice(sorted(arrays), 2):
            arrays[name] = array(arrays[name], rng)
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays, sha256=checkpoint._digest(arrays))
    return file.getvalue()


def cells(content, rng):
    """A table with another cell."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    row = rows[rng.integers(len(rows))]
    row[rng.integers(len(row))] = CELLS[rng.integers(len(CELLS))]
    return "\n".join(map(",".join, rows)).encode()


def train_on(folder):
    """Opens the run, looks at it, and trains it for a step."""
    run = Run.open(folder, "cpu")
    run.samples(3, np.random.default_rng(0))
    [str(finding) for finding in Doctor(run.config.steps, 0, folder).examine(run.game)]
    game.train(run.game, run.game.step + 1, [run.save_frame])


FILES = {
    "config.json": (lambda content, rng: json.dumps(changed(json.loads(content), rng)).encode(), train_on),
    "checkpoint.npz": (forged, train_on),
    "figures.json": (lambda content, rng: json.dumps(changed(json.loads(content), rng)).encode(),
                     lambda folder: sweep._figures(folder / "figures.json")),
    "history.csv": (cells, sweep._history), "doctor.csv": (cells, train_on),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The folder of a short run, as a sweep leaves it."""
    return swept_run(tmp_path_factory.mktemp("runs") / "run")


def refused_or_read(begun, name, count, folder):
    """The number of files, of `count` changed ones, that are refused; each message is one line."""
    change, use = FILES[name]
    content, rng, refused = (begun / name).read_bytes(), np.random.default_rng(sorted(FILES).index(name)), []
    shutil.copytree(begun, folder)
    for _ in range(count):
        (folder / name).write_bytes(damaged(content, rng) if rng.random() < 0.3 else change(content, rng))
        try:
            with np.errstate(all="ignore"):
                use(folder)
        except (TinyganError, OSError) as error:
            refused.append(str(error))
    assert not [line for line in refused if "\n" in line or len(line) > 1500]
    return len(refused)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_read_or_refused(name, begun, tmp_path, undrawn):
    assert 5 < refused_or_read(begun, name, 25, tmp_path / "run") <= 25


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_many_changed_files_are_read_or_refused_without_much_memory(name, begun, tmp_path, undrawn):
    tracemalloc.start()
    try:
        assert refused_or_read(begun, name, 200 * MORE, tmp_path / "run") > 50
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
