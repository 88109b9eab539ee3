"""Progress bars: without a terminal, without a stream, on a terminal that gives no width."""
import io
import os
import sys

import numpy as np
import pytest
from PIL import Image

from tinygan.data import load, progress


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_process_without_a_stream_for_errors_has_no_bar(stream, tmp_path, monkeypatch):
    if stream:
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    assert load(tmp_path).x.shape == (1, 32, 32, 1)
    monkeypatch.undo()
    assert progress.mute() is None


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
@pytest.mark.parametrize("columns", [0, 60])
def test_a_terminal_of_any_width_has_a_bar(columns, monkeypatch):
    import fcntl
    import pty
    import struct
    import termios
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    with open(inside, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with progress.bar(total=2, desc="photos") as shown:
            shown.update()
    said = os.read(outside, 10**5).decode()
    os.close(outside)
    assert "photos:   0%|" in said
    assert "| 0/2 [00:00<?" in said
    longest = max(map(len, said.replace("\r", "\n").splitlines()))
    assert longest in (columns - 1, columns) if columns else longest in (progress.COLUMNS - 1, progress.COLUMNS)
