"""The compiled loops in processes of their own: the environment, the cache, what is missing, forks."""
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import loops
import pytest

import tinygan as tg

pytestmark = pytest.mark.slow

# Each process computes with large arrays, and compares with the plain bodies.

WORK = """
import json, os, warnings
warnings.simplefilter("error")
import numpy as np, tinygan as tg
from tinygan.backend import compiled
os.sched_getaffinity = lambda _: {0, 1}  # two cores, whatever the machine has

def work():
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype("f4") for shape in ((8, 16, 16, 64), (4, 4, 64, 64), (64,)))
    y = tg.conv2d(x, w, 2, 1)
    z = tg.conv2d(x[..., :3].copy(), w[:3, :3, :3].copy(), 1, 1)
    return y, z, tg.relu(y), tg.conv_transpose2d(y, w, 2, 1), tg.Tensor(y) + b, tg.linear(z.reshape(-1, 64), w[0, 0], b)

def right():
    with tg.plain():
        expected = work()
    return all(np.abs(tg.unwrap(a) - tg.unwrap(e)).max() < 1e-5 * np.abs(tg.unwrap(e)).max()
               for a, e in zip(work(), expected))
"""
TUNED = """
line = tg.tune()
print(json.dumps([line, right(), compiled.threads, compiled.parallel]))
"""
LOOPS = {1: "compiled loops on 1 core, by numba ", 2: "compiled loops on 2 cores, by numba "}


@pytest.fixture(scope="session")
def process():
    """Runs code in a fresh process, with changes of the environment (None: without the variable)."""
    loops.need()
    dropped = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"

    def run(code=TUNED, folder=None, **changes):
        environment = {name: value for name, value in {**os.environ, **changes}.items()
                       if value is not None and (name in changes or name not in dropped)}
        done = subprocess.run([sys.executable, "-c", WORK + code],
                              capture_output=True, text=True, env=environment, timeout=120, cwd=folder)
        assert done.returncode == 0, done.stderr
        return done
    return run


def outcome(done):
    """Returns the output of TUNED, which is alone on standard output."""
    line, right, threads, parallel = json.loads(done.stdout)
    assert right
    assert len(line.splitlines()) == 1
    return line, threads, parallel


@pytest.mark.parametrize(("changes", "threads", "parallel"), [
    ({}, 2, True),
    ({"OPENBLAS_NUM_THREADS": "1"}, 1, False),
    ({"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}, 2, True),
    ({"OMP_NUM_THREADS": "1"}, 1, False),
    ({"OMP_NUM_THREADS": "2,1"}, 2, True),
    ({"NUMBA_NUM_THREADS": "1"}, 1, False),
    ({"NUMBA_NUM_THREADS": "7"}, 2, True),
    *[({name: value}, 2, True) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS") for value in ("0", "-1", "x")],
    ({"NUMBA_THREADING_LAYER": "workqueue"}, 1, False),
    ({"NUMBA_THREADING_LAYER": "omp"}, 2, True),
    ({"NUMBA_CPU_NAME": "generic"}, 2, True),
    ({"OMP_WAIT_POLICY": "passive"}, 2, True),
    ({"GOMP_SPINCOUNT": "0"}, 2, True),
], ids=str)
def test_the_environment(process, changes, threads, parallel):
    line, *got = outcome(process(**changes))
    assert line.startswith(LOOPS[threads])
    assert got == [threads, parallel]


@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_numbers_of_threads_that_numba_refuses(process, value):
    """It runs, with loops or with one line about why there are none."""
    line, threads, _ = outcome(process(NUMBA_NUM_THREADS=value))
    assert line.startswith(LOOPS[threads] if threads else "no compiled loops: numba fails with ")


@pytest.mark.parametrize("patch", [
    "compiled.PRODUCTS = 'no_such_{}gemm',",
    "import threadpoolctl; threadpoolctl.threadpool_info = list",
    "compiled._openmp = lambda *_: False",
    "import numba; numba.config.THREADING_LAYER = 'workqueue'; numba.set_num_threads(1); "
    "numba.njit(parallel=True)(lambda a: a + a)(np.ones(9))",  # another pool has been started
], ids=["product", "BLAS", "OpenMP", "another pool"])
def test_one_core_where_something_is_missing(process, patch):
    """BLAS keeps its threads."""
    count = "; from threadpoolctl import threadpool_info as info; before = [p['num_threads'] for p in info()]"
    after = "\nassert [p['num_threads'] for p in info()][:len(before)] == before\n"
    line, *got = outcome(process("if 1:\n    " + patch + count + TUNED + ("" if "list" in patch else after)))
    assert line.startswith(LOOPS[1])
    assert got == [1, False]


def test_the_forms_on_one_core():
    """Loops compiled for one thread, as without OpenMP, pass the tests of the forms too."""
    loops.need()
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--compiled",
               *here.glob("test_compiled_*.py"), here / "test_accelerated.py"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NUMBA_NUM_THREADS": "1"},
                          cwd=here.parents[1])
    assert done.returncode == 0, done.stdout


def test_blas_has_its_threads_again(process):
    code = """
from threadpoolctl import threadpool_info
def blas():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
before, line = blas(), tg.tune()
assert set(blas()) == {1} and tg.tune(loops=False) == "no compiled loops, as asked" and blas() == before
assert tg.tune() == line and set(blas()) == {1}
print(json.dumps([line, right(), compiled.threads, compiled.parallel]))
"""
    assert outcome(process(code))[1:] == (2, True)


def test_numba_that_does_not_compile(process):
    assert outcome(process(NUMBA_DISABLE_JIT="1")) == ("no compiled loops: NUMBA_DISABLE_JIT is set", 0, False)


@pytest.mark.parametrize("home", ["home", "file/home"])
def test_the_cache_is_in_the_users_folder(process, tmp_path, home):
    """Not in the package, where pip would leave it behind; where no folder can be written, one line says what to do."""
    shutil.copytree(Path(tg.__file__).parent, tmp_path / "tinygan", ignore=shutil.ignore_patterns("__pycache__"))
    if home == "file/home":
        (tmp_path / "tinygan/backend/__pycache__").write_text("no folder")
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "home").mkdir()
    code = """
line = tg.tune()
print(json.dumps([line, bool(np.array_equal(tg.relu(np.linspace(-1, 1, 1 << 14)) > 0, np.arange(1 << 14) >= 1 << 13)),
                  compiled.threads, compiled.parallel]))
"""
    line, threads, _ = outcome(process(code, tmp_path, NUMBA_CACHE_DIR=None, PYTHONPATH=str(tmp_path),
                                       HOME=str(tmp_path / home), XDG_CACHE_HOME=None))
    if home == "home":
        assert line.startswith(LOOPS[2])
        assert list((tmp_path / "home").rglob("*.nbi"))
        assert not list((tmp_path / "tinygan").rglob("*.nbi"))
    else:
        assert line.startswith("no compiled loops: numba fails with RuntimeError: cannot cache function ")
        assert line.endswith("; set NUMBA_CACHE_DIR to a folder that can be written")
        assert threads == 0


# The cache

ANNOUNCED = "compiling loops for this processor, once; it takes some seconds"


def announcements(done):
    return done.stderr.replace("\r", "\n").count(ANNOUNCED)


def test_compiling_is_announced_once_and_then_cached(process, tmp_path):
    for expected in (1, 0):
        done = process(NUMBA_CACHE_DIR=str(tmp_path))
        assert outcome(done)[1:] == (2, True)
        assert announcements(done) == expected
        assert done.stderr.count("\n") <= 2 * expected


def test_two_processes_compile_at_once(process, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda _: process(NUMBA_CACHE_DIR=str(tmp_path)), range(2)):
            assert outcome(done)[1:] == (2, True)
    assert announcements(process(NUMBA_CACHE_DIR=str(tmp_path))) == 0


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_cache(process, tmp_path, damage):
    """It runs: NumPy takes the place of what numba cannot read."""
    process(NUMBA_CACHE_DIR=str(tmp_path))
    for file in tmp_path.rglob("*.nbi"):
        file.write_bytes(damage)
    for file in tmp_path.rglob("*.nbc"):
        file.write_bytes(damage)
    quiet = "\nwarnings.simplefilter('ignore')" + TUNED
    assert outcome(process(quiet, NUMBA_CACHE_DIR=str(tmp_path)))


# Forks

@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("one", ["1", None])
def test_a_fork_before_tune_takes_nothing(process, one):
    code = """
child = os.fork()
line = tg.tune()
assert right() and line.startswith("compiled loops on"), line
os._exit(0) if not child else print(json.dumps([line, os.waitpid(child, 0)[1] == 0, 0, 0]))
"""
    outcome(process(code, **({"OPENBLAS_NUM_THREADS": one} if one else {})))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_loops_on_one_core_survive_a_fork(process):
    code = """
assert tg.tune().startswith("compiled loops on 1 core,") and right()
child = os.fork()
line = tg.tune()
assert right() and line.startswith("compiled loops on 1 core,"), line
os._exit(0) if not child else print(json.dumps([line, os.waitpid(child, 0)[1] == 0, 0, 0]))
"""
    outcome(process(code, OPENBLAS_NUM_THREADS="1"))


def test_debug_looks_on_while_the_loops_are_compiled(process, tmp_path):
    """numba imports numpy.ma at its first call, and half made arrays must not reach the search for NaN."""
    process("from tinygan.cli import main\nraise SystemExit(main(['train', 'ring', '--debug', '--steps', '2']))",
            tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONPATH=str(Path(tg.__file__).parents[1]))
