"""Runs on folders: the memory they need is estimated before an image is decoded."""
import tracemalloc
import warnings

import numpy as np
import pytest
from helpers import fails
from pictures import flat, save

from tinygan.cli import main
from tinygan.data import DataError, folder, memory
from tinygan.game import SettingError
from tinygan.runs import size
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

SMALL = change(RECIPES["digits"], {"width": 4})


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The folder photos in the current folder, with two images that nobody may decode."""
    monkeypatch.chdir(tmp_path)
    for i in range(2):
        save(tmp_path / "photos" / f"{i}.png", flat(i))
    monkeypatch.setattr(folder, "_decode", None)
    return tmp_path


@pytest.mark.parametrize("recipe", [SMALL, change(RECIPES["digits"], {"width": 4, "packing": 2, "k": 50}),
                                    change(RECIPES["progressive"], {"width": 16}),
                                    pytest.param(RECIPES["style"], marks=pytest.mark.slow),
                                    pytest.param(RECIPES["conditional"], marks=pytest.mark.slow)])
def test_the_estimate_is_near_what_a_larger_step_takes(recipe):
    estimate = size.step_memory(recipe, "float32")(64, 16)
    one_move = change(recipe, {"k": 1})
    assert estimate == pytest.approx(size._peak(one_move, 64, 16, "float32"), rel=.2)
    assert not tracemalloc.is_tracing()


def test_what_does_not_fit_is_refused_with_what_does(photos, monkeypatch, capsys):
    monkeypatch.setattr(memory, "machine", lambda: 2**29)
    monkeypatch.setattr(size, "step_memory", lambda recipe, dtype: lambda side, batch: 1000 * side**2 * batch)
    for side, cure in ((256, "use photos@84 or smaller"), (200, "use photos@84 or smaller, or --batch 8")):
        need = memory.text(side**2 * (2 * 12 + 64 * 1000))
        assert fails(capsys, "train", "digits", "--data", f"photos@{side}", "--out", "run") == (
            f"tinygan train: photos@{side}: 2 files as images of {side} x {side} pixels and steps on batches of 64 "
            f"need about {need} of memory, and this machine has 512 MiB; {cure}")
    assert not (photos / "run").exists()
    with pytest.raises(SettingError, match=r"use photos@64 or smaller$"):
        size.check_size(RECIPES["progressive"], "photos@1024", 64, "float32")
    monkeypatch.setattr(memory, "machine", lambda: 10**5)
    with pytest.raises(DataError, match="the largest size that does is photos@56"):  # for the images alone
        size.check_size(SMALL, "photos@512", 64, "float32")


def test_what_is_slow_is_told(photos, monkeypatch):
    monkeypatch.setattr(size, "step_memory", lambda recipe, dtype: lambda side, batch: 0.0)
    with pytest.warns(UserWarning, match=r"^photos@256: each step computes about 64 times as much as with images of "
                                         r"32 x 32 pixels, .*; for a quicker run use photos@64$"):
        size.check_size(SMALL, "photos@256", 64, "float32")


def test_small_runs_and_other_data_pass_unseen(photos, monkeypatch):
    monkeypatch.setattr(size, "step_memory", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data, batch in (("photos", 64), ("photos@64", 64), ("digits", 2**20), ("none@1000", 64)):
            size.check_size(SMALL, data, batch, "float32")


def test_a_size_that_the_recipe_cannot_take_is_refused_at_once(photos):
    for recipe, expected in (
            ("progressive", "a side of 8, 16, 32, .*; use photos@512$"), ("ring", r"points \(n, d\); .*, 3\)$"),
            ("digits", "multiples of 4; .*; use photos@1000$")):
        with pytest.raises(DataError, match=expected):
            size.check_size(RECIPES[recipe], "photos@1002", 64, "float32")


def test_players_that_cannot_be_made_are_refused_later(photos, monkeypatch):
    def refuse(*_):
        raise SettingError("no")
    monkeypatch.setattr(size, "_peak", refuse)
    size.check_size(SMALL, "photos@128", 64, "float32")


def test_a_run_estimates_once_and_then_trains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in range(2):
        save(tmp_path / "photos" / f"{i}.png", flat(i))
    seen = []
    monkeypatch.setattr("tinygan.runs.config.check_size", lambda *given: seen.append(given[1:]))
    assert main(["train", "digits", "--data", "photos@8", "--steps", "1", "--batch", "4", "--set", "width=4"]) == 0
    assert seen == [(str(tmp_path / "photos@8"), 4, "float32")]
    assert main(["sample", "runs/digits", "-n", "1", "-o", "s.npy"]) == 0
    assert np.load("s.npy").shape == (1, 8, 8, 1)
    assert len(seen) == 1
