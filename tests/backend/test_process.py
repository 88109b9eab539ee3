"""The effect of `tune` on its process; `import tinygan` has no such effect."""
import json
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tinygan import nn
from tinygan.backend import process

SCRIPT = """
import json, resource, tinygan
import numpy as np

def faults():
    for _ in range(50):  # arrays that glibc by itself gives back to the kernel, one after the other
        start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        held = [np.ones(1 << 18, np.float32) for _ in range(4)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start

before = faults()
tinygan.tune()
print(json.dumps([before, faults(), np.ones(3).sum()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is tuned with glibc")
def test_tune_keeps_memory():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    faults, fewer, three = json.loads(done.stdout)
    assert faults > 500  # 4 MiB in pages of 4 KiB are a thousand
    assert fewer < 10
    assert three == 3


THREADS = """
import json, sys
import numpy as np
import tinygan as tg
from tinygan import nn
from tinygan.game import Game
from threadpoolctl import threadpool_info

def threads():
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")

def game(width, batch=16):
    rng = np.random.default_rng(0)
    return Game(nn.Sequential(nn.Dense(2, width, rng=rng), nn.ReLU(), nn.Dense(width, 2, rng=rng)),
                nn.Sequential(nn.Dense(2, width, rng=rng), nn.ReLU(), nn.Dense(width, 1, rng=rng)),
                lambda n, rng: rng.standard_normal((n, 2)), tg.game.latent(2), rng, batch=batch)

found = [threads()]
for player in (game(16), game(16, 1 << 20), game(16)):
    line = tg.tune(loops=False, game=player)
    found.append([threads(), "one thread" in line])
tg.tune(loops=False)
print(json.dumps([*found, threads()]))
"""


@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: [0])(0)) < 2, reason="needs two cores")
def test_small_networks_get_one_thread_and_larger_ones_get_theirs_back():
    environment = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS",)}
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True,
                          env=environment | {"OPENBLAS_NUM_THREADS": "2"})
    assert json.loads(done.stdout) == [2, [1, True], [2, False], [1, True], 2]


@pytest.mark.parametrize(("layer", "batch", "small"), [
    (lambda rng: nn.Dense(2, 1, rng=rng), 64, True),
    (lambda rng: nn.Dense(2, 1, rng=rng), process.SMALL, False),
    (lambda rng: nn.Conv2d(1, 1, 3, rng=rng), 64, False)])
def test_networks_are_small_without_convolutions_and_with_few_weights(layer, batch, small):
    rng = np.random.default_rng(0)
    players = SimpleNamespace(generator=nn.Dense(2, 2, rng=rng), discriminator=layer(rng), batch=batch)
    assert process.is_small(players) == small
