"""Runs that are killed at random moments and resumed, compared with uninterrupted runs: bit for bit the same.

`python tests/runs/test_killed.py 67` kills each of three recipes 67 times, in runs as much longer, and prints the
numbers.
"""
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygan import runs
from tinygan.cli import main
from tinygan.runs import run

STEPS = {"ring": 400, "digits14": 120, "conditional": 30, "progressive": 40, "sequence": 40, "wgan-gp": 60}


def train(recipe, folder, *options):
    """`tinygan train` in a process of its own that saves all the time; its process id."""
    child = os.fork()
    if child == 0:
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1), os.dup2(quiet, 2)
            run.SAVE_EVERY, run.FRAMES = 0.05, 4  # a frame takes longer than many steps
            os._exit(main(["train", recipe, "--out", str(folder), "--batch", "8", *options]))
        finally:
            os._exit(1)
    return child


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_and_resumed(recipe, kills, root, seed=0):
    """Trains a recipe to the end, and again with at most `kills` kills; returns the step found
    after each kill. AssertionError if the two results differ."""
    rng, steps = random.Random(seed), str(STEPS[recipe] * max(5, kills) // 5)
    start = time.perf_counter()
    assert ended(train(recipe, root / "whole", "--steps", steps)) == 0
    longest, found = 2 * (time.perf_counter() - start) / max(1, kills), []
    while True:
        folder = root / "parts"
        begun = (folder / "config.json").exists()
        child = train(recipe, folder, *(["--resume"] if begun else ["--steps", steps]))
        if len(found) < kills:
            time.sleep(rng.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
        status = ended(child)
        if status == 0 and len(found) < min(2, kills):  # the machine is faster now than in the first run
            shutil.rmtree(folder)
            found, longest = [], longest / 2
            continue
        if status == 0:
            break
        assert status == -signal.SIGKILL
        if (folder / "config.json").exists():
            found.append(runs.Run.open(folder).game.step)  # at every moment there is a good checkpoint
            assert found == sorted(found)
        else:
            found.append(0)
    for name in ("history.csv", "config.json", "samples.png", "doctor.csv"):
        assert (root / "whole" / name).read_bytes() == (folder / name).read_bytes(), name
    with np.load(root / "whole/checkpoint.npz") as a, np.load(folder / "checkpoint.npz") as b:
        assert a.files == b.files
        assert json.loads(a["facts"].tobytes())["step"] == int(steps)
        for name in a.files:
            assert np.array_equal(a[name], b[name]), name
    return found


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="fork and signals")
@pytest.mark.parametrize("recipe", ["ring", "digits14", "progressive"])
def test_killed_and_resumed_bit_for_bit(recipe, tmp_path):
    assert len(killed_and_resumed(recipe, 5, tmp_path)) > 1


if __name__ == "__main__":
    import tempfile
    for name in sys.argv[2:] or ["ring", "digits14", "sequence"]:
        with tempfile.TemporaryDirectory() as place:
            steps = killed_and_resumed(name, int(sys.argv[1]), Path(place))
        print(f"{name}: killed {len(steps)} times, at steps {steps}; the end is the same, bit for bit", flush=True)
