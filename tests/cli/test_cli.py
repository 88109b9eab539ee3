"""The command line as a stranger uses it: what it writes, what it says, how it fails."""
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers import fails, interruptible
from PIL import Image

from tinygan.cli import main
from tinygan.runs import Config, Run

SHORT = ["--steps", "6", "--batch", "8"]
FILES = {"config.json", "history.csv", "samples.png", "curves.png", "training.gif", "checkpoint.npz",
         "checkpoint.previous.npz", "doctor.csv", ".lock"}


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A short finished run of the ring, made once."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert main(["train", "ring", *SHORT, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run."""
    return shutil.copytree(finished, tmp_path / "run")


def untrained(recipe, folder, seed=0):
    """A run at step 0."""
    Run.create(folder, Config(recipe, 6, seed, 8, "float32", "cpu", recipe))


@pytest.mark.parametrize("recipe", ["ring", "grid", "gaussian", "digits", "wgan", "wgan-gp", "progressive", "style",
                                    "sequence"])
def test_train_writes_a_run_folder(recipe, tmp_path, capsys):
    assert main(["train", recipe, *SHORT]) == 0
    folder = tmp_path / "runs" / recipe
    assert {p.name for p in folder.iterdir()} == FILES | {"frames"}
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"], config["steps"], config["batch"], config["seed"]) == (recipe, 6, 8, 0)
    with open(folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(float(row["step"])) for row in rows] == list(range(6))
    assert all(np.isfinite(float(v)) for row in rows for v in row.values())
    with Image.open(folder / "training.gif") as film:
        assert film.n_frames == len(list((folder / "frames").iterdir())) == 6
    for name in ("samples.png", "curves.png"):
        with Image.open(folder / name) as picture:
            assert np.asarray(picture).std() > 1  # not a blank page
    assert "runs/" + recipe in capsys.readouterr().out


def test_a_second_run_gets_its_own_folder(run, tmp_path, capsys):
    for name in ("ring", "ring-2"):
        assert main(["train", "ring", *SHORT]) == 0
        assert (tmp_path / "runs" / name / "checkpoint.npz").exists()
    assert "holds a run already" in fails(capsys, "train", "ring", "--out", "run")


@pytest.mark.parametrize("recipe", ["ring", "digits"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
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
    assert Path("runs/ring/samples.png").exists()
    assert "started with seed 3, not 4" in fails(capsys, "train", "ring", "--resume", "--seed", "4")


SETTINGS = ["objective=hinge", "gp=1", "instance_noise=.3", "rate=1e-4:2e-4", "packing=2", "spectral_norm=true",
            "minibatch_std=true", "unroll=1", "betas=0:.9", "average=0"]


@pytest.mark.parametrize("recipe", ["ring", "digits"])
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


def test_recipes_say_what_they_set(capsys):
    assert main(["recipes"]) == 0
    listed = capsys.readouterr().out
    assert "betas=0.5:0.9 average=0.99 latent=2 objective=two-sample k=5 rate=0.001 decay=true gp=" in listed
    assert "instance_noise" in listed


def test_the_same_seed_gives_the_same_run(tmp_path):
    for name in ("a", "b"):
        assert main(["train", "gaussian", *SHORT, "--out", name, "--seed", "5"]) == 0
    assert (tmp_path / "a/history.csv").read_text() == (tmp_path / "b/history.csv").read_text()
    assert (tmp_path / "a/samples.png").read_bytes() == (tmp_path / "b/samples.png").read_bytes()


def test_sample_writes_pictures_and_arrays(run, tmp_path, capsys):
    assert main(["sample", "run", "-n", "10", "-o", "s.npy", "--seed", "1"]) == 0
    assert main(["sample", "run", "-n", "10", "-o", "t.npy", "--seed", "1"]) == 0
    assert main(["sample", "run", "-n", "10", "-o", "u.npy", "--seed", "2"]) == 0
    s, t, u = (np.load(tmp_path / name) for name in ("s.npy", "t.npy", "u.npy"))
    assert s.shape == (10, 2)
    assert np.array_equal(s, t)
    assert not np.array_equal(s, u)
    assert main(["sample", "run"]) == 0
    assert (tmp_path / "sample.png").exists()
    assert "expected .png or .npy" in fails(capsys, "sample", "run", "-o", "x.txt")


def test_evaluate_prints_a_table_and_json(run, capsys):
    assert main(["evaluate", "run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run at step 6"
    assert lines[1].split() == ["run", "real", "data", "noise", "better"]
    assert {line.split()[0]: line.split()[-1] for line in lines[2:]} == {
        "modes": "higher", "hq": "real", "reverse_kl": "lower", "sliced_wasserstein": "lower", "one_nn": "real"}
    assert main(["evaluate", "run", "--json", "-n", "500"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["step"] == 6
    assert figures["real"]["modes"] == 8
    assert figures["real"]["hq"] > .95 > figures["noise"]["hq"]
    assert 0 <= figures["hq"] <= 1


def test_evaluate_gives_medians_and_quartiles_of_several_runs(run, capsys):
    for seed in (1, 2):
        untrained("ring", f"run-{seed}", seed)
    assert main(["evaluate", "run", "run-1", "run-2", "-n", "300"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["run at step 6", "run-1 at step 0", "run-2 at step 0"]
    assert lines[3].startswith(" ")
    assert "median (quartiles)" in lines[3]
    assert main(["evaluate", "run", "run-1", "run-2", "-n", "300", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    each = sorted(row["sliced_wasserstein"] for row in figures["runs"])
    low, median, high = figures["quartiles"]["sliced_wasserstein"]
    assert each[0] <= low <= median == each[1] <= high <= each[2]
    assert figures["real"]["modes"] == 8
    untrained("gaussian", "other")
    assert fails(capsys, "evaluate", "run", "other") == (
        "tinygan evaluate: medians need runs of one kind: other has recipe gaussian, run ring")


@pytest.mark.parametrize("recipe", ["digits", "digits14"])
def test_evaluate_digits(recipe, capsys):
    untrained(recipe, "run")
    assert main(["evaluate", "run", "-n", "300", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["real"]["fcd"] < figures["fcd"]
    assert figures["real"]["one_nn"] < figures["one_nn"]
    assert figures["noise"]["coverage"] < .02


def test_recipes_and_data_are_listed(capsys):
    assert main(["recipes"]) == 0
    assert "digits" in capsys.readouterr().out
    assert main(["data"]) == 0
    assert "fashion" in capsys.readouterr().out


@pytest.mark.parametrize("first", ["x", "o"])
def test_play_a_game_of_tic_tac_toe(first, monkeypatch, capsys):
    answers = io.StringIO("5\n5\nnonsense\n" + "".join(f"{cell}\n" for cell in 2 * "123456789"))
    monkeypatch.setattr("sys.stdin", answers)
    assert main(["play", "--first", first]) == 0
    out = capsys.readouterr().out
    assert "'nonsense' is not a free cell: type one of " in out
    assert out.splitlines()[-1] in ("A draw.", "tinygan wins.")


class Interrupted(io.StringIO):
    """A terminal where Ctrl-C is pressed."""

    def readline(self, *_):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("stdin", "status"), [(io.StringIO("5\n"), 0), (io.StringIO(), 0), (Interrupted(), 130)])
def test_a_game_that_is_left_ends_cleanly(stdin, status, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["play"]) == status
    captured = capsys.readouterr()
    assert captured.out.endswith("\nThe game is left unfinished.\n")
    assert captured.err == ""


@pytest.mark.parametrize(("arguments", "message"), [
    (["play", "--first", "y"], "invalid choice: 'y'"),
    (["train", "digit"], "no recipe 'digit'; did you mean digits?"),
    (["train", "--steps", "-1"], "'-1' is not a whole number of at least 1"),
    (["train", "--batch", "0"], "'0' is not a whole number of at least 1"),
    (["train", "--seed", "x"], "'x' is not a whole number of at least 0"),
    (["train", "--rate", "nan"], "'nan' is not a positive number"),
    (["train", "ring", "--set", "rat=1"], "ring has no switch 'rat'; did you mean rate?"),
    (["train", "digits", "--set", "r1=x"], "r1 is 'x', expected a number of at least 0"),
    (["train", "ring", "--set", "packing=3"], "packing: a batch of 256 does not hold whole packs of 3"),
    (["train", "wgan", "--set", "simultaneous=true"], "simultaneous: both move once from the same point, but k is 5"),
    (["train", "ring", "--set"], "expected at least one argument"),
    (["train", "wgan-gp", "--data", "digits"], "this recipe is for points"),
    (["train", "--dtype", "int8"], "invalid choice: 'int8'"),
    (["train", "--resume"], "there is no run of 'digits'"),
    (["train", "ring", "--data", "digits"], "this recipe is for points"),
    (["train", "digits", "--data", "ring"], "this recipe is for images"),
    (["train", "progressive", "--data", "digits"], "a side of 8, 16, 32, ...; the data are of shape (n, 28, 28, 1)"),
    (["train", "style", "--data", "ring"], "a side of 8, 16, 32, ...; the data are of shape (n, 2)"),
    (["train", "digits", "--data", "no-such-folder"], "no-such-folder"),
    (["train", "digits", "--data", "sines"], "this recipe is for images"),
    (["train", "ring", "--data", "sines"], "this recipe is for points"),
    (["train", "sequence", "--data", "ring"], "this recipe is for sequences (n, time, features) of two steps or more"),
    (["train", "sequence", "--data", "digits"], "the data are of shape (n, 28, 28, 1)"),
    (["train", "sequence", "--data", "no-such.npy"], "no-such.npy' cannot be read: No such file or directory"),
    (["train", "ring", "--out", "/dev/null/run"], "/dev/null/run"),
    (["sample", "nowhere"], "there is no run here"),
    (["evaluate", "nowhere"], "there is no run here"),
    (["nonsense"], "invalid choice: 'nonsense'"),
    ([], "the following arguments are required: COMMAND"),
])
def test_mistakes_are_one_line(arguments, message, capsys):
    assert message in fails(capsys, *arguments)


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


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "missing", "other"])
def test_a_damaged_checkpoint_is_refused(run, damage, tmp_path, capsys):
    path = run / "checkpoint.npz"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:len(content) // 2])
    elif damage == "flip":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    else:
        assert main(["train", "gaussian", *SHORT, "--out", "other"]) == 0
        path.write_bytes((tmp_path / "other" / "checkpoint.npz").read_bytes())
    capsys.readouterr()
    assert "checkpoint" in fails(capsys, "sample", "run")


@pytest.mark.parametrize("settings", [[], 3, None, {"rat": 1}, {"rate": "x"}, {"objective": []}])
def test_damaged_settings_are_refused(run, settings, capsys):
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "settings": settings}))
    assert "run/config.json" in fails(capsys, "sample", "run")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recipe": "ring"}', "\0"])
def test_a_damaged_config_is_refused(run, text, capsys):
    (run / "config.json").write_text(text)
    assert "config.json" in fails(capsys, "sample", "run")


def test_the_users_own_images(tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "mine").mkdir()
    for i in range(9):
        Image.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(tmp_path / "mine" / f"{i}.png")
    assert main(["train", "digits", "--data", "mine", *SHORT, "--out", "run"]) == 0
    assert main(["sample", "run", "-n", "4", "-o", "s.npy"]) == 0
    assert np.load(tmp_path / "s.npy").shape == (4, 32, 32, 3)
    assert "real has 4 rows, 5 neighbours need at least 6" in fails(capsys, "evaluate", "run")
    for i in range(9, 30):
        Image.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(tmp_path / "mine" / f"{i}.png")
    assert main(["evaluate", "run", "--json"]) == 0  # no classifier knows these images: pixels are compared
    figures = json.loads(capsys.readouterr().out)
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


def test_sequences_are_judged_and_drawn(tmp_path, capsys):
    assert main(["train", "sequence", *SHORT, "--out", "run"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "run", "--json", "-n", "100"]) == 0
    assert {"purity", "least_share", "amplitude", "phase_bias"} <= set(json.loads(capsys.readouterr().out))
    assert main(["sample", "run", "-n", "12", "-o", "s.png"]) == 0
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size == (700, 600)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "tinygan.cli", "train", "ring", "--steps", "100000", "--out", "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=interruptible) as process:
        while not list(tmp_path.glob("run/checkpoint.npz")) and process.poll() is None:
            time.sleep(0.1)
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "--resume --out run" in error
    assert "Traceback" not in error
    assert main(["train", "ring", "--resume", "--out", "run", "--steps", "1"]) == 0  # it is past that step
