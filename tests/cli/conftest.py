"""Fixtures that the tests of the commands share: a folder to work in, and a short finished run."""
import shutil

import pytest
from commands import SHORT
from helpers import undraw

from tinygan.cli import main


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _drawn(request):
    """Only tests with the mark `drawn` draw figures."""
    if not request.node.get_closest_marker("drawn"):
        request.getfixturevalue("undrawn")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A short finished run of the ring, made once."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        assert main(["train", "ring", *SHORT, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run."""
    return shutil.copytree(finished, tmp_path / "run")
