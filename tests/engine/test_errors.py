"""One base class: every error that a user can cause inherits from it, and the command line answers it with one line."""
import pytest
from helpers import fails

import tinygan as tg
from tinygan.backend import DeviceError
from tinygan.cli import sample
from tinygan.data import DataError
from tinygan.distributed.group import RanksError
from tinygan.doctor import VisitsError
from tinygan.exchange import ExchangeError
from tinygan.game import Diverged, SettingError
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
