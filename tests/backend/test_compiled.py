"""The compiled loops as a whole: when they run, one line where they do not, processes, threads, the cache."""
import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import foreign
import loops
import numpy as np
import pytest
from helpers import forked

import tinygan as tg
from tinygan.backend import compiled
from tinygan.backend.accelerated import FORMS

# The arrays

ROW = np.ones((4, 4), np.float32)
FROZEN = ROW.copy()
FROZEN.flags.writeable = False


class Subclass(np.ndarray):
    """Another kind of array."""


@pytest.mark.parametrize(("arrays", "expected"), [
    ([ROW], True), ([ROW.astype(float), np.ones(3)], True), ([ROW, np.ones(0, np.float32)], True),
    ([ROW, ROW.astype(float)], False), ([ROW.T[::2]], False), ([ROW[:, ::2]], False), ([ROW, ROW[::-1]], False),
    ([FROZEN], False), ([ROW, FROZEN], False), ([ROW.astype(">f4")], False), ([ROW.astype("f2")], False),
    ([ROW.astype(int)], False), ([ROW > 0], False), ([ROW + 0j], False), ([ROW.astype(object)], False),
    ([ROW.view(Subclass)], False), ([np.ma.array(ROW)], False), ([foreign.asarray(ROW)], False),
    ([np.frombuffer(bytearray(65), "f4", 16, 1)], False)])  # not aligned
def test_the_arrays_that_loops_take(arrays, expected, monkeypatch):
    monkeypatch.setattr(compiled, "threads", 1)
    assert compiled.take(*arrays) is expected
    monkeypatch.setattr(compiled, "threads", 0)
    assert not compiled.take(*arrays)


@pytest.mark.parametrize(("x", "expected"), [(np.ones(8), True), (np.ones((2, 2, 2)), True), (np.ones(7), False),
                                             (np.ones(()), False), (1.0, False), (np.float64(1), False),
                                             (foreign.asarray(np.ones(9)), False), ([1.0] * 9, False)], ids=repr)
def test_large_arrays_enter(x, expected, monkeypatch):
    monkeypatch.setattr(compiled, "threads", 1)
    monkeypatch.setattr(compiled, "MIN_ELEMENTS", 8)
    assert compiled.fits(x) is expected


# One line

@pytest.fixture
def not_loaded(monkeypatch):
    """As if nobody had asked for the loops so far."""
    def found():
        return [name for name in sys.modules if name.partition(".")[0] in ("numba", "llvmlite")]
    for name in found():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    monkeypatch.setattr(compiled, "_loaded", False)
    monkeypatch.setattr(compiled, "parallel", compiled.parallel)
    monkeypatch.setattr(compiled, "threads", 0)
    yield
    for name in found():  # what the test has played
        del sys.modules[name]


def test_plain_forms_have_no_loops(monkeypatch):
    monkeypatch.setattr(compiled, "ALWAYS_PLAIN", True)
    assert compiled.start(2) == "no compiled loops: TINYGAN_PLAIN is set"


def test_loops_are_turned_off(monkeypatch):
    monkeypatch.setattr(compiled, "_blas", None)  # of the other tests
    assert tg.tune(loops=False) == "no compiled loops, as asked"
    assert compiled.threads == 0


@pytest.mark.fast_forms
def test_without_numba(not_loaded, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert tg.tune() == "no compiled loops: numba is missing; pip install 'tinygan[fast]' makes training faster"
    assert compiled.threads == 0


@pytest.mark.fast_forms
@pytest.mark.parametrize(("source", "expected"), [
    ("raise ImportError('Numba needs NumPy 2.3 or less. Got NumPy 2.4.')",
     "numba fails with ImportError: Numba needs NumPy 2.3 or less. Got NumPy 2.4."),
    ("raise OSError('libllvmlite.so: cannot open\\n\\nmore\\nlines')",
     "numba fails with OSError: libllvmlite.so: cannot open"),
    ("raise RuntimeError", "numba fails with RuntimeError: "),
    ("import llvmlite", "import of llvmlite halted; None in sys.modules"),
    ("raise KeyError('x')", "numba fails with KeyError: 'x'"),
    ("from numba import nothing", "numba fails with ImportError: cannot import name 'nothing' from partially "),
    ("__version__ = '0.20'", "numba fails with AttributeError: module 'numba' has no attribute 'config'"),
    ("class config: DISABLE_JIT, NUMBA_NUM_THREADS = 0, 1", ""),
    ("class", "numba fails with SyntaxError: "),
])
def test_a_numba_that_cannot_be_used(source, expected, not_loaded, tmp_path, monkeypatch):
    """One line, and NumPy goes on."""
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba/__init__.py").write_text(source + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    line = tg.tune()
    assert line.startswith(f"no compiled loops: {expected}")
    assert len(line.splitlines()) == 1
    assert compiled.threads == 0
    np.testing.assert_array_equal(tg.relu(np.linspace(-1, 1, 1 << 14)) >= 0, True)


def test_an_option_of_0_1(monkeypatch):
    monkeypatch.setattr(compiled, "_blas", None)
    with pytest.warns(DeprecationWarning, match="^tune: divide_batches has no effect any more"):
        tg.tune(True, loops=False)


# Fresh processes. Each trains three steps with an array of every kind, and compares with the plain bodies.

WORK = """
import json, os, sys, warnings
warnings.simplefilter("error")
sys.path[:0] = [{support!r}]
import numpy as np, tinygan as tg
from tinygan.backend import compiled
os.sched_getaffinity = lambda _: {{0, 1}}  # two cores, whatever the machine has

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
        done = subprocess.run([sys.executable, "-c", WORK.format(support=os.path.dirname(loops.__file__)) + code],
                              capture_output=True, text=True, env=environment, timeout=120, cwd=folder)
        assert done.returncode == 0, done.stderr
        return done
    return run


def outcome(done):
    """What TUNED prints, with nothing else on standard output."""
    line, right, threads, parallel = json.loads(done.stdout)
    assert right
    assert len(line.splitlines()) == 1
    return line, threads, parallel


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
def test_numbers_of_threads_that_numba_refuses(process, value):
    """It runs, with loops or with one line about why there are none."""
    line, threads, _ = outcome(process(NUMBA_NUM_THREADS=value))
    assert line.startswith(LOOPS[threads] if threads else "no compiled loops: numba fails with ")


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_forms_on_one_core():
    """Where OpenMP is missing, the loops are compiled for one thread: the tests of the forms once more."""
    loops.need()
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--compiled",
               *here.glob("test_compiled_*.py"), here / "test_accelerated.py"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NUMBA_NUM_THREADS": "1"},
                          cwd=here.parents[1])
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
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


@pytest.mark.slow
def test_numba_that_does_not_compile(process):
    assert outcome(process(NUMBA_DISABLE_JIT="1")) == ("no compiled loops: NUMBA_DISABLE_JIT is set", 0, False)


@pytest.mark.slow
@pytest.mark.parametrize("home", ["home", "file/home"])
def test_a_package_that_cannot_be_written(process, tmp_path, home):
    """The cache is in the user's folder; where that cannot be written either, one line says what to do."""
    shutil.copytree(Path(tg.__file__).parent, tmp_path / "tinygan", ignore=shutil.ignore_patterns("__pycache__"))
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
    else:
        assert line.startswith("no compiled loops: numba fails with RuntimeError: cannot cache function ")
        assert line.endswith("; set NUMBA_CACHE_DIR to a folder that can be written")
        assert threads == 0


# The cache

ANNOUNCED = "compiling loops for this processor, once; it takes some seconds"


def announcements(done):
    return done.stderr.replace("\r", "\n").count(ANNOUNCED)


@pytest.mark.slow
def test_compiling_is_announced_once_and_then_cached(process, tmp_path):
    for expected in (1, 0):
        done = process(NUMBA_CACHE_DIR=str(tmp_path))
        assert outcome(done)[1:] == (2, True)
        assert announcements(done) == expected
        assert done.stderr.count("\n") <= 2 * expected


@pytest.mark.slow
def test_two_processes_compile_at_once(process, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda _: process(NUMBA_CACHE_DIR=str(tmp_path)), range(2)):
            assert outcome(done)[1:] == (2, True)
    assert announcements(process(NUMBA_CACHE_DIR=str(tmp_path))) == 0


@pytest.mark.slow
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


# Forks and threads

@pytest.fixture
def parallel(compiled_loops):
    """The loops run on several threads."""
    if not compiled.parallel:
        pytest.skip("the loops of this process run on one core")


def convolution(seed=0):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((4, 12, 12, 5)), rng.standard_normal((4, 4, 5, 6))
    y = tg.conv2d(x, w, 2, 1)
    return y, tg.conv_transpose2d(y, w, 2, 1), tg.linear(x.reshape(-1, 5), w[0, 0], w[0, 0, 0]), tg.relu(x)


def assert_right(seed=0):
    with tg.plain():
        expected = convolution(seed)
    for a, e in zip(convolution(seed), expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-11, atol=1e-11)


def in_child():
    assert compiled.threads == 0
    assert_right()
    assert tg.tune() == ("no compiled loops: this process is forked; start processes with the "
                         "method 'spawn'")
    assert_right()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_runs_without(parallel):
    assert_right()  # the threads have started
    assert forked(in_child)
    assert forked(lambda: forked(in_child) or os._exit(1))
    assert_right()
    assert compiled.threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Python 3.12, about a fork with threads
def test_multiprocessing_forks(parallel):
    assert_right()
    child = get_context("fork").Process(target=in_child)
    child.start()
    child.join(60)
    assert child.exitcode == 0


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_several_threads_call_at_once(compiled_loops):
    together = threading.Barrier(4, timeout=60)

    def work(seed):
        together.wait()
        for _ in range(10):
            for a, e in zip(convolution(seed), expected[seed], strict=True):
                np.testing.assert_allclose(a, e, rtol=1e-11, atol=1e-11)
    with tg.plain():
        expected = [convolution(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


# Forms

@pytest.fixture
def forms(compiled_loops):
    """The table of forms, which is as before after the test."""
    before = {name: pairs.copy() for name, pairs in FORMS.items()}
    yield FORMS
    for name, pairs in before.items():
        FORMS[name][:] = pairs


def test_every_loop_is_tried_before_the_forms_on_numpy(forms):
    for pairs in forms.values():
        assert [loops.is_loop(pair) for pair in pairs] == sorted(map(loops.is_loop, pairs), reverse=True)
    assert sum(loops.is_loop(pair) for pairs in forms.values() for pair in pairs) >= 18


@pytest.mark.parametrize("error", ["NumbaError", "OSError"])
def test_a_loop_that_does_not_compile(forms, error):
    """The next form takes its place, with one warning."""
    from numba.core.errors import NumbaError
    kind, x = {"NumbaError": NumbaError, "OSError": OSError}[error], np.linspace(-1, 1, 9)

    def broken(x):
        raise kind("no such\ntype")
    compiled.form("ops.elementwise._relu", compiled.fits)(broken)
    with pytest.warns(RuntimeWarning, match=f"without one of its fast forms: numba fails with {error}: no such$"):
        y = tg.relu(x)
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    np.testing.assert_array_equal(tg.relu(x), y)


def test_a_step_enters_the_loops(compiled_loops):
    """All of them but one, since the ReLUs of the image recipe follow normalisations."""
    with loops.counting() as entered:
        for recipe in "digits", "ring":
            tg.game.train(tg.zoo.RECIPES[recipe].start(batch=8), 1)
    ours = {loops.name_of(pair[1]) for pairs in FORMS.values() for pair in pairs if loops.is_loop(pair)}
    assert ours - entered <= {"passes.relu"} | (set() if compiled.parallel else {"products.linear", "products.product"})


@pytest.mark.parametrize("recipe", ["digits", "ring"])
def test_a_run_is_the_same_twice(compiled_loops, recipe):
    """Bit for bit, with one number of threads."""
    def theta():
        game = tg.zoo.RECIPES[recipe].start(batch=12)
        tg.game.train(game, 3)
        return np.concatenate([game.generator.theta, game.discriminator.theta])
    np.testing.assert_array_equal(theta(), theta())
