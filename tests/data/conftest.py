"""Small sets of images in place of the large ones."""
import hashlib

import numpy as np
import pooch
import pytest
from helpers import rng
from idx import idx

from tinygan.data import files


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Two small IDX sets in place of mnist and fashion, {name: {file: content}}; an empty cache and no mirror."""
    shapes = {file: (12 if "train" in file else 5, *shape[1:]) for file, shape in files.IDX_SHAPES.items()}
    draw = rng()
    contents = {name: {file: idx(draw.integers(0, 10 if "labels" in file else 256, shape, np.uint8))
                       for file, shape in shapes.items()} for name in ("mnist", "fashion")}
    monkeypatch.setattr(files, "IDX_SHAPES", shapes)
    for name, four in contents.items():
        monkeypatch.setitem(files.SHA256, name, {f: hashlib.sha256(c).hexdigest() for f, c in four.items()})
        monkeypatch.setitem(files.MIRRORS, name, [])
    monkeypatch.setitem(files.SYSTEM, "fashion", str(tmp_path / "system"))
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.delenv("TINYGAN_DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return contents
