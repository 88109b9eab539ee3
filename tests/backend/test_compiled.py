"""The compiled loops as a whole: when they run, one line where they do not, processes, threads, the cache."""
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

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
