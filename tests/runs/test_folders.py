"""Folders of runs: the latest run of a recipe, among many folders and among damaged ones."""
import json
import os

import pytest

from tinygan.runs import RunError, folders, fresh_folder, latest_folder


def test_the_latest_run_is_found_among_many_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_RUNS", 3)
    for i in range(5):
        folder = fresh_folder(tmp_path, "ring")
        (folder / "config.json").write_text(json.dumps({"recipe": "grid" if i else "ring"}))
        os.utime(folder / "config.json", (i, i))
    assert latest_folder(tmp_path, "grid").name == "ring-5"
    with pytest.raises(RunError, match=r"there is no run of 'ring' among the newest 3 under .*; name one with --out"):
        latest_folder(tmp_path, "ring")
