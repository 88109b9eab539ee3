"""`tinygan train`: run folders, resuming, switches, the user's own data, errors and interrupts."""
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from commands import SHORT
from helpers import fails, interruptible
from PIL import Image

from tinygan.cli import main
from tinygan.runs import Run

FILES = {"config.json", "history.csv", "samples.png", "curves.png", "training.gif", "checkpoint.npz",
         "checkpoint.previous.npz", "doctor.csv", ".lock"}


@pytest.mark.parametrize("recipe", ["ring", "grid", "gaussian", "digits", "wgan", "wgan-gp", "progressive", "style",
                                    "sequence"])
def test_train_writes_a_run_folder(recipe, tmp_path, capsys):
    assert main(["train", recipe, "--steps", "3", "--batch", "8"]) == 0
    folder = tmp_path / "runs" / recipe
    assert {p.name for p in folder.iterdir()} == FILES | {"frames"}
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"], config["steps"], config["batch"], config["seed"]) == (recipe, 3, 8, 0)
    with open(folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(float(row["step"])) for row in rows] == list(range(3))
    assert all(np.isfinite(float(v)) for row in rows for v in row.values())
    with Image.open(folder / "training.gif") as film:
        assert film.n_frames == len(list((folder / "frames").iterdir())) == 3
    assert "runs/" + recipe in capsys.readouterr().out


@pytest.mark.drawn
@pytest.mark.parametrize("recipe", ["gaussian", "ring", "digits",
                                    pytest.param("sequence", marks=pytest.mark.slow)])
def test_the_pictures_of_a_run_are_not_blank(recipe, tmp_path):
    assert main(["train", recipe, "--steps", "2", "--batch", "8", "--out", "run"]) == 0
    for name in ("samples.png", "curves.png"):
        with Image.open(tmp_path / "run" / name) as picture:
            assert np.asarray(picture).std() > 1


def test_a_second_run_gets_its_own_folder(run, tmp_path, capsys):
    for name in ("ring", "ring-2"):
        assert main(["train", "ring", *SHORT]) == 0
        assert (tmp_path / "runs" / name / "checkpoint.npz").exists()
    assert "holds a run already" in fails(capsys, "train", "ring", "--out", "run")


@pytest.mark.parametrize(("recipe", "dtype"), [
    ("ring", "float32"), ("ring", "float64"), ("digits", "float32"),
    pytest.param("digits", "float64", marks=pytest.mark.slow)])
def test_resume_continues_bit_for_bit(recipe, dtype, tmp_path):
    # The decay of the rate looks at the last step, so a shorter run is made by stopping the longer one.
    whole = ["train", recipe, *SHORT, "--dtype", dtype]
    assert main([*whole, "--out", "whole"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        from tinygan.cli import train
        patch.setattr(train._Progress, "__call__", stop_after(3, train._Progress.__call__))
        assert main([*whole, "--out", "parts"]) == 130
    assert main(["train", recipe, "--resume", "--out", "parts"]) == 0
    with np.load(tmp_path / "whole/checkpoint.npz") as a, np.load(tmp_path / "parts/checkpoint.npz") as b:
        assert set(a.files) == set(b.files)
        for name in a.files:
            assert np.array_equal(a[name], b[name]), name
        assert all(a[name].dtype == dtype for name in a.files if name.startswith("generator/"))
    assert (tmp_path / "whole/history.csv").read_text() == (tmp_path / "parts/history.csv").read_text()


def stop_after(steps, call):
    def stopping(self, state):
        self.interrupted = state.step == steps
        call(self, state)
    return stopping


def test_resume_takes_the_latest_run_and_keeps_its_settings(tmp_path, capsys):
    assert main(["train", "ring", *SHORT, "--seed", "3"]) == 0
    assert main(["train", "ring", "--resume", "--steps", "9"]) == 0
    assert "steps 6 to 9, batch 8, seed 3" in capsys.readouterr().out
    Path("runs/ring/samples.png").unlink()  # as if it had been killed after its last step
    assert main(["train", "ring", "--resume", "--steps", "9"]) == 0
    assert "all 9 steps are done" in capsys.readouterr().out
    config = Path("runs/ring/config.json").read_bytes()
    assert "runs/ring is at step 9 already, past 3" in fails(capsys, "train", "ring", "--resume", "--steps", "3")
    assert Path("runs/ring/config.json").read_bytes() == config
    assert Path("runs/ring/samples.png").exists()
    assert "started with seed 3, not 4" in fails(capsys, "train", "ring", "--resume", "--seed", "4")


def test_a_run_resumes_with_the_same_data_by_any_name(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for folder in ("photos", "others"):
        Path(folder).mkdir()
        Image.new("L", (20, 20)).save(f"{folder}/0.png")
    assert main(["train", "digits14", "--data=~/photos@14", "--out=~/deep/run", "--steps", "1", "--batch", "4"]) == 0
    assert json.loads(Path("deep/run/config.json").read_text())["data"] == str(tmp_path / "photos@14")
    Path("deep").rename("runs")
    for i, text in enumerate(["photos@14", "~/photos@14"]):
        assert main(["train", "digits14", "--data", text, "--resume", "--steps", str(i + 2)]) == 0
    for text in ("photos", "others@14", "digits14"):
        line = fails(capsys, "train", "digits14", "--data", text, "--resume")
        assert f"runs/run was started with data {tmp_path}/photos@14, not {text}" in line


SETTINGS = ["objective=hinge", "gp=1", "instance_noise=.3", "rate=1e-4:2e-4", "packing=2", "spectral_norm=true",
            "minibatch_std=true", "unroll=1", "betas=0:.9", "average=0"]


@pytest.mark.parametrize("recipe", ["ring", pytest.param("digits", marks=pytest.mark.slow)])
def test_set_is_kept_and_honoured_on_resume(recipe, tmp_path, capsys):
    whole = ["train", recipe, *SHORT, "--set", *SETTINGS]
    assert main([*whole, "--out", "whole"]) == 0
    kept = json.loads((tmp_path / "whole/config.json").read_text())["settings"]
    assert kept == {"objective": "hinge", "gp": 1, "instance_noise": 0.3, "rate": [1e-4, 2e-4], "packing": 2,
                    "spectral_norm": True, "minibatch_std": True, "unroll": 1, "betas": [0, 0.9], "average": 0}
    with pytest.MonkeyPatch.context() as patch:
        from tinygan.cli import train
        patch.setattr(train._Progress, "__call__", stop_after(3, train._Progress.__call__))
        assert main([*whole, "--out", "parts"]) == 130
    again = ["--set", "gp=1", "r1=0.1" if recipe == "ring" else "r1=1", "--set", "rate=1e-4:2e-4"]
    assert main(["train", recipe, "--resume", "--out", "parts", *again]) == 0
    with np.load(tmp_path / "whole/checkpoint.npz") as a, np.load(tmp_path / "parts/checkpoint.npz") as b:
        assert set(a.files) == set(b.files)
        assert any(name.endswith("layer.weight") for name in a.files)
        for name in a.files:
            assert np.array_equal(a[name], b[name]), name
    assert main(["sample", "whole", "-n", "4", "-o", "s.npy"]) == 0
    capsys.readouterr()
    for texts, message in [(["gp=2"], "was started with gp 1, not 2"), (["k=2"], "was started with k 1, not 2"),
                           (["rate=1e-4"], "was started with rate 0.0001:0.0002, not 0.0001"),
                           (["packing=1"], "was started with packing 2, not 1"),
                           (["objective=minimax"], "was started with objective hinge, not minimax")]:
        line = fails(capsys, "train", recipe, "--resume", "--out", "whole", "--set", *texts)
        assert f"--resume: whole {message}" in line
    assert "started with rate 0.0001:0.0002, not 0.1" in fails(
        capsys, "train", recipe, "--resume", "--out", "whole", "--rate", "0.1")


def test_rate_is_a_switch(tmp_path, capsys):
    for name, how in [("a", ["--rate", "0.002"]), ("b", ["--set", "rate=2e-3"])]:
        assert main(["train", "ring", *SHORT, "--out", name, *how]) == 0
    configs = [json.loads((tmp_path / name / "config.json").read_text()) for name in "ab"]
    assert configs[0]["settings"] == configs[1]["settings"] == {"rate": 0.002}
    assert (tmp_path / "a/history.csv").read_text() == (tmp_path / "b/history.csv").read_text()
    assert "rate is set twice" in fails(capsys, "train", "ring", "--rate", "1", "--set", "rate=1")


@pytest.mark.drawn
def test_the_same_seed_gives_the_same_run(tmp_path):
    for name in ("a", "b"):
        assert main(["train", "gaussian", "--steps", "1", "--out", name, "--seed", "5"]) == 0
    assert (tmp_path / "a/history.csv").read_text() == (tmp_path / "b/history.csv").read_text()
    assert (tmp_path / "a/samples.png").read_bytes() == (tmp_path / "b/samples.png").read_bytes()


def test_a_gpu_that_is_not_there(capsys):
    try:
        import cupy
        if cupy.is_available():
            pytest.skip("there is a GPU")
    except ImportError:
        pass
    assert "device 'gpu'" in fails(capsys, "train", "--device", "gpu")


def test_divergence_names_step_and_quantity_and_keeps_the_checkpoint(tmp_path, capsys):
    line = fails(capsys, "train", "ring", "--rate", "1e20", "--out", "run", *SHORT)
    assert "step 0: g_value is" in line
    assert "keeps the checkpoint of step 0" in line
    assert main(["sample", "run", "-o", "s.npy"]) == 0
    assert np.isfinite(np.load(tmp_path / "s.npy")).all()


def test_the_users_own_images(tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "mine").mkdir()
    for i in range(9):
        Image.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(tmp_path / "mine" / f"{i}.png")
    assert main(["train", "digits", "--data", "mine", *SHORT, "--out", "run"]) == 0
    assert main(["sample", "run", "-n", "4", "-o", "s.npy"]) == 0
    assert np.load(tmp_path / "s.npy").shape == (4, 32, 32, 3)
    assert "found 9 examples; " in (line := fails(capsys, "evaluate", "run"))
    assert line.endswith("expected at least 12")
    for i in range(9, 30):
        Image.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(tmp_path / "mine" / f"{i}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["evaluate", "run", "--json", "-n", "200"]) == 0  # no classifier knows these: pixels are compared
    said = capsys.readouterr()
    assert "mine' have changed: 30 examples from -1 to 1; the run began with 9 examples from -1 to 1" in said.err
    figures = json.loads(said.out)
    assert figures["one_nn"] > figures["real"]["one_nn"]
    assert "fcd" not in figures


def test_the_users_own_sequences(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.save("mine.npy", rng.uniform(-1, 1, (30, 5, 2)))
    assert main(["train", "sequence", "--data", "mine.npy", *SHORT, "--out", "run"]) == 0
    assert main(["sample", "run", "-n", "4", "-o", "s.npy"]) == 0
    assert np.load(tmp_path / "s.npy").shape == (4, 5, 2)
    capsys.readouterr()
    assert main(["evaluate", "run", "--json", "-n", "20"]) == 0  # nothing is known of these: numbers are compared
    assert "one_nn" in json.loads(capsys.readouterr().out)
    np.save("short.npy", rng.uniform(-1, 1, (9, 1, 2)))
    assert "too short: 1 step, expected at least 2" in fails(capsys, "train", "sequence", "--data", "short.npy")
    np.save("flat.npy", rng.uniform(-1, 1, (9, 5)))
    assert "found float64 of shape (9, 5)" in fails(capsys, "train", "sequence", "--data", "flat.npy")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, capsys):
    command = [sys.executable, "-m", "tinygan.cli", "train", "ring", "--steps", "8000", "--out", "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=interruptible) as process:
        while not list(tmp_path.glob("run/frames/*.png")) and process.poll() is None:  # of step 200
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "--resume --out run" in error
    assert "Traceback" not in error
    line = fails(capsys, "train", "ring", "--resume", "--out", "run", "--steps", "1")
    assert re.search("--steps: run is at step [0-9]+ already, past 1; to continue, give a larger --steps$", line)
    assert Run.open("run").config.steps == 8000
