"""Fixtures of the tests of `gpu.py`."""
import os
import uuid
from pathlib import Path

import pytest
from gpu_runner import Runner


@pytest.fixture
def mark(monkeypatch):
    """A word in the environment of all processes that a test starts; the function returns their numbers."""
    word = uuid.uuid4().hex
    monkeypatch.setenv("GPU_TEST_MARK", word)

    def found():
        if not Path("/proc/self/environ").exists():
            pytest.skip("no /proc")
        pids = set()
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if word.encode() in path.read_bytes():
                    pids.add(int(path.parent.name))
            except OSError:  # it has ended, or is another user's
                continue
        return pids - {os.getpid()}
    return found


@pytest.fixture
def runner(tmp_path, mark):
    """A runner on the played device, with folders of its own."""
    (tmp_path / "out" / "logs").mkdir(parents=True)
    (tmp_path / "room").mkdir()
    with Runner("foreign", tmp_path / "out", tmp_path / "room", 5) as made:
        yield made
