"""One base class: every error that a user can cause inherits from it, and the command line answers it with one line."""
import importlib.metadata
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import fails

import tinygan as tg
from tinygan import errors
from tinygan.backend import DeviceError
from tinygan.cli import sample
from tinygan.data import DataError
from tinygan.distributed.group import RanksError
from tinygan.doctor import VisitsError
from tinygan.exchange import ExchangeError
from tinygan.game import Diverged, SettingError
from tinygan.game.game import latent
from tinygan.grading import GradingError
from tinygan.lab.serve import LabError
from tinygan.runs import RunError
from tinygan.runs.checkpoint import CheckpointError

BUILTIN = {RunError: ValueError, CheckpointError: ValueError, DataError: ValueError, DeviceError: RuntimeError,
           SettingError: ValueError, Diverged: ArithmeticError, VisitsError: ValueError, LabError: RuntimeError,
           ExchangeError: ValueError, RanksError: RuntimeError, GradingError: Exception}


@pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.__name__)
def test_a_users_error_is_caught_by_the_base_class_and_by_its_builtin_kind(kind):
    assert issubclass(kind, tg.TinyganError)
    assert issubclass(kind, BUILTIN[kind])


class OwnError(tg.TinyganError):
    """An error class that the command line does not know."""


@pytest.mark.parametrize("kind", [*BUILTIN, OwnError, MemoryError], ids=lambda kind: kind.__name__)
def test_the_command_line_answers_each_with_one_line(kind, monkeypatch, capsys):
    def refuse(options):
        raise kind("it does\nnot fit")
    monkeypatch.setattr(sample, "run", refuse)
    assert fails(capsys, "sample", "run") == "tinygan sample: it does not fit"


@pytest.mark.parametrize("kind", [ValueError, KeyError, ZeroDivisionError])
def test_a_mistake_of_the_library_keeps_its_traceback(kind, monkeypatch):
    def fail(options):
        raise kind("a mistake of the library")
    monkeypatch.setattr(sample, "run", fail)
    with pytest.raises(kind):
        fails(None, "sample", "run")


def test_an_error_of_the_system_names_the_file(tmp_path, capsys, monkeypatch):
    def fail(options):
        raise FileNotFoundError(2, "No such file or directory", "that.npz")
    monkeypatch.setattr(sample, "run", fail)
    assert fails(capsys, "sample", "run") == "tinygan sample: that.npz: No such file or directory"


# --- words that messages share ---

def test_the_command_that_installs_an_extra_from_a_clone():
    clone = Path(tg.__file__).parents[1]
    expected = f"{clone}[fast]" if (clone / "setup.cfg").exists() else "tinygan[fast]"
    assert errors.install("fast") == f'pip install "{expected}"'


@pytest.mark.parametrize(("record", "source"), [
    ({"url": "{here}", "dir_info": {}}, "{folder}[lab]"), ({"url": "file:///not/there"}, "tinygan[lab]"),
    ({"url": "https://host/tinygan.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
     "tinygan[lab] @ git+https://host/tinygan.git"),
    (None, "tinygan[lab]"), ("no JSON", "tinygan[lab]"), ({}, "tinygan[lab]")])
def test_the_command_that_installs_an_extra_of_a_package(record, source, monkeypatch, tmp_path):
    """pip notes the place that a package was installed from (PEP 610)."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    text = record if isinstance(record, str) else record and json.dumps(record).replace("{here}", folder.as_uri())
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "site-packages" / "tinygan" / "errors.py"))
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: SimpleNamespace(read_text=lambda file: text))
    assert errors.install("lab") == f'pip install "{source.replace("{folder}", str(folder))}"'


def test_the_command_where_no_package_is_known(monkeypatch, tmp_path):
    def unknown(name):
        raise importlib.metadata.PackageNotFoundError(name)
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "tinygan" / "errors.py"))
    monkeypatch.setattr("importlib.metadata.distribution", unknown)
    assert errors.install("lab") == 'pip install "tinygan[lab]"'


N = 5
DRAWING = [lambda rng: tg.data.ring(N, rng), lambda rng: tg.data.grid(N, rng), lambda rng: tg.data.gaussian(N, rng),
           lambda rng: tg.data.moons(N, rng), lambda rng: tg.data.sines(N, rng), lambda rng: tg.data.shapes(N, rng),
           lambda rng: tg.data.sampler(np.arange(9.0))(N, rng),
           lambda rng: tg.data.sampler(np.arange(9.0), np.arange(9))(N, rng), lambda rng: latent(3)(N, rng),
           lambda rng: tg.penalties.instance_noise(tg.Tensor([1.0]), 1.0, rng),
           lambda rng: tg.metrics.sliced_wasserstein(np.ones((2, 2)), np.ones((2, 2)), rng),
           lambda rng: tg.check_gradients(tg.exp, [1.0], rng=rng)]


@pytest.mark.parametrize("draw", DRAWING)
@pytest.mark.parametrize("rng", [0, 7, np.random, np.random.RandomState(0)])
def test_a_function_that_draws_refuses_a_seed(draw, rng):
    with pytest.raises(TypeError, match=r"^rng: got .*, expected a numpy.random.Generator; write rng = np.random."
                                        r"default_rng\(0\) once, and give it to each call$"):
        draw(rng)
    draw(np.random.default_rng(0))
