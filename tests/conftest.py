"""Fixtures that the tests share: both array modules, hypothesis's settings, the book."""
import os
import subprocess
import sys
from pathlib import Path

import foreign
import loops
import numpy as np
import nvmath_standin
import pytest
import standins
from helpers import undraw
from hypothesis import settings
from threadpoolctl import threadpool_limits

from tinygan.backend import compiled, cublas
from tinygan.backend.accelerated import is_plain

collect_ignore = ["support"]  # imported by name and never twice: `foreign` plays a module, and modules are one

foreign.register()
standins.register()
settings.register_profile("tinygan", deadline=None, max_examples=30, derandomize="TINYGAN_FUZZ" not in os.environ)
settings.load_profile("tinygan")


def pytest_addoption(parser):
    parser.addoption("--compiled", action="store_true",
                     help="every test runs through the compiled loops (needs numba), whatever the size of its arrays")


def pytest_configure(config):
    if "PYTEST_XDIST_WORKER" in os.environ:  # the processes of the tests share the cores
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        threadpool_limits(1, "blas")
    if config.getoption("compiled"):
        loops.use_everywhere()


def pytest_collection_modifyitems(items):
    """Skips tests of the fast forms when these forms are off."""
    if is_plain():
        for item in items:
            if item.get_closest_marker("fast_forms"):
                item.add_marker(pytest.mark.skip(reason="TINYGAN_PLAIN=1 turns the fast forms off"))


@pytest.fixture(autouse=True)
def _as_before():
    """A test that turns the compiled loops on or off leaves them as they were."""
    before = compiled.threads
    yield
    compiled.threads = before


@pytest.fixture
def compiled_loops():
    """The loops are on, for small arrays too; skipped without numba."""
    loops.need()
    loops.start()
    with loops.lowered():
        yield


@pytest.fixture
def without_loops(monkeypatch):
    """NumPy's forms run, for what holds more exactly than up to rounding."""
    monkeypatch.setattr(compiled, "threads", 0)


@pytest.fixture(params=foreign.BACKENDS, ids=foreign.IDS)
def xp(request):
    """The array module under test: NumPy, and the strict foreign array that stands for CuPy."""
    return request.param


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture
def undrawn(monkeypatch):
    """matplotlib draws no picture of a run."""
    undraw(monkeypatch)


@pytest.fixture
def figures(monkeypatch):
    """The figures of matplotlib in the order in which they are drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    seen, draw = [], FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: seen.append(canvas.figure) or draw(canvas))
    return seen


@pytest.fixture
def gpu(monkeypatch):
    """The device "gpu", played by the foreign array."""
    monkeypatch.setattr("tinygan.backend.arrays._cupy", lambda: foreign)
    return foreign


@pytest.fixture
def nvmath(monkeypatch):
    """nvmath-python, played."""
    for name, module in nvmath_standin.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    cublas.products.cache_clear()
    yield
    cublas.products.cache_clear()


@pytest.fixture(scope="session")
def torch():
    """PyTorch, the oracle; the test is skipped where it is not installed."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # its threads wait for each other by spinning: on a busy machine many times slower
    return torch


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The folder of the book, built without a warning."""
    for package in ("sphinx", "myst_nb", "sphinx_book_theme"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "lectures", folder]
    subprocess.run(command, cwd=Path(__file__).parents[1], check=True)
    return folder
