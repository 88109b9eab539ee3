"""`tinygan sweep`: runs from the command line, every combination of settings, an interrupt."""
import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import in_this_process, interruptible
from PIL import Image

from tinygan.cli import main
from tinygan.penalties import R1
from tinygan.runs import Run, sweep


def table(folder):
    with open(folder / "sweep.csv") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("jobs", [0, pytest.param(2, marks=[pytest.mark.slow, pytest.mark.drawn])],
                         ids=["here", "in processes"])
def test_a_sweep(jobs, tmp_path, monkeypatch, capsys):
    command = ["sweep", "gaussian", "--seeds", "0-1", "--jobs", str(jobs or 1), "--steps", "6"]
    if not jobs:
        monkeypatch.setattr(sweep, "processes", in_this_process)
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "2 of 2 runs ended well" in out
    assert "median (quartiles)" in out
    folder = tmp_path / "sweeps" / "gaussian"
    rows = table(folder)
    assert [row["run"] for row in rows] == ["seed-0", "seed-1"]
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert len({row["mean"] for row in rows}) == 2
    assert all(float(row["seconds"]) > 0 and row["error"] == "" for row in rows)
    for name in ("curves.png", "figures.png"):
        with Image.open(folder / name) as picture:
            assert not jobs or np.asarray(picture).std() > 1
    # the metrics of a run are those that `evaluate` prints
    assert main(["evaluate", str(folder / "seed-1"), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert float(rows[1]["mean"]) == figures["mean"]
    # nothing is done twice
    monkeypatch.setattr(sweep, "processes", in_this_process)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("checkpoint.npz")}
    assert main([*command[:3], "0-2", *command[4:]]) == 0
    assert "3 of 3" in capsys.readouterr().out
    assert before.items() <= {path: path.stat().st_mtime_ns for path in folder.rglob("checkpoint.npz")}.items()
    assert table(folder)[:2] == rows
    assert len(before) == 2


def test_all_runs_may_fail(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "processes", in_this_process)
    monkeypatch.setattr(Run, "finish", lambda run: 1 / 0)
    assert main(["sweep", "gaussian", "--seeds", "0", "--steps", "2", "--out", "out"]) == 1
    assert "0 of 1 runs ended well" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_saves_every_run_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "tinygan.cli", "sweep", "ring", "--seeds", "0-3", "--jobs", "2",
               "--steps", "90000", "--out", "out"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=interruptible) as process:
        while len(list(tmp_path.glob("out/*/checkpoint.npz"))) < 2 and process.poll() is None:
            time.sleep(.1)
        time.sleep(.5)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    lines = [line for line in error.splitlines() if line and not line.startswith("compiling loops")]
    assert lines == ["stopped; the same command resumes out"]
    runs = [Run.open(folder) for folder in sorted((tmp_path / "out").glob("seed-*"))]
    assert len(runs) == 2  # those that had not begun have not
    assert all(run.game.step > 0 for run in runs)
    assert not (tmp_path / "out" / "stop").exists()


def test_every_combination_of_settings_is_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "processes", in_this_process)
    command = ["sweep", "gaussian", "--seeds", "0,1", "--steps", "4", "--out", "out"]
    assert main([*command, "--set", "rate=1e-4,2e-3", "r1=.5"]) == 0
    out = capsys.readouterr().out
    assert "4 of 4 runs ended well" in out
    assert out.count("median (quartiles)") == 2
    rows = table(tmp_path / "out")
    assert [row["run"] for row in rows][1:3] == ["rate=0.0001,r1=0.5,seed-1", "rate=0.002,r1=0.5,seed-0"]
    assert [(row["rate"], row["r1"], row["seed"]) for row in rows] == [
        (rate, "0.5", seed) for rate in ("0.0001", "0.002") for seed in "01"]
    run = Run.open(tmp_path / "out" / "rate=0.002,r1=0.5,seed-1")
    assert (run.game.rate, run.game.remedies, run.config.seed) == (.002, [R1(.5)], 1)
    assert len({row["sd"] for row in rows}) == 4
    assert main(["evaluate", "out/rate=0.0001,r1=0.5,seed-1", "out/rate=0.002,r1=0.5,seed-1"]) == 2
    assert "medians need runs of one kind" in capsys.readouterr().err


def test_the_plan_is_printed_first(monkeypatch, capsys):
    monkeypatch.setattr(sweep, "sweep", lambda *_: [])
    monkeypatch.setattr(sweep, "processes", in_this_process)
    monkeypatch.setattr(sweep, "summary", lambda *_: "")
    assert main(["sweep", "gaussian", "--seeds", "0-2", "--set", "rate=0,5"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["6 runs in sweeps/gaussian", "  rate=0", "  rate=5"]


@pytest.mark.parametrize(("text", "message"), [
    ("rate=0,0005", "rate is '0005', expected a number, or a pair D:G of numbers, of at least 0; decimals have a "),
    ("rate", "'rate' is no setting, expected NAME=VALUE"), ("rate=1e-4,", "rate is '', expected"),
    ("speed=1,2", "gaussian has no switch 'speed'")])
def test_bad_settings_are_refused_before_anything_is_run(text, message, tmp_path, capsys):
    assert main(["sweep", "gaussian", "--seeds", "0", "--steps", "1", "--set", text]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "sweeps").exists()
