"""Many runs: rows, failures, resuming, stopping."""
import csv
import re
from concurrent.futures import Future

import numpy as np
import pytest
from helpers import Here, in_this_process

from tinygan.cli import main
from tinygan.game import Diverged
from tinygan.game.history import COLUMNS
from tinygan.runs import Config, Run, RunError, sweep


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path, monkeypatch, undrawn):
    monkeypatch.chdir(tmp_path)


def configs(seeds=range(3), steps=6, recipe="gaussian"):
    return {f"seed-{seed}": Config(recipe, steps, seed, 8, "float32", "cpu", recipe) for seed in seeds}


def table(folder):
    with open(folder / "sweep.csv") as file:
        return list(csv.DictReader(file))


def test_rows_are_in_the_order_of_the_configs_and_told_as_they_come(tmp_path):
    told = []
    rows = sweep.sweep(configs([2, 0, 1]), tmp_path / "out", Here(), told.append)
    assert [row["seed"] for row in rows] == [2, 0, 1]
    assert sorted(row["seed"] for row in told) == [0, 1, 2]
    assert not (tmp_path / "out" / "seed-0" / "training.gif").exists()  # a film of every run would take longest


def test_a_failed_run_is_a_row_with_its_error(tmp_path, monkeypatch, capsys):
    finish = Run.finish

    def fail(run):
        if run.config.seed == 1:
            raise Diverged("step 3: a weight of the generator is not finite\nand more")
        finish(run)
    monkeypatch.setattr(Run, "finish", fail)
    monkeypatch.setattr(sweep, "processes", in_this_process)
    command = ["sweep", "gaussian", "--seeds", "0-2", "--steps", "6", "--out", "out"]
    assert main(command) == 1
    assert "seed-1: Diverged: step 3: a weight of the generator is not finite\n" in (out := capsys.readouterr().out)
    assert "2 of 3 runs ended well" in out
    rows = table(tmp_path / "out")
    assert [row["error"] for row in rows] == ["", "Diverged: step 3: a weight of the generator is not finite", ""]
    assert [row["mean"] == "" for row in rows] == [False, True, False]
    monkeypatch.setattr(Run, "finish", finish)  # failed runs are tried again, the others are kept
    assert main(command) == 0
    assert [row["error"] for row in table(tmp_path / "out")] == ["", "", ""]


def test_a_run_is_held_until_its_last_save(tmp_path, monkeypatch):
    finish, refused = Run.finish, []

    def refuse(run):
        with pytest.raises(RunError, match="another process trains here"):
            Run.open(run.folder, lock=True)
        refused.append(run.config.seed)
        finish(run)
    monkeypatch.setattr(Run, "finish", refuse)
    [row] = sweep.sweep(configs([4]), tmp_path / "out", Here())
    assert (row["error"], refused) == ("", [4])
    Run.open(tmp_path / "out" / row["run"], lock=True).unlock()  # and then it is released


def test_a_process_that_dies_is_a_row(tmp_path):
    class Dying(Here):
        def submit(self, function, folder, config):
            if config.seed:
                return super().submit(function, folder, config)
            future = Future()
            future.set_exception(BrokenPipeError("a process died"))
            return future
    rows = sweep.sweep(configs(), tmp_path / "out", Dying())
    assert [row["error"] for row in rows] == ["BrokenPipeError: a process died", "", ""]


def test_a_stopped_sweep_goes_on_bit_for_bit(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    sweep.sweep(configs([0]), whole, Here())
    folder = parts / "seed-0"
    keep = Run.maybe_checkpoint

    def stop_after_three(run, game):
        if game.step == 3:
            (parts / sweep.STOP).touch()
        keep(run, game)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "maybe_checkpoint", stop_after_three)
        [row] = sweep.sweep(configs([0]), parts, Here())
    assert row["error"] == "Stopped: the sweep was stopped"
    assert Run.open(folder).game.step == 3
    first = float((folder / "seconds").read_text())
    (folder / "seconds").write_text(str(first + 1000))
    [row] = sweep.sweep(configs([0]), parts, Here())  # removes the file that stopped it
    assert row["error"] == ""
    assert row["figures"]["seconds"] > 1000
    with np.load(whole / "seed-0/checkpoint.npz") as a, np.load(folder / "checkpoint.npz") as b:
        assert set(a.files) == set(b.files)
        assert all(np.array_equal(a[name], b[name]) for name in a.files)


def test_a_run_that_ended_before_its_first_checkpoint_begins_again(tmp_path):
    [(name, config)] = configs([0]).items()
    Run.create(tmp_path / name, config)
    (tmp_path / name / "checkpoint.npz").unlink()
    assert sweep.train_and_measure(tmp_path / name, config)["error"] == ""


def test_an_interrupt_stops_every_run(tmp_path):
    pool = Here()

    def interrupt(row):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(configs(), tmp_path / "out", pool, interrupt)
    assert pool.ended
    assert not (tmp_path / "out" / sweep.STOP).exists()


def test_names_of_runs_are_short_and_portable():
    many = dict.fromkeys(("average", "r1", "gp", "clip", "instance_noise", "unroll", "unroll_rate"), 0.0)
    kinds = [{}, {"rate": (1e-3, 2e-3)}, {**many, "rate": 1.0}, {**many, "rate": 2.0}]
    given = [Config("ring", 6, seed, 8, "float32", "cpu", "ring", settings) for settings in kinds for seed in (0, 12)]
    found = sweep.named(given)
    assert list(found.values()) == given
    assert list(found)[:4] == ["seed-0", "seed-12", "rate=0.001-0.002,seed-0", "rate=0.001-0.002,seed-12"]
    assert all(len(name) < 100 and re.fullmatch("[a-z0-9=.,_-]+", name) for name in found)
    assert len(list(found)[4]) == len("seed-0,") + sweep.LONGEST_NAME
    assert list(found)[4][:79] == list(found)[5][:79]
    assert sweep.named(given[4:6]).keys() == set(list(found)[4:6])  # from one sweep to the next


def test_a_sweep_of_pairs_and_of_a_folder_goes_on(tmp_path):
    np.save("x.npy", np.random.default_rng(0).normal(size=(20, 4, 1)))
    for data in ("x.npy", str(tmp_path / "x.npy")):
        config = Config("sequence", 1, 0, 8, "float32", "cpu", data, {"rate": (1e-3, 2e-3)})
        [row] = sweep.sweep({"a": config}, tmp_path / "out", Here())
        assert row["error"] == ""


def test_another_sweep_needs_another_folder(tmp_path, capsys):
    Run.create(tmp_path / "out" / "seed-0", configs([0])["seed-0"])
    with pytest.raises(RunError, match=r"out/seed-0 was started with steps 6, not 7; choose another --out$"):
        sweep.sweep(configs(steps=7), tmp_path / "out", Here())
    assert main(["sweep", "ring", "--seeds", "0", "--out", "out"]) == 2
    assert "choose another --out" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "3", '{"mean": "a"}', '{"mean": NaN}', "[" * 10**5, "\0"])
def test_damaged_figures_are_a_row_with_an_error(text, tmp_path):
    sweep.sweep(configs([0]), tmp_path, Here())
    (tmp_path / "seed-0" / "figures.json").write_text(text)
    [row] = sweep.sweep(configs([0]), tmp_path, Here())
    assert re.search(r"seed-0/figures\.json holds no figures \(.*\); remove it to measure the run again$", row["error"])


@pytest.mark.parametrize("text", ["", "step,d_value\n1,2\n", "step\n1,2\n", "a,b\nc,d\n", "\n\n",
                                  ",".join(COLUMNS) + "\n" + ",".join(["nan"] * len(COLUMNS))])
def test_a_damaged_history_is_refused(text, tmp_path):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(RunError, match=r"^[^\n]*history\.csv is damaged: [^\n]*$"):
        sweep._history(tmp_path)


@pytest.mark.parametrize("text", ['{"mean": true}', '{"mean": [1, 2]}', '{"mean": 1e999}', '{"a,b\\n": 1}',
                                  '{"mean": null}', '{"mean": ' + "9" * 99 + "}", '{"mean": ' + "9" * 5000 + "}",
                                  '{"a": 1, "a": 1}'])
def test_figures_of_others_are_numbers_with_names(text, tmp_path):
    (tmp_path / "figures.json").write_text(text)
    with pytest.raises(RunError, match=r"^[^\n]*figures.json holds no figures \([^\n]*\); remove it to measure[^\n]*$"):
        sweep._figures(tmp_path / "figures.json")


def test_figures_of_other_metrics_are_named(tmp_path, undrawn):
    rows = sweep.sweep(configs([0, 1]), tmp_path, Here())
    rows[1]["figures"] = {"mean": 1.0}
    with pytest.raises(RunError, match=r"seed-1.figures.json has other metrics than seed-0; remove it"):
        sweep.summary(rows, configs([0, 1]), tmp_path)


@pytest.mark.parametrize("text", ["nan", "-1", "1e999", "", "a", "1" * 200])
def test_seconds_of_others_are_a_time(text, tmp_path):
    (tmp_path / "seconds").write_text(text)
    with pytest.raises(RunError, match=r"seconds holds no number of seconds; remove it$"):
        sweep._seconds(tmp_path / "seconds")
    assert sweep._seconds(tmp_path / "nowhere") == 0


def test_a_history_of_long_lines_is_refused(tmp_path):
    for text in (",".join(COLUMNS) + "\n" + "1" * 10**6, "a" * 10**6):
        (tmp_path / "history.csv").write_text(text)
        with pytest.raises(RunError, match=r"history\.csv is damaged: "):
            sweep._history(tmp_path)
