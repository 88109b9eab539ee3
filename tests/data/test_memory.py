"""The memory of the machine, and what a folder's images need of it."""
import os
from pathlib import Path

import pytest

from tinygan.data import DataError, memory


def test_the_machine_has_memory():
    assert 2**27 < memory.machine() < 2**50


@pytest.mark.parametrize(("content", "size"), [("max\n", None), ("123456789\n", 123456789), ("", None)])
def test_a_container_has_a_limit(content, size, tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text(content)
    whole = memory.machine()
    monkeypatch.setattr(memory, "LIMITS", (str(tmp_path / "memory.max"), str(tmp_path / "none")))
    assert memory.machine() == size or (size is None and memory.machine() >= whole)


def test_a_system_that_gives_nothing(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setattr(memory, "LIMITS", ())
    monkeypatch.setattr(memory, "_windows", lambda: 0)
    assert memory.machine() is None
    memory.check_images(Path("photos"), 10, 1024)  # is not refused


def test_images_that_do_not_fit_are_refused_with_the_largest_size_that_does(monkeypatch):
    monkeypatch.setattr(memory, "machine", lambda: 15 * 300 * 500**2)
    memory.check_images(Path("photos"), 300, 500)
    with pytest.raises(DataError, match=r"^folder 'photos': 300 files as images of 1000 x 1000 pixels need 4.2 GiB of "
                                        r"memory, and do not fit here; the largest size that does is photos@496$"):
        memory.check_images(Path("photos"), 300, 1000)
    with pytest.raises(DataError, match=r"; use fewer files$"):
        memory.check_images(Path("photos"), 10**9, 32)
